"""Format: Markdown, JSON, tags, names of speakers, times, marks of models, stage directions."""

import re
from collections.abc import Collection

from earmark.failures.evidence import Evidence
from earmark.text import tokenize

# Most texts have neither, and then none of the patterns below.
_SIGN = re.compile(r"[*`#<>\[\](){}:：（）【】|♪♫]")
_POINT = re.compile(r"\s*(?:[-•]|1[.、])\s")
SIGNS = ("**", "```", "♪", "♫", "\\text{")
LAYOUT = re.compile(r"\s*(?:#{1,6}\s|[-*•>]\s|\{\s*[\"'][\w ]+[\"']\s*:)")
# A list of one or more points, unless the first word was a number.
NUMBERED = re.compile(r"\s*1[.、]\s+\D")
FIRST = frozenset(["1", "one", "first", "firstly", "一", "第", "首"])
TAG = re.compile(r"</?[A-Za-z_][\w ]{0,30}/?>|<\|[^|<>]{0,30}\|>")
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
_SECONDS = r"\d{1,4}(?:\.\d{1,3})?\s*s(?:ec)?"
TIME = re.compile(
    rf"[\[(（【<]\s*(?:{_CLOCK}|{_SECONDS})\s*(?:(?:-->|[-–~—至到])\s*(?:{_CLOCK}|{_SECONDS})\s*)?"
    rf"[\])）】>]|{_CLOCK}\s*(?:-->|[-–~])\s*{_CLOCK}|^\s*\d?\d:[0-5]\d:[0-5]\d[.,\s]|^\s*0?0:[0-5]\d\s"
)
_ROLE = (
    r"speaker|spk|voice|person|participant|host|guest|interviewer|interviewee|caller|agent|customer"
    r"|user|narrator|man|woman|male|female|boy|girl|teacher|student|mother|father|child|doctor"
    r"|patient|说话人|说话者|讲话者|发言人|讲者|主持人|嘉宾|采访者|受访者|旁白|客服|客户|老师|学生|男|女"
    r"|男声|女声|男生|女生|男士|女士|对方|甲|乙"
    # The same in Traditional characters, where they differ.
    r"|說話人|說話者|講話者|發言人|講者|嘉賓|採訪者|受訪者|客戶|老師|學生|男聲|女聲|對方"
)
SPEAKER = re.compile(
    rf"\s*[\[(（【<]?\s*(?:(?:{_ROLE})\s*[\dA-Za-z一二三四]?|S\d|[A-D])\s*[\])）】>]?\s*[:：]\s*\S",
    re.I,
)
# [laughter], (speaker sounds annoyed), （笑）, 【音乐】, *sighs*.
ASIDE = re.compile(
    r"[\[(（【]([^\[\](){}（）【】]{1,60})[\])）】]|(?<!\*)\*([a-z][a-z ]{2,30})\*(?!\*)"
)


def detect(evidence: Evidence) -> bool:
    """Return whether markup appears that the truth has not."""
    return adds_markup(evidence.truth or "", evidence.hyp, evidence.truth_tokens)


def may_hold_markup(text: str) -> bool:
    """Return whether a text has what no markup is without; the patterns take far longer.

    >>> may_hold_markup("我们 go 吧，1 个"), may_hold_markup("1. 我们 go 吧")
    (False, True)
    """
    return _SIGN.search(text) is not None or _POINT.match(text) is not None


def adds_markup(truth: str, hyp: str, truth_tokens: Collection[str] = ()) -> bool:
    """Return whether one text has markup that the other has not.

    >>> adds_markup("我们走吧", "**Transcript:** 我们走吧"), adds_markup("走吧", "[00:02] 走吧")
    (True, True)
    >>> adds_markup("走吧", "走吧 (sounds tired)"), adds_markup("走吧", "（走吧）", list("走吧"))
    (True, False)
    """
    if not may_hold_markup(hyp):
        return False
    if has_marks(hyp) and not has_marks(truth):
        return True
    if NUMBERED.match(hyp) and FIRST.isdisjoint(tokenize(truth)[:1]):
        return True
    return adds_aside(truth, hyp, truth_tokens)


def has_marks(text: str) -> bool:
    """Return whether a text has signs, tags, times or the name of a speaker in front."""
    return (
        any(sign in text for sign in SIGNS)
        or LAYOUT.match(text) is not None
        or SPEAKER.match(text) is not None
        or TAG.search(text) is not None
        or TIME.search(text) is not None
    )


def adds_aside(truth: str, hyp: str, truth_tokens: Collection[str]) -> bool:
    """Return whether brackets hold something that was not said, beside the words that were."""
    said = set(truth_tokens) or set(tokenize(truth))
    for found in ASIDE.finditer(hyp):
        words = tokenize(found[1] or found[2])
        if (not words and found[0].strip() != hyp.strip()) or not said.issuperset(words):
            return ASIDE.search(truth) is None
    return False
