"""What tests share: a tiny random policy of the real class, and a few clips of noise."""

import numpy as np
import pytest


@pytest.fixture
def rng():
    return np.random.default_rng(0)
