"""The result comes first: against the control, with its interval, and unsure is not bold."""

import re
from dataclasses import replace

import pytest
from report_world import make_plain, make_sides, make_written

from earmark.errors import KnobError
from earmark.report.headline import headline
from earmark.report.page import make_page
from earmark.report.scoring import score_set


def test_preference_minus_the_control_comes_first_with_its_interval() -> None:
    sets = [score_set(make_sides()), score_set(make_plain())]
    card = headline(sets, "dpo").cards[0]
    assert [(c.system, c.other) for c in card.changes] == [("dpo", "sft"), ("dpo", "base")]
    # 20 of 40 utterances of 6 tokens have one error: 8.3 points more than sft's none.
    first = card.changes[0]
    assert first.points == "+8.3 points"
    low, high = map(float, re.findall(r"[+−]?([\d.]+)", first.interval))
    assert 0 < low < 8.3 < high
    assert [rate.system for rate in card.rates] == ["base", "sft", "dpo"]


def test_fewer_more_and_unsure_errors_are_told_apart() -> None:
    sets = [score_set(make_sides()), score_set(make_plain())]
    worse, better = headline(sets, "dpo").cards[0].changes
    assert (worse.verdict, worse.words) == ("worse", "more errors")
    assert (better.verdict, better.words) == ("better", "50 % fewer errors")
    unsure, _ = headline(sets, "dpo+sft").cards[0].changes
    assert unsure.interval.startswith("[0.0,")
    assert (unsure.verdict, unsure.words) == ("unsure", "no clear difference")


def test_only_what_is_sure_is_bold() -> None:
    html = make_page("Sides", [make_sides(), make_plain()], focus="dpo+sft", examples=0)
    style = html[html.index("<style>") : html.index("</style>")]
    bold = re.findall(r"([^{}]+)\{[^{}]*font-weight: (?:650|700|bold)", style)
    assert any(".better .points, .worse .points" in selectors for selectors in bold)
    assert not any(".unsure" in selectors for selectors in bold)
    unsure = re.findall(r'class="(?:change|delta) unsure">.*?</(?:div>\n<|span>)', html, re.DOTALL)
    assert unsure
    assert not [part for part in unsure if "<b>" in part or "<strong>" in part]
    # Each of the three has a sign of its own, so that no colour is needed.
    signs = re.findall(r"\.(better|worse|unsure) \.verdict::before \{ content: \"(.)", style)
    assert signs == [("better", "▼"), ("worse", "▲"), ("unsure", "≈")]


def test_the_lines_of_one_kind_share_a_scale() -> None:
    sets = [score_set(make_sides("a")), score_set(make_sides("b"))]
    spans = [card.changes[0].span for card in headline(sets, "dpo").cards]
    assert spans[0] == spans[1]
    span = spans[0]
    assert span is not None
    assert 50 < span.left < span.middle < span.right == 98


def test_a_set_in_one_language_without_failures_is_one_line() -> None:
    sets = [score_set(make_sides()), score_set(make_plain())]
    found = headline(sets, "dpo")
    assert [card.heading for card in found.cards] == ["codeswitch"]
    assert [card.heading for card in found.lines] == ["english"]
    assert found.lines[0].about == "40 utterances, no failures"
    html = make_page("Sides", [make_sides(), make_plain()], examples=0)
    result = html[html.index('<h2 id="result"') : html.index('<h2 id="numbers')]
    assert result.count("<b>english</b>") == 1
    assert result.count('class="card"') == 1
    assert "english: mixed error rate" not in html


def test_a_set_in_one_language_with_failures_has_a_card() -> None:
    looping = make_plain()
    rows = [replace(hyp, text=hyp.text + " now" * 30) for hyp in looping.hyps["dpo"]]
    looping = replace(looping, hyps={**looping.hyps, "dpo": rows})
    found = headline([score_set(make_sides()), score_set(looping)], "dpo")
    assert [card.heading for card in found.cards] == ["codeswitch", "english"]
    assert not found.lines


def test_sets_of_two_single_languages_are_cards_when_there_is_nothing_else() -> None:
    found = headline([score_set(make_plain("a")), score_set(make_plain("b"))])
    assert [card.heading for card in found.cards] == ["a", "b"]


def test_more_systems_than_fit_before_the_examples_are_lines() -> None:
    base = make_sides()
    hyps = dict(base.hyps) | {f"run {n}": base.hyps["dpo"] for n in range(20)}
    many = replace(base, hyps=hyps)
    found = headline([score_set(many)])
    assert found.cards == []
    assert len(found.lines) == 23
    html = make_page("Many", [many])
    start, end = html.index('<h2 id="result"'), html.index('<h2 id="examples-title"')
    assert html[start:end].count("<li><b>") == 23
    assert 'class="stack"' not in html[start:end]
    assert html[end:].count('class="stack"') == 24


def test_without_a_control_the_page_says_what_is_missing() -> None:
    texts = {"base": ["我们去"] * 9, "dpo": ["我们去 office"] * 9}
    scored = score_set(make_written("a", ["我们去 office"] * 9, texts))
    found = headline([scored])
    assert [(c.system, c.other) for c in found.cards[0].changes] == [("dpo", "base")]
    assert "No system is marked as the SFT control" in found.note
    assert "No system is marked" not in headline([score_set(make_sides())]).note


def test_the_control_can_be_named() -> None:
    scored = score_set(make_sides(), control="dpo+sft")
    assert scored.control == "dpo+sft"
    assert set(scored.control_comparisons) == {"sft", "dpo"}
    with pytest.raises(KnobError, match="'base' is not a system after the first"):
        score_set(make_sides(), control="base")
    with pytest.raises(KnobError, match="did you mean 'dpo'"):
        score_set(make_sides(), control="dpp")
