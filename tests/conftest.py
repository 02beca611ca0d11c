"""What tests share: clips of noise; and a collector of garbage that looks at what tests make."""

import gc
import os

import numpy as np
import pytest
from hypothesis import settings

# Every run of the tests draws the same cases; EARMARK_RANDOM_TESTS=1 draws others.
settings.register_profile("same", derandomize=True)
settings.register_profile("others", derandomize=False)
settings.load_profile("others" if os.environ.get("EARMARK_RANDOM_TESTS") else "same")


def pytest_collection_finish():
    """Take what collecting the tests has made out of every later search for garbage.

    Those are millions of objects that stay to the end; a third of the time went into them.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def rng():
    return np.random.default_rng(0)
