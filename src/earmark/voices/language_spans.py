"""Divide a text into spans of one language each, for voices that read both."""

import re
import unicodedata
from typing import Literal, NamedTuple

from earmark.errors import InputError, shortened
from earmark.text.language import Nearest, language_of

Language = Literal["zh", "en"]

MOST_NAMED = 5
# A word with digits in it, such as iphone15, is one piece.
_PIECE = re.compile(r"[A-Za-z0-9]*[0-9][A-Za-z0-9]*|.", re.DOTALL)


class TextSpan(NamedTuple):
    """A stretch of a text in one language, without the blanks around it."""

    language: Language
    text: str


def text_spans(text: str) -> list[TextSpan]:
    """Divide a text into spans; all of it but blanks is in one of them.

    Numbers are read in the language of the next word, or of the last where none follows;
    punctuation belongs to the span before it, or to the first. Full-width forms become plain.

    >>> [tuple(span) for span in text_spans("我有 3 个 meeting, 下午 2 点。")]
    [('zh', '我有 3 个'), ('en', 'meeting,'), ('zh', '下午 2 点。')]
    >>> [tuple(span) for span in text_spans("“OK”, 好")]
    [('en', '“OK”,'), ('zh', '好')]
    """
    pieces = _PIECE.findall(unicodedata.normalize("NFKC", text))
    nearest = Nearest(pieces)
    spans: list[tuple[Language | None, list[str]]] = []
    for place, piece in enumerate(pieces):
        language = _language(piece, place, nearest)
        if spans and (language is None or spans[-1][0] in (None, language)):
            spans[-1] = (spans[-1][0] or language, [*spans[-1][1], piece])
        else:
            spans.append((language, [piece]))
    joined = (TextSpan(language or "en", "".join(held).strip()) for language, held in spans)
    return [span for span in joined if span.text]


def _language(piece: str, place: int, nearest: Nearest) -> Language | None:
    """Return the language in which a piece is read; None for what is not spoken by itself."""
    own = language_of(piece)
    if own != "other":
        return own
    if piece.isdigit():
        found = nearest.at(place, place + 1)
        return found if found != "other" else "en"
    return None


def check_characters(text: str) -> None:
    """Refuse a text with nothing to speak, or with characters of neither language.

    Letters other than Han and Latin ones, digits of other scripts, emoji and control characters
    are refused; punctuation and signs such as % and + are not.

    Raises:
        InputError: names up to MOST_NAMED of the characters.

    >>> check_characters("下午 2 点 ok?")
    """
    plain = unicodedata.normalize("NFKC", text)
    foreign = [char for char in dict.fromkeys(plain) if _is_foreign(char)]
    if foreign:
        more = f" and {len(foreign) - MOST_NAMED} more" if len(foreign) > MOST_NAMED else ""
        named = ", ".join(shown(char) for char in foreign[:MOST_NAMED])
        raise InputError(
            f"{named}{more} cannot be read by a voice of Mandarin and English, in "
            f"{shortened(text)!r}; write it out in words, or leave the text out"
        )
    if not any(char.isalnum() for char in plain):
        raise InputError(f"there is nothing to speak in {shortened(text)!r}; expected words")


def shown(char: str) -> str:
    """Return a character with its name, for a message.

    >>> shown("の")
    "'の' (U+306E HIRAGANA LETTER NO)"
    """
    name = unicodedata.name(char, "without a name")
    return f"{char!r} (U+{ord(char):04X} {name})"


def _is_foreign(char: str) -> bool:
    kind = unicodedata.category(char)
    if char.isspace() or kind[0] == "P" or kind in ("Sm", "Sc", "Sk"):
        return False
    if kind == "Nd":
        return not char.isascii()
    return language_of(char) == "other"
