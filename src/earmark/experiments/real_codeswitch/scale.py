"""How large the comparison on a real recogniser is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """How much is spoken, trained and tested; all results of a folder have the same scale.

    Attributes:
        rates: learning rates, of which the development set chooses for each arm.
        rate_seeds: seeds that try every rate.
        steps: optimizer steps of a run; a second stage has as many again.
        batch_size: rows of a step.
        pool: mixed sentences that are spoken for training; each seed draws from them.
        training: mixed sentences of a seed.
        replayed: sentences of each language alone that are spoken for replay.
        replay_share: share of a seed's rows that is in one language, where an arm replays.
        development: mixed sentences that choose learning rates.
        mixed: sentences of each mixed test set.
        alone: sentences of each test set in one language.
        candidates: answers that are drawn for mining beside the greedy one.
        temperature: at which they are drawn.
        silence_s: seconds of silence that the encoder hears after each clip. With the usual 4 the
            base model repeats itself now and then, which training would unlearn; with 8 its error
            rate is that of the whole window within a point (docs/whisper.md).
    """

    rates: tuple[float, ...] = (3e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4)
    rate_seeds: int = 1
    steps: int = 60
    batch_size: int = 8
    pool: int = 800
    training: int = 600
    replayed: int = 100
    replay_share: float = 0.2
    development: int = 150
    mixed: int = 400
    alone: int = 200
    candidates: int = 2
    temperature: float = 0.6
    silence_s: float = 8.0


SLICE = Scale(
    (1e-5, 3e-5),
    steps=12,
    pool=64,
    training=48,
    replayed=8,
    development=16,
    mixed=24,
    alone=12,
    candidates=1,
)
