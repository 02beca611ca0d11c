import random

import jiwer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from earmark.text import most_hits
from earmark.text.align import Edit, align, align_blocks
from earmark.text.most_hits import align_with_most_hits

TOKENS = st.lists(st.sampled_from(["我", "们", "ok", "go", "一", "the"]), max_size=12)


def plain_best(truth, hyp):
    """The textbook dynamic program over (edits, -hits), row by row."""
    row = [(j, 0) for j in range(len(hyp) + 1)]
    for i, t in enumerate(truth, start=1):
        previous, row = row, [(i, 0)]
        for j, h in enumerate(hyp, start=1):
            edits, hits = previous[j - 1]
            diagonal = (edits, hits - 1) if t == h else (edits + 1, hits)
            above, left = previous[j], row[j - 1]
            row.append(min((above[0] + 1, above[1]), (left[0] + 1, left[1]), diagonal))
    edits, hits = row[-1]
    return edits, -hits


def counted(edits):
    return sum(e.kind != "hit" for e in edits), sum(e.kind == "hit" for e in edits)


def check_alignment(truth, hyp, edits):
    """Each token stands in it once and in order, and each column is what it is called."""
    assert [e.truth for e in edits if e.truth is not None] == list(range(len(truth)))
    assert [e.hyp for e in edits if e.hyp is not None] == list(range(len(hyp)))
    for edit in edits:
        assert (edit.truth is None) == (edit.kind == "insertion")
        assert (edit.hyp is None) == (edit.kind == "deletion")
        if edit.truth is not None and edit.hyp is not None:
            assert (truth[edit.truth] == hyp[edit.hyp]) == (edit.kind == "hit")


@given(TOKENS, TOKENS)
@settings(max_examples=300, deadline=None)
def test_an_alignment_has_the_fewest_edits_and_of_those_the_most_hits(truth, hyp):
    edits = align(truth, hyp)
    check_alignment(truth, hyp, edits)
    assert counted(edits) == plain_best(truth, hyp)


@given(TOKENS, TOKENS)
@settings(max_examples=150, deadline=None)
def test_errors_are_as_many_as_jiwer_counts_and_hits_never_fewer(truth, hyp):
    theirs = jiwer.process_words(" ".join(truth) or "x", " ".join(hyp) or "x")
    edits, hits = counted(align(truth or ["x"], hyp or ["x"]))
    assert edits == theirs.substitutions + theirs.deletions + theirs.insertions
    assert hits >= theirs.hits


@given(TOKENS, TOKENS)
@settings(max_examples=150, deadline=None)
def test_rapidfuzzs_alignment_is_kept_where_it_has_as_many_hits(truth, hyp):
    theirs = Levenshtein.opcodes(truth, hyp).as_list()
    hits = sum(t1 - t0 for tag, t0, t1, _, _ in theirs if tag == "equal")
    if hits == plain_best(truth, hyp)[1]:
        assert align_blocks(truth, hyp) == theirs
    else:
        assert align_blocks(truth, hyp) == align_with_most_hits(truth, hyp)


@pytest.mark.parametrize("strip_cells", [2_000_000, 700])
def test_long_texts_are_aligned_as_short_ones(monkeypatch, strip_cells):
    monkeypatch.setattr(most_hits, "STRIP_CELLS", strip_cells)
    rng = random.Random(5)
    for length in (1, 70, 90):
        truth = [rng.choice("abcdef") for _ in range(80)]
        hyp = [rng.choice("abcdefg") for _ in range(length)]
        monkeypatch.setattr(most_hits, "FEW_CELLS", 0)
        edits = align_with_most_hits(truth, hyp)
        monkeypatch.setattr(most_hits, "FEW_CELLS", 10**9)
        assert edits == align_with_most_hits(truth, hyp)
        found = align(truth, hyp)
        check_alignment(truth, hyp, found)
        assert counted(found) == plain_best(truth, hyp)


def test_the_meeting_is_heard():
    edits = align(["喝", "汤", "meeting", "的"], ["堂", "meeting", "得", "得"])
    assert counted(edits) == (4, 1)
    assert "".join(edit.kind[0].upper() for edit in edits) == "SDHIS"


@pytest.mark.parametrize(
    ("truth", "hyp", "kinds"),
    [
        ("ab", "c", "SD"),
        ("a", "bc", "IS"),
        ("ab", "ba", "IHD"),
        ("abx", "acb", "HIHD"),
        ("abcd", "acxd", "HDHIH"),
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
