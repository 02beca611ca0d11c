"""Read an objective's contract from its signature.

Positional parameters are tensors that the trainer supplies; keyword-only parameters are
knobs that the user sets. A parameter `state` is what the objective keeps between batches: its
annotation is a NamedTuple of tensors whose defaults are the state before the first batch.
"""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple, get_args, get_origin

from earmark.errors import KnobError, did_you_mean
from earmark.objectives.contract.loss import Loss


class Supply(NamedTuple):
    """A tensor that the trainer supplies: its axes, and what it means."""

    axes: str
    meaning: str


SUPPLIED = {
    "chosen": Supply("pair", "summed log-probability of the chosen answer, policy, in nats"),
    "rejected": Supply("pair", "summed log-probability of the rejected answer, policy, in nats"),
    "ref_chosen": Supply("pair", "the same as chosen, frozen starting policy"),
    "ref_rejected": Supply("pair", "the same as rejected, frozen starting policy"),
    "chosen_tokens": Supply("pair", "number of tokens in the chosen answer, end token included"),
    "rejected_tokens": Supply("pair", "number of tokens in the rejected answer"),
    "chosen_prefix": Supply(
        "pair", "chosen, summed over its first min(chosen, rejected) tokens only"
    ),
    "rejected_prefix": Supply(
        "pair", "rejected, summed over its first min(chosen, rejected) tokens only"
    ),
    "ref_chosen_prefix": Supply("pair", "the same as chosen_prefix, frozen starting policy"),
    "ref_rejected_prefix": Supply("pair", "the same as rejected_prefix, frozen starting policy"),
    "losers": Supply("pair loser", "summed log-probabilities of several rejected answers"),
    "ref_losers": Supply("pair loser", "the same, frozen starting policy"),
    "losers_mask": Supply("pair loser", "which of them there are; the others are padding"),
    "refs_chosen": Supply("ref pair", "chosen, under each of several frozen policies"),
    "refs_rejected": Supply("ref pair", "rejected, under each of several frozen policies"),
    "ref_weights": Supply(
        "ref pair", "weight of each frozen policy, drawn before the batch is seen"
    ),
    "chosen_score": Supply("pair", "score of the chosen answer by the criterion named"),
    "rejected_score": Supply("pair", "score of the rejected answer by the criterion named"),
    "mean_score_gap": Supply("", "mean of max(0, chosen_score - rejected_score) over all pairs"),
    "logps": Supply("pair candidate", "summed log-probabilities of all candidates, chosen first"),
    "ref_logps": Supply("pair candidate", "the same, frozen starting policy"),
    "snapshot_logps": Supply(
        "pair candidate", "the same, policy as it was when it last saw the pair"
    ),
    "candidate_tokens": Supply("pair candidate", "number of tokens in each candidate"),
    "candidates_mask": Supply("pair candidate", "which of them there are; the others are padding"),
    "rewards": Supply("pair candidate", "score of each candidate by the criterion named"),
    "answers": Supply("answer", "summed log-probability of single answers, wanted and unwanted"),
    "ref_answers": Supply("answer", "the same, frozen starting policy"),
    "answer_tokens": Supply("answer", "number of tokens in the answer, end token included"),
    "wanted": Supply("answer", "whether an answer is wanted"),
    "mismatched": Supply(
        "answer", "summed log-probability of another prompt's answer after this prompt"
    ),
    "ref_mismatched": Supply("answer", "the same, frozen starting policy"),
    "training": Supply("", "whether this batch is trained on; if not, the state stays as it is"),
    "state": Supply("", "what the objective keeps between batches"),
}


def batch_axis(name: str) -> int | None:
    """Return which axis of a supplied tensor runs over pairs or answers; None without.

    >>> batch_axis("refs_chosen"), batch_axis("losers"), batch_axis("mean_score_gap")
    (1, 0, None)
    """
    axes = SUPPLIED[name].axes.split()
    return next((axes.index(axis) for axis in ("pair", "answer") if axis in axes), None)


# By name: no objective has a use for another sign, and a negative beta trains backwards.
ABOVE_0 = {"beta", "tau", "eta"}
AT_LEAST_0 = {"alpha", "gamma", "floor", "desirable_weight", "undesirable_weight"}


