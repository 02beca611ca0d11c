"""The generated tables in the documents are those of the package."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SPEC = importlib.util.spec_from_file_location("docs_tables", ROOT / ".ci/tables.py")
assert SPEC is not None
assert SPEC.loader is not None
tables = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tables)


@pytest.mark.parametrize(("path", "text"), tables.pages().items(), ids=lambda value: value[:24])
def test_the_committed_tables_are_what_the_package_has(path, text):
    assert (ROOT / path).read_text("utf-8") == text, "run python .ci/tables.py"


def test_a_cell_cannot_end_its_row_or_start_a_tag():
    assert tables.table(["a"], [["x|y <noise>\nz"]]).splitlines()[-1] == r"| x\|y &lt;noise> z |"
