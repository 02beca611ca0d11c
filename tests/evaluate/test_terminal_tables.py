import io

import pytest
from evaluate_systems import corpus, noisy
from rich.cells import cell_len

from earmark.evaluate.compare import compare
from earmark.evaluate.fitted_table import FittedTable, column_groups
from earmark.evaluate.score import score
from earmark.evaluate.tables import as_text, heaviest_in_words, score_tables, signature_line
from earmark.failures.cascade import LABELS
from earmark.metrics import metric_of_texts
from earmark.progress import TextConsole
from earmark.records import Hypothesis

TRUTHS = corpus(60)
LONG = ("codeswitch-heldout-voices", "dpo+sft-from-mined-failures")


def printed(shown, width):
    console = TextConsole(file=io.StringIO(), width=width)
    console.print(shown)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def scores():
    return [score(TRUTHS, noisy(TRUTHS, rate, seed)) for rate, seed in ((0.4, 1), (0.1, 2))]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_names_and_numbers_are_whole_at_any_width(scores, width):
    result = compare(*scores, LONG)
    text = printed(result.tables(), width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "…" not in text
    for name in (*LONG, *LABELS, "mixed error rate", "difference"):
        assert name in text, name
    low, high = result.rates["mixed_error_rate"].interval
    assert f"[{100 * low:+.2f}, {100 * high:+.2f}]" in text


def test_the_table_of_a_score_fits_eighty_columns(scores):
    text = printed(score_tables(scores[0].to_dict()), 80)
    assert max(map(cell_len, text.splitlines())) <= 80
    assert text.count("┏") == 4


def test_columns_that_do_not_fit_go_to_a_table_below(scores):
    header = ("system", *(f"test-set-number-{n}" for n in range(6)))
    rows = [("base", *(f"{n}.0 [1.0, 2.0]" for n in range(6)))]
    text = printed(FittedTable(header, rows, "Title", "A note."), 60)
    assert all(name in text for name in header)
    assert text.count("system") == text.count("base") == text.count("┏") == 3
    assert text.count("Title") == text.count("A note.") == 1
    wide = column_groups([header, *rows], 1000)
    assert len(wide) == 1


def test_only_a_name_wider_than_the_terminal_is_broken_and_nothing_of_it_is_lost():
    name = "abcdefghij" * 5
    text = printed(FittedTable(("on", name), [("base", "1")]), 40)
    assert max(map(cell_len, text.splitlines())) <= 40
    assert "".join(c for c in text if c in "abcdefghij") == name + "bae"


def test_a_cell_cannot_act_on_the_terminal():
    assert "‹U+001B›[2Jx y" in printed(FittedTable(("system",), [("\x1b[2Jx\ny",)]), 80)


def test_the_signature_is_one_line_that_can_be_copied(scores):
    signed = scores[0].signature
    assert len(signed) > 80
    text = as_text("table", signature_line(signed), width=80)
    assert text.splitlines() == ["table", f"signature: {signed}"]
    assert str(scores[0]).splitlines()[-1] == f"signature: {signed}"
    compared = compare(*scores)
    assert str(compared).splitlines()[-1] == f"signature: {signed}"
    for shown in (scores[0], compared):
        assert signed in printed(shown, 80).replace("\n", "")


def test_results_print_like_tables_and_name_themselves_shortly(scores):
    assert "mixed error rate" in str(scores[0])
    assert repr(scores[0]).startswith("Score(mixed_error_rate=0.")
    assert repr(compare(*scores)).startswith("Comparison(second minus first: mixed_error_rate -0.")
    assert max(len(repr(each)) for each in scores) < 250


def test_a_p_at_its_floor_is_written_as_such(scores):
    text = str(compare(*scores))
    assert "with 1,000 resamples p is at least 0.002" in " ".join(text.split())
    assert "≤0.002" in text
    same = str(compare(scores[0], scores[0]))
    assert "≤" not in same
    assert "t = 0, p = 1" in same


def test_one_utterance_with_more_than_a_tenth_of_the_errors_is_named():
    hyps = noisy(TRUTHS, 0.1)
    hyps[9] = Hypothesis("u9", "thank you " * 300)
    result = score(TRUTHS, hyps)
    assert "utterance 'u9' has" in str(result)
    assert "utterance 'u9' has" in heaviest_in_words(result.to_dict())
    share = {"heaviest_utterance": {"id": "a", "errors": 1, "share": 0.1}}
    assert heaviest_in_words(share) == ""


def test_a_score_is_a_frame_of_utterances_and_a_comparison_one_of_rates(scores):
    rows = scores[0].to_frame()
    assert len(rows) == len(TRUTHS)
    assert rows["errors"].sum() / rows["truth_tokens"].sum() == pytest.approx(
        scores[0].to_dict()["mixed_error_rate"]
    )
    assert {"id", "speaker", "truth", "hyp", "failure", "detail", "looping"} <= set(rows.columns)
    rates = compare(*scores).to_frame().set_index("name")
    assert rates.loc["mixed_error_rate", "difference"] < 0
    assert set(LABELS) < set(rates.index)


def test_without_pandas_a_frame_says_what_to_install(scores, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("earmark.evaluate.rows.import_module", missing)
    with pytest.raises(ImportError, match="pip install pandas"):
        scores[0].to_frame()


def test_metrics_of_ones_own_stand_in_the_tables(scores):
    def row(truth, answer):
        return len(answer), len(truth)

    mine = metric_of_texts("length_ratio", row, signature="characters-1")
    first, second = (
        score(TRUTHS, noisy(TRUTHS, rate, seed), metrics=[mine])
        for rate, seed in ((0.4, 1), (0.1, 2))
    )
    found = first.to_dict()["metrics"]["length_ratio"]
    assert found["value"] == pytest.approx(
        sum(len(r.answer.hyp) for r in first.rows) / sum(len(r.answer.truth) for r in first.rows)
    )
    assert found["signature"] == "characters-1"
    assert "length ratio" in str(first)
    compared = compare(first, second)
    change = compared.to_dict()["metrics"]["length_ratio"]["difference"]
    assert change == pytest.approx(
        second.to_dict()["metrics"]["length_ratio"]["value"] - found["value"]
    )
    assert f"{change:+.3f}" in str(compared)
