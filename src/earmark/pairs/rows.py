"""From a chosen answer and its rejected ones to rows of the pairs file."""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from earmark import __version__
from earmark.errors import check_seed
from earmark.failures.surface import surface_of
from earmark.pairs.prompts import Prompter
from earmark.pairs.tally import Tally
from earmark.records import Pair, Utterance, carried

SAME_AS_CHOSEN = "the same as the chosen answer once normalised"
SAME_AS_ANOTHER = "the same as another rejected answer of the utterance"


class Rejected(NamedTuple):
    """A rejected answer, its failure mode, and what is to be kept with it in `made_by`."""

    text: str
    mode: str
    made_by: dict[str, Any] = {}  # noqa: RUF012 - never written to


class Plan(NamedTuple):
    """How rows are written: prompts, whether several rejected share one row, knobs to keep."""

    prompter: Prompter
    several: bool
    seed: int
    made_by: dict[str, Any]


def plan_for(prompter: Prompter, several: bool, seed: int, **knobs: Any) -> Plan:
    """Make a plan whose rows tell the builder's knobs, the seed and the version.

    Raises:
        KnobError: the seed is below 0.
    """
    check_seed(seed)
    return Plan(prompter, several, seed, {**knobs, "seed": seed, "version": __version__})


def rng_for(seed: int, utterance_id: str) -> Random:
    """Return the random numbers of one utterance, whatever other utterances there are."""
    return Random(f"{seed}\x1f{utterance_id}")


def different(chosen: str, rejected: list[Rejected], tally: Tally) -> Iterator[Rejected]:
    """Yield the rejected answers that differ from the chosen one and from each other."""
    seen = {tuple(surface_of(chosen).tokens): SAME_AS_CHOSEN}
    for one in rejected:
        tokens = tuple(surface_of(one.text).tokens)
        if tokens in seen:
            tally.drop(one.mode, seen[tokens])
            continue
        seen[tokens] = SAME_AS_ANOTHER
        tally.write(one.mode)
        yield one


def rows_of(
    utterance: Utterance, rejected: list[Rejected], plan: Plan, rng: Random, tally: Tally
) -> Iterator[Pair]:
    """Yield the pairs of an utterance: one for each rejected answer, or one that holds all."""
    chosen = utterance.text or ""
    kept = list(different(chosen, rejected, tally))
    groups = [kept] if plan.several else [[one] for one in kept]
    for number, group in enumerate(filter(None, groups), start=1):
        tally.pairs += 1
        texts = [one.text for one in group]
        details = [one.made_by for one in group if one.made_by]
        yield Pair(
            id=utterance.id if plan.several else f"{utterance.id}/{number}",
            prompt=plan.prompter.prompt(utterance, rng),
            chosen=chosen,
            rejected=texts if plan.several else texts[0],
            failure_modes=[one.mode for one in group],
            language=utterance.language,
            source=utterance.id,
            made_by={**plan.made_by, "failures": details} if details else plan.made_by,
            extra=carried(utterance, Pair),
        )
