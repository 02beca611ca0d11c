"""A bilingual grammar: sentences with an exact rendering in Mandarin, in English, and in both.

The words and templates are data (`assets/grammar.yaml`). A code-switched sentence follows the
word order of one language, the matrix, and says some of its concepts in the other.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Literal, NamedTuple

import yaml

Language = Literal["zh", "en"]

MIN_TOKENS, MAX_TOKENS = 4, 15
MANDARIN_MATRIX = 0.75
EMBEDDED_COUNTS = {1: 0.45, 2: 0.40, 3: 0.15}

_PIECE = re.compile(r"\{([A-Z]\d?)\}|([^{}]+)")
_TOKEN = re.compile(r"[a-z']+|[㐀-䶿一-鿿〇]")


class Concept(NamedTuple):
    """A word in both languages; `part` is its slot letter, such as N for things."""

    part: str
    zh: str
    en: str
    is_function: bool = False


class Template(NamedTuple):
    """Aligned pieces, one order per language: slots (`N`, `N2`) or literal text."""

    zh: tuple[str, ...]
    en: tuple[str, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        """Return the slots, in Mandarin order."""
        return tuple(piece for piece in self.zh if _is_slot(piece))


class Span(NamedTuple):
    """A stretch of a rendering: its text, its language, and the slot it fills (or None).

    `start` and `end` count scored tokens (Han characters and words), end exclusive.
    """

    text: str
    language: Language
    slot: str | None
    start: int
    end: int


class Grammar(NamedTuple):
    """The words by part of speech, and the templates."""

    concepts: dict[str, tuple[Concept, ...]]
    templates: tuple[Template, ...]


def _is_slot(piece: str) -> bool:
    return piece[0].isupper()


def tokens_of(text: str) -> list[str]:
    """List the scored tokens of a grammar sentence: Han characters and English words.

    >>> tokens_of("我先 copy 会议")
    ['我', '先', 'copy', '会', '议']
    """
    return _TOKEN.findall(text)


def join(texts: Iterable[str]) -> str:
    """Join pieces of text with a blank wherever a Latin word touches anything.

    >>> join(["我", "想", "copy", "that", "报告"])
    '我想 copy that 报告'
    """
    text = ""
    for piece in texts:
        latin = text[-1:].isascii() or piece[:1].isascii()
        text += f" {piece}" if text and latin else piece
    return text


@dataclass(frozen=True, slots=True)
class Rendering:
    """A sentence as it is spoken: spans in order, each knowing its language.

    `matrix` is the language of the word order; `embedded` the slots said in the other one.
    """

    sentence: "Sentence"
    matrix: Language
    embedded: frozenset[str]
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        """Return the sentence as text."""
        return join(span.text for span in self.spans)

    @property
    def language(self) -> str:
        """Return `zh`, `en` or `mixed`."""
        languages = {span.language for span in self.spans}
        return languages.pop() if len(languages) == 1 else "mixed"

    def without(self, slots: Iterable[str]) -> str:
        """Return the text with these slots left out, as a model that omits them would write it."""
        dropped = set(slots)
        return join(span.text for span in self.spans if span.slot not in dropped)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A template with its slots filled; it can be rendered in either language and in both."""

    template: Template
    fillers: tuple[tuple[str, Concept], ...]

    @property
    def content(self) -> str:
        """Return the Mandarin rendering: two sentences with equal content are the same sentence."""
        return self.render("zh").text

    @property
    def concepts(self) -> dict[str, Concept]:
        """Return the words that may be spoken in either language, by slot."""
        return {slot: word for slot, word in self.fillers if not word.is_function}

    def render(self, matrix: Language, embedded: Iterable[str] = ()) -> Rendering:
        """Say the sentence in the word order of `matrix`, with these slots in the other language.

        Raises:
            KeyError: a slot that the sentence does not have or that holds a function word.
        """
        words, switched = dict(self.fillers), frozenset(embedded)
        for slot in switched:
            self.concepts[slot]
        other: Language = "en" if matrix == "zh" else "zh"
        spans, at = [], 0
        for piece in getattr(self.template, matrix):
            language = other if piece in switched else matrix
            text = getattr(words[piece], language) if piece in words else piece
            end = at + len(tokens_of(text))
            spans.append(Span(text, language, piece if piece in words else None, at, end))
            at = end
        return Rendering(self, matrix, switched, tuple(spans))


def _parse_template(line: str) -> Template:
    """Parse `Mandarin | English` into aligned pieces."""
    sides = []
    for side in line.split("|"):
        pieces = [m[1] or m[2].strip() for m in _PIECE.finditer(side)]
        sides.append(tuple(piece for piece in pieces if piece))
    zh, en = sides
    return Template(zh, en)


@cache
def grammar() -> Grammar:
    """Load the grammar that ships with Earmark."""
    text = files("earmark").joinpath("assets/grammar.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    concepts = {}
    for kind in ("concepts", "functions"):
        for part, lines in data[kind].items():
            words = (line.split(" ", 1) for line in lines)
            concepts[part] = tuple(Concept(part, zh, en, kind == "functions") for zh, en in words)
    return Grammar(concepts, tuple(_parse_template(line) for line in data["templates"]))


def draw_sentence(rng: Random) -> Sentence:
    """Draw a sentence of MIN_TOKENS to MAX_TOKENS tokens in either language."""
    while True:
        template = rng.choice(grammar().templates)
        fillers: dict[str, Concept] = {}
        for slot in template.slots:
            choices = [w for w in grammar().concepts[slot[0]] if w not in fillers.values()]
            fillers[slot] = rng.choice(choices)
        sentence = Sentence(template, tuple(fillers.items()))
        lengths = [sentence.render(language).spans[-1].end for language in ("zh", "en")]
        if min(lengths) >= MIN_TOKENS and max(lengths) <= MAX_TOKENS:
            return sentence


def draw_mixed(rng: Random, sentence: Sentence) -> Rendering | None:
    """Draw a code-switched rendering; None when every one drawn would be of the wrong length.

    The matrix is Mandarin with probability MANDARIN_MATRIX; EMBEDDED_COUNTS gives the
    probability of one, two or three embedded concepts, as far as the sentence has that many.
    """
    matrix: Language = "zh" if rng.random() < MANDARIN_MATRIX else "en"
    slots = list(sentence.concepts)
    wanted = rng.choices(list(EMBEDDED_COUNTS), weights=list(EMBEDDED_COUNTS.values()))[0]
    rendering = sentence.render(matrix, rng.sample(slots, min(wanted, len(slots))))
    return rendering if MIN_TOKENS <= rendering.spans[-1].end <= MAX_TOKENS else None
