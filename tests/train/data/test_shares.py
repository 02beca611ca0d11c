"""No row is trained twice in an epoch, however many processes share the rows."""

import torch
from accelerate.data_loader import SeedableRandomSampler
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import BatchSampler

from earmark.train.data.shares import Repeated, Shares
from earmark.train.distributed import Processes


def shares(rows: int, size: int, count: int, epoch: int = 0) -> list[list[list[int]]]:
    """Return the batches of each process."""
    samplers = [Shares(rows, size, 3, Processes(rank, count)) for rank in range(count)]
    for sampler in samplers:
        sampler.set_epoch(epoch)
    found = [list(sampler) for sampler in samplers]
    assert {len(own) for own in found} == {len(samplers[0])}
    return found


def counted(batch: list[int]) -> list[int]:
    return [row for row in batch if not isinstance(row, Repeated)]


def test_two_processes_five_pairs_batch_two():
    one, two = shares(5, 2, 2)
    assert [len(counted(batch)) for batch in one] == [2, 0]
    assert [len(counted(batch)) for batch in two] == [2, 1]
    assert sorted(row for own in (one, two) for batch in own for row in counted(batch)) == [
        *range(5)
    ]


@given(
    rows=st.integers(1, 60),
    size=st.integers(1, 5),
    count=st.integers(1, 5),
    epoch=st.integers(0, 2),
)
def test_a_step_of_all_processes_is_a_step_of_one(rows, size, count, epoch):
    """In the order in which the library draws them for one process with the joined batch."""
    sampler = SeedableRandomSampler(range(rows), generator=torch.Generator(), data_seed=3)
    sampler.set_epoch(epoch)
    steps = list(BatchSampler(sampler, size * count, drop_last=False))
    found = shares(rows, size, count, epoch)
    joined = [
        [row for own in batches for row in counted(own)] for batches in zip(*found, strict=True)
    ]
    assert joined == steps
    for batches in zip(*found, strict=True):
        sizes = [len(counted(batch)) for batch in batches]
        assert max(sizes) - min(sizes) <= 1, "the last step is shared out evenly"
        assert max(sizes) <= size
        assert all(len(batch) >= 1 for batch in batches), "no process is without a row"
