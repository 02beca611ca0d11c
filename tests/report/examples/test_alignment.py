"""Marks say the alignment whole: nothing is lost, and what is folded is counted."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.report.examples.alignment import lang_runs, marks

TOKENS = st.lists(st.sampled_from(["我", "去", "the", "meeting", "3"]), max_size=12)


@settings(max_examples=60, deadline=None)
@given(TOKENS, TOKENS)
def test_marks_hold_both_texts_in_order(truth: list[str], hyp: list[str]) -> None:
    found = marks(truth, hyp, longest_run=99)
    assert [mark.truth for mark in found if mark.truth is not None] == truth
    assert [mark.hyp for mark in found if mark.hyp is not None] == hyp


@settings(max_examples=60, deadline=None)
@given(TOKENS, TOKENS, st.integers(1, 4))
def test_a_fold_hides_only_insertions_and_counts_them(
    truth: list[str], hyp: list[str], longest_run: int
) -> None:
    folded, whole = marks(truth, hyp, longest_run=longest_run), marks(truth, hyp, longest_run=99)
    kinds = [mark.kind for mark in whole if mark.kind != "insertion"]
    assert [mark.kind for mark in folded if mark.kind != "insertion"] == kinds
    insertions = sum(mark.folded or 1 for mark in folded if mark.kind == "insertion")
    assert insertions == sum(mark.kind == "insertion" for mark in whole)


def test_a_loop_is_folded() -> None:
    found = marks(["对"], ["对"] * 300, longest_run=24)
    assert len(found) == 26
    # The true token is a hit at one end; 299 insertions, of which 24 are shown.
    assert max(mark.folded for mark in found) == 275


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="我要去 the 3。,é", max_size=20))
def test_language_runs_join_to_the_text(text: str) -> None:
    runs = lang_runs(text)
    assert "".join(part for _, part in runs) == text
    assert all(a[0] != b[0] for a, b in pairwise(runs))


def test_language_runs_keep_leading_marks_with_what_follows() -> None:
    assert lang_runs("“我 said 3 次”") == [("zh", "“我 "), ("en", "said 3 "), ("zh", "次”")]
    assert lang_runs("1, 2") == [("other", "1, 2")]
