"""`earmark tiny-base` refuses numbers that make no sense before it makes any speech."""

import pytest

from earmark.cli.tiny_base import tiny_base
from earmark.errors import KnobError


@pytest.mark.parametrize("knob", ["utterances", "hearing_steps", "writing_steps"])
def test_numbers_below_one_are_refused(knob, tmp_path):
    with pytest.raises(KnobError, match=f"--{knob.replace('_', '-')} should be at least 1"):
        tiny_base(out=tmp_path / "model", **{knob: 0})
    assert not (tmp_path / "model").exists()
