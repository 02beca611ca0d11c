"""What stays in memory is bounded: tokenized rows by bytes, the reference's answers by place."""

import sys
import tracemalloc
from pathlib import Path

import pytest

from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.train.cache.reference import ReferenceCache
from earmark.train.data import row_maker as prepare
from earmark.train.data.examples import EncodedPairs
from earmark.train.data.row_maker import RowMaker
from tiny_world import tiny_policy, write_pairs

LONG = 750


@pytest.fixture(scope="module")
def encoded(tmp_path_factory) -> EncodedPairs:
    folder = tmp_path_factory.mktemp("bounded")
    return EncodedPairs(write_pairs(folder, 6), folder, contract(dpo))


def test_a_row_that_is_kept_is_the_row_that_was_made(encoded, monkeypatch):
    make = RowMaker(tiny_policy(), encoded)
    first = [make(number) for number in range(6)]
    monkeypatch.setattr(prepare, "tokenize_pair", lambda *_: pytest.fail("it was kept"))
    again = [make(number) for number in range(6)]
    assert [row.sides for row in first] == [row.sides for row in again]
    assert [row.key for row in first] == [row.key for row in again]


def test_kept_rows_take_no_more_than_their_bound(encoded, monkeypatch):
    ids = list(range(1000, 1000 + LONG))
    answers = prepare.Answers(ids, [ids[:40], ids[:40]])
    monkeypatch.setattr(prepare, "tokenize_pair", lambda *_: [answers._replace(prompt=ids * 1)])
    monkeypatch.setattr(prepare, "check_length", lambda *_: None)
    monkeypatch.setattr(prepare, "KEPT_BYTES", 1_000_000)
    make = RowMaker(tiny_policy(), encoded)
    pair = encoded[0]
    tracemalloc.start()
    for number in range(500):
        make._tell(number, pair, [f"{number:032}"], [])
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    kept = len(make.told)
    assert 200 < kept < 300
    assert max(make.told) == 499
    assert min(make.told) == 500 - kept
    assert used < 1_200_000, "a list of a prompt's tokens alone would be seven times as much"


def test_answers_of_the_reference_stay_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("earmark.train.cache.reference.MERGED_AT", 7)
    one, two = ReferenceCache(tmp_path, "p"), ReferenceCache(tmp_path, "p")
    rows = {f"row{i}": [[-float(i)] * LONG, [-0.5]] for i in range(40)}
    for i, (key, logps) in enumerate(rows.items()):
        (one if i % 2 else two).add({key: logps})
    assert one.get("row0") is None, "another process's, not read yet"
    one.read()
    one.read()
    assert len(one) == 40
    for cache in (one, ReferenceCache(tmp_path, "p")):
        assert {key: cache.get(key) for key in rows} == rows
        assert cache.get("row40") is None
    assert sum(array.nbytes for array in one.found) + sys.getsizeof(one.newest) < 40 * 40


def test_equal_short_hashes_are_told_apart_and_a_file_that_is_gone_is_no_answer(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("earmark.train.cache.reference.short_hash", lambda _: 7)
    cache = ReferenceCache(tmp_path, "p")
    cache.add({"a": [[-1.0]]})
    cache = ReferenceCache(tmp_path, "p")
    cache.add({"b": [[-2.0]]})
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ([[-1.0]], [[-2.0]], None)
    for path in Path(cache.folder).glob("*.jsonl"):
        path.unlink()
    assert cache.get("a") is None
