"""Templates of everyday sentences: fixed words in one language or both, and slots for concepts.

They are data (`assets/sentences/DOMAIN.tsv`): the matrix language, the kind of switch, the
sentence. A slot is `{class}`, `{class:form}` or `{class:language}`, with a digit after the class
where a second concept of it is wanted. Without a language a slot is English where the switch is
intrasentential, else in the matrix language.
"""

import re
from functools import cache
from importlib.resources import files
from random import Random
from typing import Literal, NamedTuple, get_args

from earmark.voices.sentences.concepts import (
    FORMS,
    Concept,
    Language,
    english,
    has_form,
    of_class,
)

Switch = Literal["intrasentential", "tag", "none"]

DOMAINS = ("office", "school", "travel", "shopping", "food", "health", "family")
TONGUES: dict[str | None, Language] = {"zh": "zh", "en": "en"}
SWITCHES: dict[str, Switch] = {switch: switch for switch in get_args(Switch)}
COLUMNS = ("matrix", "switch", "template")
HAN = "㐀-䶿一-鿿〇"
FULL_WIDTH = {",": "，", "?": "？", "!": "！"}

_PIECE = re.compile(r"\{([a-z]+\d?)(?::([a-z]+))?\}|([^{}]+)")
_BLANK_IN_HAN = re.compile(rf"(?<=[{HAN}，？！])\s+(?=[{HAN}])")
_BORDER = re.compile(rf"(?<=[{HAN}])(?=[A-Za-z])|(?<=[A-Za-z'])(?=[{HAN}])")
_MARK = re.compile(r"\s*([,?!])\s*")


class Slot(NamedTuple):
    """A place for a concept: its name (class, and a digit), class, language, English form."""

    name: str
    kind: str
    language: Language
    form: str


class Template(NamedTuple):
    """A sentence with slots: what it is about, its matrix language and kind of switch."""

    id: str
    domain: str
    matrix: Language
    switch: Switch
    text: str
    pieces: tuple[Slot | str, ...]

    @property
    def language(self) -> str:
        """Return what it is spoken in: `zh`, `en` or `mixed`."""
        return self.matrix if self.switch == "none" else "mixed"

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Return the slots in order."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Slot))


def parse(text: str, matrix: Language, switch: Switch) -> tuple[Slot | str, ...]:
    """Split a template into fixed texts and slots.

    >>> parse("那份{doc} send 了", "zh", "intrasentential")
    ('那份', Slot(name='doc', kind='doc', language='en', form=''), ' send 了')

    Raises:
        ValueError: a brace that belongs to no slot, or a slot with an unknown form.
    """
    usual: Language = "en" if switch == "intrasentential" else matrix
    pieces: list[Slot | str] = []
    end = 0
    for found in _PIECE.finditer(text):
        if found.start() != end:
            break
        end = found.end()
        name, how, fixed = found.groups()
        if fixed is not None:
            pieces.append(fixed)
            continue
        form = "" if how in (None, *TONGUES) else how
        language = TONGUES.get(how, usual)
        if form not in FORMS:
            raise ValueError(f"{text}: no form '{form}'; expected one of {', '.join(FORMS)}")
        pieces.append(Slot(name, name.rstrip("0123456789"), language, form))
    if end != len(text):
        raise ValueError(f"{text}: what is at '{text[end : end + 20]}' is not a slot")
    return tuple(pieces)


@cache
def templates() -> tuple[Template, ...]:
    """Return the templates that ship with Earmark."""
    made = []
    for domain in DOMAINS:
        path = files("earmark").joinpath(f"assets/sentences/{domain}.tsv")
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        assert tuple(header.split("\t")) == COLUMNS
        for number, line in enumerate(lines, start=1):
            written, kind, text = line.split("\t")
            matrix, switch = TONGUES[written], SWITCHES[kind]
            pieces = parse(text, matrix, switch)
            made.append(Template(f"{domain}-{number:03d}", domain, matrix, switch, text, pieces))
    return tuple(made)


def fill(template: Template, rng: Random) -> str:
    """Fill the slots with concepts, no concept twice, and return the sentence."""
    chosen: dict[str, Concept] = {}
    for slot in template.slots:
        if slot.name not in chosen:
            members = fitting(template, slot.name)
            while (concept := rng.choice(members)) and _is_taken(concept, chosen):
                pass
            chosen[slot.name] = concept
    texts = []
    for piece in template.pieces:
        if isinstance(piece, str):
            texts.append(piece)
        else:
            concept = chosen[piece.name]
            texts.append(concept.zh if piece.language == "zh" else english(concept, piece.form))
    return spell("".join(texts), template.matrix)


@cache
def fitting(template: Template, name: str) -> tuple[Concept, ...]:
    """List the concepts that fit every place of a slot."""
    places = [slot for slot in template.slots if slot.name == name]
    forms = {slot.form for slot in places if slot.language == "en"}
    members = of_class(places[0].kind)
    return tuple(c for c in members if all(has_form(c, form) for form in forms))


def _is_taken(concept: Concept, chosen: dict[str, Concept]) -> bool:
    """Return whether another slot has the same word in either language."""
    return any(concept.zh == other.zh or concept.en == other.en for other in chosen.values())


def spell(text: str, matrix: Language) -> str:
    """Write blanks and marks as they belong: a blank where scripts meet, Mandarin's own marks.

    An English sentence begins with a capital letter.

    >>> spell("那份report你  submit了没有?", "zh")
    '那份 report 你 submit 了没有？'
    >>> spell("I overslept,怎么 办 ?", "en")
    'I overslept, 怎么办？'
    """
    text = _MARK.sub(lambda found: _mark(text, found), text)
    text = " ".join(_BORDER.sub(" ", text).split())
    text = _BLANK_IN_HAN.sub("", text)
    return text[:1].upper() + text[1:] if matrix == "en" else text


def _mark(text: str, found: re.Match[str]) -> str:
    """Write a mark for the script before it."""
    before = text[: found.start()][-1:]
    is_han = bool(before) and not before.isascii()
    return FULL_WIDTH[found[1]] if is_han else f"{found[1]} "
