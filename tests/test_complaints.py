"""What ends a process is said by that process, whichever of several it is."""

import pytest

from earmark.progress import complain


@pytest.mark.parametrize(("rank", "said"), [("0", "error: x\n"), ("1", "error in process 1: x\n")])
def test_every_process_says_what_ends_it(rank, said, monkeypatch, capsys):
    monkeypatch.setenv("RANK", rank)
    complain("x")
    assert capsys.readouterr().err == said
