"""Compare first, time afterwards: losses and gradients of all steps, then interleaved rounds."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from earmark.errors import EarmarkError
from earmark.progress import track
from training_steps.step import Step

LOSS_TOLERANCE, GRADIENT_TOLERANCE = 1e-4, 1e-4


class UnlikeError(EarmarkError):
    """Two steps do not compute the same thing; their times must not be compared."""


class Found(NamedTuple):
    """What is known of one way: medians are over the timed rounds."""

    cpu_s: float
    rounds: int
    loss: float
    gradient_difference: float
    clips_per_pair: float


def flat(gradients: dict[str, Tensor]) -> Tensor:
    """Put gradients into one vector, by name."""
    return torch.cat([gradients[name].flatten().float().cpu() for name in sorted(gradients)])


def compare(
    steps: dict[str, Step], baseline: str, deaf: set[str], tolerance: float = GRADIENT_TOLERANCE
) -> dict[str, tuple[float, float, float]]:
    """Take every step once; return loss, relative gradient difference, clips heard per pair.

    `deaf` names the ways that have the tower's output from elsewhere.

    Raises:
        UnlikeError: a trainer does not hear, or its loss or gradient is not the baseline's.
    """
    first = steps[baseline].take()
    expected = steps[baseline].gradients()
    expected_vector, found = flat(expected), {}
    for name, step in steps.items():
        taken = first if name == baseline else step.take()
        gradients = expected if name == baseline else step.gradients()
        if not taken.clips_heard and name not in deaf:
            raise UnlikeError(f"{name}: no clip reached the audio tower; it trains on text alone")
        if gradients.keys() != expected.keys():
            names = sorted(gradients.keys() ^ expected.keys())
            raise UnlikeError(f"{name} does not train what {baseline} trains: {names[:4]}")
        difference = float((flat(gradients) - expected_vector).norm() / expected_vector.norm())
        if not (abs(taken.loss - first.loss) <= max(LOSS_TOLERANCE, tolerance)):
            raise UnlikeError(f"{name}: loss {taken.loss:.6f}, {baseline}: {first.loss:.6f}")
        if not difference <= tolerance:
            raise UnlikeError(f"{name}: its gradient differs from {baseline} by {difference:.1e}")
        found[name] = (taken.loss, difference, taken.clips_heard / step.pairs)
    return found


def interleave(
    steps: dict[str, Step], rounds: int, deadline: float, name: str
) -> dict[str, list[float]]:
    """Take every step once a round, every other round backwards; stop early at the deadline.

    There is always one round. `deadline` is on the clock of `time.monotonic`.
    """
    times: dict[str, list[float]] = {way: [] for way in steps}
    for number in track(range(rounds), name, total=rounds):
        if number and time.monotonic() > deadline:
            break
        order = list(steps.items())
        for way, step in order if number % 2 == 0 else reversed(order):
            times[way].append(step.take().cpu_s)
            step.clear()
    return times


def race(
    steps: dict[str, Step],
    floor: Callable[[], Step],
    baseline: str,
    deaf: set[str],
    *,
    rounds: int,
    deadline: float,
    name: str,
) -> tuple[dict[str, Found], float]:
    """Compare and time; returns what was found of every way, and the floor's CPU seconds."""
    compared = compare(steps, baseline, deaf)
    for step in steps.values():
        step.clear()
    base = floor()
    base.take()
    base.clear()
    times = interleave({**steps, "floor": base}, rounds, deadline, name)
    medians = {way: statistics.median(seconds) for way, seconds in times.items()}
    found = {
        way: Found(medians[way], len(times[way]), *compared[way])
        for way in steps
    }
    return found, medians["floor"]
