"""The `wenet-tal` profile: WeNet's TAL-CSASR preparation and `compute-wer.py --char=1`.

The preparation (`examples/multi_cn/s0/local/tal_mix_data_prep.sh`) deletes punctuation, the
dot among it, makes hyphen, 、 and ~ blanks, straightens curly quotes and folds some full-width
letters. The scorer takes each Unicode `Lo` character as a token, anything else together with
the ASCII that follows it, in upper case, and drops what is inside `<...>`.

Departure: both sides are prepared, the recipe prepares the truth alone.
Departure: a letter whose upper case is several characters, such as ß, stays as it is.
"""

import unicodedata

DELETED = '#=；，？。/！!.?：,":@《》['
BLANKS = "-、~"
SKIPPED = "!,?、。！，；？：「」︰『』《》"
PREPARATION = (
    {ord(char): None for char in DELETED}
    | {ord(char): " " for char in BLANKS}
    | {ord(quote): "'" for quote in "‘’"}
    | {ord(wide): chr(ord(wide) - 0xFEE0) for wide in "ＡＣＤＥＧＨＩＵＹａ"}
)


def wenet_tal_tokens(text: str) -> list[str]:
    """Split a text as the preparation and the scorer do.

    >>> wenet_tal_tokens("我 don’t 知道，e-mail 3.14 <noise> café")
    ['我', "DON'T", '知', '道', 'E', 'MAIL', '314', 'CAF', 'É']
    """
    tokens = []
    position = 0
    prepared = text.translate(PREPARATION)
    while position < len(prepared):
        end = _token_end(prepared, position)
        if end is not None:
            tokens.append(_without_tags("".join(map(_upper, prepared[position:end]))))
        position = end or position + 1
    return [token for token in tokens if token]


def _token_end(text: str, start: int) -> int | None:
    """Return where the token that starts here ends; None where none starts."""
    first = text[start]
    category = unicodedata.category(first)
    if first in SKIPPED or first in " \t\r\n" or category in ("Zs", "Cn"):
        return None
    end = start + 1
    if category == "Lo":
        return end
    stop = ">" if first == "<" else " "
    while end < len(text) and text[end].isascii() and text[end] not in f"\t\r\n {stop}":
        end += 1
    return end + 1 if text[end : end + 1] == ">" else end


def _upper(char: str) -> str:
    """Return the upper case of a character if it is one character."""
    upper = char.upper()
    return upper if len(upper) == 1 else char


def _without_tags(token: str) -> str:
    """Drop from each `<` to the next `>`, or to the end."""
    before, *tags = token.split("<")
    return before + "".join(tag.partition(">")[2] for tag in tags)
