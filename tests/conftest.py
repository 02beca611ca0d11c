"""What tests share: clips of noise; and a collector of garbage that looks at what tests make."""

import gc

import numpy as np
import pytest


def pytest_collection_finish():
    """Take what collecting the tests has made out of every later search for garbage.

    Those are millions of objects that stay to the end; a third of the time went into them.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def rng():
    return np.random.default_rng(0)
