"""A folder with a tiny random model, clips, and pairs with two rejected answers each."""

from pathlib import Path

import pytest

from earmark.formats.files.lines import write_jsonl
from earmark.records import Pair
from tiny_world import save_tiny, write_pairs
from warm import Warm


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    save_tiny(folder / "model")
    write_jsonl(folder / "pairs.jsonl", write_pairs(folder, 16, losers=2))
    return folder


@pytest.fixture(scope="module")
def pairs(world) -> list[Pair]:
    return write_pairs(world, 16, losers=2)


@pytest.fixture(scope="session")
def warm():
    """Start commands in processes that have torch already."""
    warm = Warm()
    yield warm
    warm.close()
