"""What fills the slots of templates: a word or phrase in Mandarin and English, with its class.

They are data (`assets/sentences/concepts.tsv`). All concepts of a class fit the same slots: they
take the same Mandarin measure word and the same English construction. A concept may be in several
classes: a manager is a `worker`, and one of the `chief` who approve things.
"""

from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from earmark.errors import KnobError, did_you_mean

Language = Literal["zh", "en"]

COLUMNS = ("classes", "part", "zh", "en", "form")
# Parts of speech whose concepts are not words with a translation: people are named otherwise.
NO_TRANSLATION = ("name",)
# English nouns that have no article and no plural, and those that are plural already.
MASS, PLURAL = "-", "="
# Spelled with a vowel and pronounced with a consonant, and the other way round.
CONSONANT_SOUND = ("uni", "use", "usu", "one", "euro")
VOWEL_SOUND = ("hour", "honest", "heir")
DOUBLED = frozenset(
    [
        "begin",
        "chat",
        "cut",
        "get",
        "let",
        "mop",
        "plan",
        "put",
        "quit",
        "run",
        "shop",
        "skip",
        "stop",
        "submit",
    ]
)


class Concept(NamedTuple):
    """A word or phrase in both languages.

    `form` is the plural of a noun or the past participle of a verb where no rule gives it; or MASS
    or PLURAL.
    """

    kinds: tuple[str, ...]
    part: str
    zh: str
    en: str
    form: str = ""


def article(word: str) -> str:
    """Return the indefinite article for what follows.

    >>> article("hour"), article("invoice"), article("university"), article("one-way ticket")
    ('an', 'an', 'a', 'a')
    """
    first = word.lower()
    vowel = first.startswith(("a", "e", "i", "o", "u")) and not first.startswith(CONSONANT_SOUND)
    return "an" if vowel or first.startswith(VOWEL_SOUND) else "a"


def plural(word: str) -> str:
    """Return the plural of a noun by rule; of several words, the last one.

    >>> [plural(word) for word in ["boarding pass", "library", "key", "lunch box"]]
    ['boarding passes', 'libraries', 'keys', 'lunch boxes']
    """
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def participle(verb: str) -> str:
    """Return the past participle by rule; of several words, the first one changes.

    >>> [participle(verb) for verb in ["submit", "revise", "copy", "look at"]]
    ['submitted', 'revised', 'copied', 'looked at']
    """
    first, blank, rest = verb.partition(" ")
    if first.endswith("e"):
        made = first + "d"
    elif first.endswith("y") and first[-2] not in "aeiou":
        made = first[:-1] + "ied"
    else:
        made = first + (first[-1] if first in DOUBLED else "") + "ed"
    return made + blank + rest


def progressive(verb: str) -> str:
    """Return the -ing form; of several words, the first one changes.

    >>> [progressive(verb) for verb in ["take notes", "get some sun", "see a doctor", "iron"]]
    ['taking notes', 'getting some sun', 'seeing a doctor', 'ironing']
    """
    first, blank, rest = verb.partition(" ")
    if first.endswith("e") and not first.endswith(("ee", "ye")):
        first = first[:-1]
    elif first in DOUBLED:
        first += first[-1]
    return f"{first}ing{blank}{rest}"


# The forms that a slot may ask for, and the parts of speech that have them.
FORMS = {
    "": (),
    "one": ("noun",),
    "a": ("noun",),
    "s": ("noun",),
    "ing": ("verb",),
    "pp": ("verb",),
}


def has_form(concept: Concept, form: str) -> bool:
    """Return whether a concept has an English form: a plural is not one thing.

    >>> has_form(Concept(("pair",), "noun", "鞋子", "shoes", "="), "one")
    False
    """
    return not FORMS[form] or (concept.part in FORMS[form] and (form, concept.form) != ("one", "="))


def english(concept: Concept, form: str) -> str:
    """Say a concept in English: plain, `a` with its article, `s` plural, `ing`, `pp` participle.

    Nouns that have neither article nor plural stay as they are, also after `a` and `s`.

    >>> english(Concept(("doc",), "noun", "发票", "invoice"), "a")
    'an invoice'
    >>> english(Concept(("doc",), "noun", "软件", "software", "-"), "a")
    'software'
    """
    if form == "ing":
        return progressive(concept.en)
    if form == "pp":
        return concept.form or participle(concept.en)
    counted = concept.form not in (MASS, PLURAL)
    if form == "a" and counted:
        return f"{article(concept.en)} {concept.en}"
    if form == "s" and counted:
        return concept.form or plural(concept.en)
    return concept.en


@cache
def concepts() -> dict[str, tuple[Concept, ...]]:
    """Return the concepts that ship with Earmark, by class."""
    text = files("earmark").joinpath("assets/sentences/concepts.tsv").read_text(encoding="utf-8")
    header, *lines = text.splitlines()
    assert tuple(header.split("\t")) == COLUMNS
    found: dict[str, list[Concept]] = {}
    for line in lines:
        kinds, *rest = line.split("\t")
        concept = Concept(tuple(kinds.split()), *rest)
        for kind in concept.kinds:
            found.setdefault(kind, []).append(concept)
    return {kind: tuple(members) for kind, members in found.items()}


def of_class(kind: str) -> tuple[Concept, ...]:
    """Return the concepts of a class.

    Raises:
        KnobError: there is no such class.
    """
    if kind not in concepts():
        raise KnobError(f"no class of concepts '{kind}'; {did_you_mean(kind, concepts())}")
    return concepts()[kind]
