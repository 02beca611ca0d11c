"""Compare first, time afterwards: losses and gradients of all steps, then interleaved rounds."""

import statistics
import time
from typing import NamedTuple

import torch
from torch import Tensor

from earmark.errors import EarmarkError
from earmark.progress import track
from training_steps.step import Step

LOSS_TOLERANCE, GRADIENT_TOLERANCE = 1e-4, 1e-4
MOST_A_ROUND = 3


class UnlikeError(EarmarkError):
    """Two steps do not compute the same thing; their times must not be compared."""


class Found(NamedTuple):
    """What is known of one way: the median over the timed steps, and how many they are."""

    seconds: float
    timed: int
    loss: float
    gradient_difference: float
    clips_per_pair: float


def flat(gradients: dict[str, Tensor]) -> Tensor:
    """Put gradients into one vector, by name."""
    return torch.cat([gradients[name].flatten().float().cpu() for name in sorted(gradients)])


class Compared(NamedTuple):
    """The first step of one way, and how far its gradient is from the baseline's."""

    seconds: float
    loss: float
    gradient_difference: float
    clips_per_pair: float


def compare(
    steps: dict[str, Step],
    baseline: str,
    deaf: set[str],
    *,
    loss_tolerance: float = LOSS_TOLERANCE,
    gradient_tolerance: float = GRADIENT_TOLERANCE,
) -> dict[str, Compared]:
    """Take every step once and compare it with the baseline.

    `deaf` names the ways that have the tower's output from elsewhere.

    Raises:
        UnlikeError: a trainer does not hear, or its loss or gradient is not the baseline's.
    """
    first = steps[baseline].take()
    expected = steps[baseline].gradients()
    expected_vector, found = flat(expected), {}
    for name, step in {baseline: steps[baseline], **steps}.items():
        taken = first if name == baseline else step.take()
        gradients = expected if name == baseline else step.gradients()
        if not taken.clips_heard and name not in deaf:
            raise UnlikeError(f"{name}: no clip reached the audio tower; it trains on text alone")
        if gradients.keys() != expected.keys():
            names = sorted(gradients.keys() ^ expected.keys())
            raise UnlikeError(f"{name} does not train what {baseline} trains: {names[:4]}")
        difference = float((flat(gradients) - expected_vector).norm() / expected_vector.norm())
        if not (abs(taken.loss - first.loss) <= loss_tolerance):
            raise UnlikeError(f"{name}: loss {taken.loss:.6f}, {baseline}: {first.loss:.6f}")
        if not difference <= gradient_tolerance:
            raise UnlikeError(f"{name}: its gradient differs from {baseline} by {difference:.1e}")
        heard = taken.clips_heard / step.pairs
        found[name] = Compared(taken.seconds, taken.loss, difference, heard)
        step.clear()
    return found


def interleave(
    steps: dict[str, Step], first: dict[str, float], rounds: int, deadline: float, name: str
) -> dict[str, list[float]]:
    """Take every step in rounds, every other one backwards; begin none after the deadline.

    Short steps are taken up to three times a round, since a moment's noise is a larger part of
    them. `first` has the seconds of a first step; `deadline` is on the clock of
    `time.monotonic`.
    """
    times: dict[str, list[float]] = {way: [] for way in steps}
    slowest = max(first.values())
    for number in track(range(rounds), name, total=rounds):
        if time.monotonic() > deadline:
            break
        order = list(steps.items())
        for way, step in order if number % 2 == 0 else reversed(order):
            for _ in range(min(MOST_A_ROUND, max(1, int(slowest / first[way])))):
                times[way].append(step.take().seconds)
                step.clear()
    return times


def race(
    steps: dict[str, Step],
    floor: Step,
    baseline: str,
    deaf: set[str],
    *,
    rounds: int,
    deadline: float,
    name: str,
) -> tuple[dict[str, Found], float]:
    """Compare and time; returns what was found of every way, and the floor's seconds.

    Where the deadline leaves no round, the steps that were compared count, and `timed` is 0.
    """
    compared = compare(steps, baseline, deaf)
    floor.take()
    first = {way: step.seconds for way, step in compared.items()} | {"floor": floor.take().seconds}
    times = interleave({**steps, "floor": floor}, first, rounds, deadline, name)
    medians = {way: statistics.median(times[way] or [first[way]]) for way in first}
    found = {way: Found(medians[way], len(times[way]), *compared[way][1:]) for way in steps}
    return found, medians["floor"]
