import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.text.align import Edit, align

TOKENS = st.lists(st.sampled_from(["我", "们", "ok", "go", "一", "the"]), max_size=12)


def plain_distance(truth, hyp):
    """The textbook dynamic program, row by row."""
    row = list(range(len(hyp) + 1))
    for i, t in enumerate(truth, start=1):
        previous, row = row, [i]
        for j, h in enumerate(hyp, start=1):
            row.append(min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (t != h)))
    return row[-1]


@given(TOKENS, TOKENS)
@settings(max_examples=300, deadline=None)
def test_the_alignment_is_optimal_and_covers_each_token_once_in_order(truth, hyp):
    edits = align(truth, hyp)
    assert [e.truth for e in edits if e.truth is not None] == list(range(len(truth)))
    assert [e.hyp for e in edits if e.hyp is not None] == list(range(len(hyp)))
    for edit in edits:
        assert (edit.truth is None) == (edit.kind == "insertion")
        assert (edit.hyp is None) == (edit.kind == "deletion")
        if edit.truth is not None and edit.hyp is not None:
            assert (truth[edit.truth] == hyp[edit.hyp]) == (edit.kind == "hit")
    assert sum(edit.kind != "hit" for edit in edits) == plain_distance(truth, hyp)


def test_long_texts_are_optimal_too():
    rng = random.Random(5)
    truth = [rng.choice("abcdef") for _ in range(300)]
    hyp = [rng.choice("abcdef") for _ in range(310)]
    assert sum(e.kind != "hit" for e in align(truth, hyp)) == plain_distance(truth, hyp)


@pytest.mark.parametrize(
    ("truth", "hyp", "kinds"),
    [
        ("ab", "c", "SD"),
        ("a", "bc", "IS"),
        ("ab", "ba", "IHD"),
        ("abx", "acb", "HIHD"),
        ("abcd", "acxd", "HSSH"),
        ("xay", "ax", "DHS"),
        ("abcd", "xx", "SSDD"),
    ],
)
def test_the_tie_break_is_pinned(truth, hyp, kinds):
    assert "".join(edit.kind[0].upper() for edit in align(list(truth), list(hyp))) == kinds


def test_empty_sides():
    assert align([], []) == []
    assert align(["a"], []) == [Edit("deletion", 0, None)]
    assert align([], ["a"]) == [Edit("insertion", None, 0)]
