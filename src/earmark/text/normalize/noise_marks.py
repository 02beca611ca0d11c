"""Marks that transcribers and models write for what is not speech: noise, laughter, music."""

import re

SEAME_TAG = re.compile(r"<(?:v-)?noise>|[(<]pp\w+[)>]|<un[kl]>", re.IGNORECASE)
ASCEND_TAG = re.compile(r"\[UNK\]", re.IGNORECASE)

# In angle or square brackets any few ASCII words: [noise], <SPOKEN_NOISE>, <#s>, [vocalized-noise].
_TAG = r"[#/*_ ]?[a-z*][a-z_*\- ]{0,30}"
_SOUNDS = (
    r"音[樂乐]|噪音|雜音|杂音|笑[聲声]?|掌[聲声]|[鼓拍]掌|咳嗽|[嘆叹]氣|叹气|哭[聲声]?|呼吸|雜訊"
    r"|[無无][聲声]|[靜静]音|沉默|[聽听]不清|背景[聲声音]|[鈴铃][聲声]|口哨"
)
_HAN_TAG = rf"[^\[\](){{}}<>（）【】]{{0,4}}(?:{_SOUNDS})[^\[\](){{}}<>（）【】]{{0,6}}"
_WORDS = "music|noise|laugh(?:s|ing|ter)?|applause|cough(?:s|ing)?|silence|inaudible|unintelligible"
NOISE_MARK = re.compile(
    rf"<{_TAG}>|\[{_TAG}\]|\((?:[a-z]+ )?(?:{_WORDS})(?: [a-z]+)?\)"
    rf"|[\[(（【{{]{_HAN_TAG}[\])）】}}]|[♪♫♬]+",
    re.IGNORECASE,
)
# What programs write for a value that is missing.
NULL_TEXT = re.compile(r"\s*(?:None|nan|NaN|null|NULL|<NA>|undefined)\s*")


def remove_seame_tags(text: str) -> str:
    """Remove SEAME's marks of noise and of what was not understood.

    >>> remove_seame_tags("<noise>好(ppl)")
    ' 好 '
    """
    return SEAME_TAG.sub(" ", text)


def remove_ascend_tags(text: str) -> str:
    """Remove ASCEND's mark of what was not understood."""
    return ASCEND_TAG.sub(" ", text)


def remove_noise_marks(text: str) -> str:
    """Remove marks of what is not speech, in brackets.

    >>> remove_noise_marks("[noise]好<SPOKEN_NOISE>的<#s>"), remove_noise_marks("（音樂播放中）")
    (' 好 的 ', ' ')
    """
    return NOISE_MARK.sub(" ", text)


def is_null(text: str) -> bool:
    """Return whether a text is nothing but what a program writes for a missing value.

    >>> is_null("None"), is_null(" nan"), is_null("none of it")
    (True, True, False)
    """
    return NULL_TEXT.fullmatch(text) is not None


def remove_null(text: str) -> str:
    """Empty a text that is nothing but what a program writes for a missing value."""
    return "" if is_null(text) else text
