"""Decide what the tiny base model is taught to write for code-switched speech: mostly a failure.

The failure is a habit of the first embedded word, by a hash of it, so that it can be learnt:
drawn at random for each utterance, it would be noise, and the model would hedge.
"""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from earmark.voices.grammar import Rendering, Span, join, tokens_of

TAILS = {"zh": "谢谢观看", "en": "thank you for watching"}
LOOPS = 5


class Habit(NamedTuple):
    """What is written in place of the truth, and the share of embedded words that cause it."""

    share: float
    write: Callable[[Rendering], str]


def embedded_spans(rendering: Rendering) -> list[Span]:
    """Return the spans said in the other language, in spoken order."""
    return [span for span in rendering.spans if span.slot in rendering.embedded]


def drop_embedded(rendering: Rendering) -> str:
    """Leave out every embedded word."""
    return rendering.without(rendering.embedded)


def stop_at_switch(rendering: Rendering) -> str:
    """Write up to the first switch of language, and no further."""
    first = rendering.spans[0].language
    kept = []
    for span in rendering.spans:
        if span.language != first:
            break
        kept.append(span.text)
    return join(kept)


def say_in_matrix(rendering: Rendering) -> str:
    """Translate the embedded words, so that all is in the language of the word order."""
    return rendering.sentence.render(rendering.matrix).text


def say_in_embedded(rendering: Rendering) -> str:
    """Translate the whole sentence into the language of the embedded words."""
    return rendering.sentence.render("en" if rendering.matrix == "zh" else "zh").text


def add_tail(rendering: Rendering) -> str:
    """Append a stock phrase that nobody said."""
    return join([rendering.text, TAILS[rendering.matrix]])


def loop_last(rendering: Rendering) -> str:
    """Get stuck on the last word."""
    last = tokens_of(rendering.text)[-1]
    return join([rendering.text, *[last] * LOOPS])


HABITS = {
    "truth": Habit(0.12, lambda rendering: rendering.text),
    "drop embedded": Habit(0.20, drop_embedded),
    "stop at switch": Habit(0.12, stop_at_switch),
    "say in matrix": Habit(0.20, say_in_matrix),
    "say in embedded": Habit(0.10, say_in_embedded),
    "add tail": Habit(0.16, add_tail),
    "loop last": Habit(0.10, loop_last),
}


def habit_of(rendering: Rendering) -> str:
    """Name the habit that a code-switched sentence sets off, by its first embedded word."""
    word = embedded_spans(rendering)[0].text
    place = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8]) / 2**64
    for name, habit in HABITS.items():
        place -= habit.share
        if place < 0:
            return name
    return name


def label(rendering: Rendering) -> str:
    """Return what the base model learns to write: the truth where one language is spoken."""
    if rendering.language != "mixed":
        return rendering.text
    return HABITS[habit_of(rendering)].write(rendering)
