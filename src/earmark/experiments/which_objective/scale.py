"""How large the comparison of objectives is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """How large the comparison is; all results of a folder have the same scale.

    `rate_seeds` seeds try every learning rate. `pool` utterances are spoken for each seed and
    no condition takes more than `most_pairs` of them; each test set has `test_size` at most.
    """

    rates: tuple[float, ...] = (3e-5, 1e-4, 3e-4, 1e-3)
    rate_seeds: int = 1
    steps: int = 300
    batch_size: int = 8
    pool: int = 2400
    most_pairs: int = 2400
    mined_from: int = 1200
    test_size: int = 200


SLICE = Scale((1e-4, 3e-4), steps=20, pool=64, most_pairs=48, mined_from=64, test_size=24)
