"""A small scored world for the tests of the report."""

from pathlib import Path

import pytest
from report_world import make_test_set

from earmark.report.test_set import TestSet


@pytest.fixture
def test_set(tmp_path: Path) -> TestSet:
    return make_test_set(tmp_path)
