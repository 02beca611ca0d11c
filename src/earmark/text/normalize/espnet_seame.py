"""The `espnet-seame` profile: ESPnet's SEAME recipe, `egs2/seame/asr1/local/preprocess.py`.

Lower case; a fixed list of punctuation becomes blanks, the hyphen among them, but not the
exclamation mark, the question mark in full width or the colon, which are left as "Mandarin"
tokens; control characters are deleted, so a TAB glues words; anything but a-z, digits, `<`,
`>` and the apostrophe is a token of its own, except that nothing is put after the first
character of a text; noises become `<noise>`, repeated ones once, and are scored as words.

Departure: both sides are cleaned, the recipe cleans the truth alone.
Departure: utterances that hold nothing but noise stay; the recipe drops them.
Departure: noise is looked for once more after the characters are set apart.
"""

import re

NOISE = "<noise>"
NOISE_TAG = re.compile(r"[(<]pp\w+[)>]|<v-noise>")
NOISE_WORDS = {"ppl", "ppc", "ppb", "ppo"}
UNKNOWN_TAG = re.compile(r"<unl>|<\s*unk[a-z ]*>")
PUNCTUATION = '()[]{}.,?·@，。、「」＃"~-—#%_`｀×*（）［］&【】～ｌ\\'

_CONTROL = [*range(0x20), *range(0x7F, 0xA0)]
_FULL_WIDTH = {0xFF41 + n: chr(ord("a") + n) for n in range(26)}
CLEANING = (
    _FULL_WIDTH | dict.fromkeys(_CONTROL) | {ord("é"): "e"} | {ord(c): " " for c in PUNCTUATION}
)


def espnet_seame_tokens(text: str) -> list[str]:
    """Split a text as the recipe writes it for scoring.

    >>> espnet_seame_tokens("我OK (ppl) (ppb) 我们 well-known 3.14！")
    ['我ok', '<noise>', '我', '们', 'well', 'known', '3', '14', '！']
    """
    cleaned = NOISE_TAG.sub(NOISE, text.lower()).translate(CLEANING)
    cleaned = UNKNOWN_TAG.sub("<unk>", " ".join(cleaned.split()))
    words = "".join(_set_apart(position, char) for position, char in enumerate(cleaned)).split(" ")
    tokens = [NOISE if word in NOISE_WORDS else word for word in words if word]
    return [
        token
        for position, token in enumerate(tokens)
        if not (position and token == NOISE == tokens[position - 1])
    ]


def _set_apart(position: int, char: str) -> str:
    """Put blanks around what the recipe takes for Mandarin, but not around the first."""
    plain = "a" <= char <= "z" or char.isdigit() or char in " <>'"
    return char if plain or position == 0 else f" {char} "
