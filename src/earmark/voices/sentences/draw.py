"""Draw sentences from the templates; none is shared between training, development and test.

The split of a sentence follows from a hash of its letters, and that of a template from a hash of
its text, so that files drawn apart, with other seeds and counts, still share nothing. By default a
split has sentences of its own templates alone: what is tested was never seen with other words.
"""

import hashlib
from collections.abc import Iterator
from itertools import cycle
from random import Random
from typing import Literal, NamedTuple, get_args

from earmark.errors import KnobError, check_seed, did_you_mean
from earmark.records import Utterance
from earmark.voices.sentences.check import (
    MAX_TOKENS,
    MIN_TOKENS,
    SentenceLanguage,
    key_of,
    measure,
)
from earmark.voices.sentences.templates import Template, fill, templates

Split = Literal["train", "dev", "test"]
SplitChoice = Literal["train", "dev", "test", "all"]
Sharing = Literal["held-out", "shared"]

LANGUAGES: tuple[SentenceLanguage, ...] = get_args(SentenceLanguage)
SHARES: dict[Split, float] = {"train": 0.6, "dev": 0.15, "test": 0.25}
# After as many fillings that were taken, too long or of another split, a template is left.
MOST_TRIES = 200


class Drawn(NamedTuple):
    """A filled template and its split."""

    template: Template
    text: str
    split: Split


def split_of(text: str) -> Split:
    """Return the split that a text belongs to, for good, by a hash of it.

    >>> split_of("那份report你submit了没有"), split_of("我们meeting改到三点了")
    ('dev', 'train')
    """
    left = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
    for split, share in SHARES.items():
        left -= share
        if left < 0:
            return split
    return "test"


def template_split(template: Template) -> Split:
    """Return the split that a template belongs to, for good."""
    return split_of(f"{template.matrix} {template.text}")


def draw_sentences(
    count: int,
    language: SentenceLanguage,
    *,
    split: SplitChoice = "all",
    templates_of: Sharing = "held-out",
    seed: int = 0,
) -> list[Drawn]:
    """Draw different sentences; the same arguments give the same ones.

    Every template has its turn before one is used again, so a small draw is as varied as a large
    one. Sentences have MIN_TOKENS to MAX_TOKENS tokens.

    Args:
        count: how many.
        language: `mixed`, `zh` or `en`.
        split: of which split; `all` draws from each as the templates are spread.
        templates_of: `held-out` gives each split templates of its own; with `shared` all splits
            use all templates and only the sentences differ.
        seed: another seed draws others.

    Raises:
        KnobError: an argument makes no sense, or there are fewer sentences than `count`.
    """
    _check(count, language, split, templates_of)
    check_seed(seed)
    rng = Random(f"{seed} {language} {split} {templates_of}")
    usable = [
        template
        for template in templates()
        if template.language == language
        and (templates_of == "shared" or split in ("all", template_split(template)))
    ]
    rng.shuffle(usable)
    found = list(_draw(count, usable, split, templates_of, rng))
    if len(found) < count:
        raise KnobError(
            f"only {len(found)} sentences were found where {count} are wanted (language "
            f"'{language}', split '{split}', templates '{templates_of}'); ask for fewer"
            + (", or share the templates between splits" if templates_of == "held-out" else "")
        )
    return found


def _draw(
    count: int, usable: list[Template], split: SplitChoice, sharing: Sharing, rng: Random
) -> Iterator[Drawn]:
    """Draw in turns until there are enough or every template is used up."""
    taken: set[str] = set()
    used_up: set[str] = set()
    for template in cycle(usable):
        if len(taken) >= count or len(used_up) == len(usable):
            return
        if template.id in used_up:
            continue
        wanted: SplitChoice = template_split(template) if sharing == "held-out" else split
        for _ in range(MOST_TRIES):
            text = fill(template, rng)
            key = key_of(text)
            own = split_of(key)
            if key in taken or wanted not in ("all", own):
                continue
            if MIN_TOKENS <= measure(text).tokens <= MAX_TOKENS:
                taken.add(key)
                yield Drawn(template, text, own)
                break
        else:
            used_up.add(template.id)


def _check(count: int, language: str, split: str, sharing: str) -> None:
    if count < 1:
        raise KnobError(f"count should be at least 1, found {count}")
    for name, value, known in (
        ("language", language, LANGUAGES),
        ("split", split, get_args(SplitChoice)),
        ("way to divide templates", sharing, get_args(Sharing)),
    ):
        if value not in known:
            raise KnobError(f"no {name} '{value}'; {did_you_mean(value, known)}")


def id_of(text: str, language: str) -> str:
    """Name a sentence by a hash of its letters: the same in every file.

    >>> id_of("So 今天早餐吃什么？", "mixed") == id_of("so,今天早餐吃什么", "mixed")
    True
    """
    return f"{language}-{hashlib.sha256(key_of(text).encode()).hexdigest()[:12]}"


def as_utterance(drawn: Drawn) -> Utterance:
    """Make an utterance without sound; what is known of the sentence is in `extra`."""
    template = drawn.template
    said = measure(drawn.text)
    return Utterance(
        id=id_of(drawn.text, template.language),
        text=drawn.text,
        language=template.language,
        split=drawn.split,
        extra={
            "domain": template.domain,
            "matrix_language": template.matrix,
            "switch_type": template.switch,
            "template": template.id,
            "code_mixing_index": said.code_mixing_index,
            "switches": said.switches,
        },
    )