class Contract(NamedTuple):
    """What an objective needs and what can be set."""

    tensors: tuple[str, ...]
    knobs: dict[str, Any]
    state_class: type | None = None

    @property
    def needs_reference(self) -> bool:
        """Return whether the frozen starting policy must be computed."""
        frozen = [name for name in self.tensors if name.startswith(("ref_", "snapshot_"))]
        return any(name != "ref_weights" for name in frozen)

    @property
    def needs_references(self) -> bool:
        """Return whether several frozen policies must be computed."""
        return any(name.startswith("refs_") for name in self.tensors)

    @property
    def needs_rejected(self) -> bool:
        """Return whether every pair must have a rejected answer."""
        words = ("rejected", "losers", "logps")
        return any(word in name for name in self.tensors for word in words)

    @property
    def compares(self) -> bool:
        """Return whether the margin says which answer is preferred."""
        return self.needs_rejected or self.takes_single_answers

    @property
    def takes_single_answers(self) -> bool:
        """Return whether rows may have a wanted or an unwanted answer alone."""
        return "answers" in self.tensors

    @property
    def needs_mismatched(self) -> bool:
        """Return whether each prompt is also read with another prompt's answer."""
        return "mismatched" in self.tensors

    @property
    def needs_scores(self) -> bool:
        """Return whether every candidate must have a score."""
        return any("score" in name or name == "rewards" for name in self.tensors)

    @property
    def pair_is_row(self) -> bool:
        """Return whether a prompt with several rejected answers is one pair, not several."""
        return "losers" in self.tensors or "logps" in self.tensors

    @property
    def needs_prefixes(self) -> bool:
        """Return whether log-probabilities are wanted for the shared length alone, too."""
        return any(name.endswith("_prefix") for name in self.tensors)


def contract(objective: Callable[..., Loss]) -> Contract:
    """Read which tensors an objective takes and which knobs it has, with their defaults.

    Raises:
        KnobError: it takes a tensor that the trainer does not supply.

    >>> from earmark.objectives.dpo import dpo
    >>> contract(dpo).knobs, contract(dpo).needs_reference
    ({'beta': 0.1}, True)
    """
    parameters = inspect.signature(objective).parameters
    positional = [p for p in parameters.values() if p.kind is not p.KEYWORD_ONLY]
    unknown = [p.name for p in positional if p.name not in SUPPLIED]
    if unknown:
        name = getattr(objective, "__name__", repr(objective))
        raise KnobError(
            f"objective '{name}' takes '{unknown[0]}', which the trainer does not supply; "
            "positional parameters are tensors of the batch, knobs are keyword-only (after *); "
            f"{did_you_mean(unknown[0], SUPPLIED)}"
        )
    return Contract(
        tuple(p.name for p in positional),
        {p.name: p.default for p in parameters.values() if p.kind is p.KEYWORD_ONLY},
        parameters["state"].annotation if "state" in parameters else None,
    )


def set_knobs(
    name: str,
    objective: Callable[..., Loss],
    knobs: Mapping[str, Any],
    other_options: Iterable[str] = (),
) -> Callable[..., Loss]:
    """Fix the knobs of an objective.

    A name that is none of its knobs may be a misspelt option of the loop, so the nearest name
    is looked for among `other_options` too.

    Raises:
        KnobError: the objective has no such knob, or the value is none that it can have.
    """
    known = contract(objective).knobs
    parameters = inspect.signature(objective).parameters
    for knob, value in knobs.items():
        if knob not in known:
            hint = did_you_mean(knob, [*known, *other_options])
            raise KnobError(f"objective '{name}' has no knob '{knob}'; {hint}")
        wrong = what_is_wrong(value, parameters[knob].annotation) or out_of_range(knob, value)
        if wrong:
            raise KnobError(f"objective '{name}': knob '{knob}' {wrong}, found {value!r}")
    return partial(objective, **knobs)


def what_is_wrong(value: Any, annotation: Any) -> str:
    """Say what a knob's value should be, if it is not.

    >>> what_is_wrong("row", Literal["raw", "beta"])
    'should be raw or beta'
    >>> what_is_wrong(1, float)
    ''
    """
    if get_origin(annotation) is Literal:
        choices = get_args(annotation)
        return "" if value in choices else f"should be {' or '.join(map(str, choices))}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "should be a number"
    if not math.isfinite(value):
        return "should be a finite number"
    if annotation is int and not isinstance(value, int):
        return "should be a whole number"
    return ""


def out_of_range(knob: str, value: Any) -> str:
    """Say what a knob's value should be, if it would reverse the objective or stop it.

    What else a value must be is the objective's own to say, on its first call.

    >>> out_of_range("beta", -0.5), out_of_range("gamma", 0.0)
    ('should be above 0', '')
    """
    if knob in ABOVE_0 and value <= 0:
        return "should be above 0"
    if knob in AT_LEAST_0 and value < 0:
        return "should be at least 0"
    return ""
