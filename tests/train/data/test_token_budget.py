import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from earmark.train.data.shares import Repeated
from earmark.train.data.token_budget import BudgetBatches, pack, packed
from earmark.train.distributed import Processes

LENGTHS = st.lists(st.integers(1, 100), min_size=1, max_size=60)


@given(lengths=LENGTHS, budget=st.integers(100, 500), window=st.integers(1, 70), seed=st.integers())
def test_every_row_is_in_one_batch_and_no_batch_breaks_the_budget(lengths, budget, window, seed):
    array = np.array(lengths)
    order = np.random.default_rng(abs(seed)).permutation(len(array)).tolist()
    batches = pack(array, order, budget, window)
    assert sorted(row for batch in batches for row in batch) == list(range(len(array)))
    assert all(len(batch) * array[batch].max() <= budget for batch in batches)


def test_rows_of_like_length_fill_less_than_rows_as_they_come():
    lengths = np.random.default_rng(0).integers(20, 400, 2000)
    order = list(range(2000))
    sorted_together = packed(pack(lengths, order, 4000, 500), lengths)
    as_they_come = packed(pack(lengths, order, 4000, 1), lengths)
    in_eights = packed([order[i : i + 8] for i in range(0, 2000, 8)], lengths)
    assert sorted_together.filled < 0.1 < in_eights.filled
    assert sorted_together.batches < as_they_come.batches


@given(count=st.integers(1, 20), size=st.integers(1, 4), epoch=st.integers(0, 3))
def test_processes_have_equally_many_batches_and_each_is_one_processs(count, size, epoch):
    batches = [[i, i + 100] for i in range(count)]
    taken = []
    for rank in range(size):
        sampler = BudgetBatches(batches, seed=1, processes=Processes(rank, size))
        sampler.set_epoch(epoch)
        own = list(sampler)
        assert len(own) == len(sampler)
        taken += own
    counted = [batch for batch in taken if not isinstance(batch[0], Repeated)]
    assert sorted(counted) == batches
    assert len(taken) < count + size
    assert all(len(batch) == 1 for batch in taken if batch not in counted)


def test_every_epoch_has_an_order_of_its_own():
    sampler = BudgetBatches([[i] for i in range(30)], seed=0, processes=Processes())
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert list(sampler) != first
    assert sorted(sampler) == sorted(first)
