"""What tests share: clips of noise; and a collector of garbage that looks at what tests make."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# Every run of the tests draws the same cases; EARMARK_RANDOM_TESTS=1 draws others.
settings.register_profile("same", derandomize=True)
settings.register_profile("others", derandomize=False)
settings.load_profile("others" if os.environ.get("EARMARK_RANDOM_TESTS") else "same")


# The files that take longest, longest first. With `--no-loadscope-reorder` they are begun first, so
# that none is left over for one core at the end; else files of few tests come last.
LONG = (
    "train/test_processes.py",
    "test_docs.py",
    "train/test_million.py",
    "train/test_train.py",
    "cli/test_train_objectives.py",
    "train/test_stateful.py",
    "train/test_distributed.py",
    "policies/test_resumes.py",
    "policies/families/test_families.py",
)


def pytest_collection_modifyitems(items):
    """Put the tests of long files first; the order within a file stays."""
    at = {Path(__file__).parent / name: place for place, name in enumerate(LONG)}
    assert all(path.is_file() for path in at), "a long file was moved"
    items.sort(key=lambda item: at.get(item.path, len(LONG)))


def pytest_collection_finish():
    """Take what collecting the tests has made out of every later search for garbage.

    Those are millions of objects that stay to the end; a third of the time went into them.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def rng():
    return np.random.default_rng(0)
