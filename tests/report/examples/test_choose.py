"""Examples are chosen by rule: the good and the bad have their turns, each utterance once."""

import pytest

from earmark.report.examples.choose import Choice, Tally, choose, tallies
from earmark.report.test_set import Outcome

OUTCOMES = {
    "fixed": {"base": Outcome(8, 8, "omission"), "dpo": Outcome(0, 8, "ok")},
    "better": {"base": Outcome(4, 8, "error"), "dpo": Outcome(1, 8, "error")},
    "same": {"base": Outcome(0, 8, "ok"), "dpo": Outcome(0, 8, "ok")},
    "worse": {"base": Outcome(0, 8, "ok"), "dpo": Outcome(2, 8, "translation")},
    "loop": {"base": Outcome(2, 8, "error"), "dpo": Outcome(900, 8, "hallucination")},
}
SYSTEMS = ["base", "dpo"]


def test_the_largest_fall_and_the_largest_rise_come_first() -> None:
    chosen = choose(OUTCOMES, SYSTEMS, count=2)
    assert chosen == [
        Choice("fixed", "Largest improvement over base"),
        Choice("loop", "Worse than base"),
    ]


def test_every_failure_has_its_turn() -> None:
    chosen = choose(OUTCOMES, SYSTEMS, count=5)
    assert sorted(choice.id for choice in chosen) == sorted(OUTCOMES)
    rules = {choice.rule for choice in chosen}
    assert {"Drawn among: error", "Drawn among: translation"} <= rules


def test_each_utterance_is_shown_once_and_no_more_than_asked() -> None:
    for count in range(8):
        ids = [choice.id for choice in choose(OUTCOMES, SYSTEMS, count=count, seed=3)]
        assert len(ids) == len(set(ids)) == min(count, len(OUTCOMES))


def test_an_unchanged_utterance_is_neither_better_nor_worse() -> None:
    for choice in choose(OUTCOMES, SYSTEMS, count=5):
        if choice.id == "same":
            assert choice.rule == "Drawn among all"


def test_the_draw_depends_on_the_seed_alone() -> None:
    many = {
        str(i): {"base": Outcome(1, 9, "error"), "dpo": Outcome(1, 9, "error")} for i in range(99)
    }
    assert choose(many, SYSTEMS, count=6, seed=1) == choose(many, SYSTEMS, count=6, seed=1)
    assert choose(many, SYSTEMS, count=6, seed=1) != choose(many, SYSTEMS, count=6, seed=2)


def test_equal_changes_show_the_longer_truth_first() -> None:
    outcomes = {
        "short": {"base": Outcome(2, 2, "error"), "dpo": Outcome(0, 2, "ok")},
        "long": {"base": Outcome(9, 9, "error"), "dpo": Outcome(0, 9, "ok")},
    }
    assert choose(outcomes, SYSTEMS, count=1)[0].id == "long"


def test_one_system_alone_shows_its_worst() -> None:
    alone = {id_: {"base": of["base"]} for id_, of in OUTCOMES.items()}
    chosen = choose(alone, ["base"], count=1)
    assert chosen == [Choice("fixed", "Most errors")]
    assert tallies(alone, ["base"]) == []


def test_the_tally_counts_every_utterance() -> None:
    assert tallies(OUTCOMES, SYSTEMS) == [Tally("dpo", better=2, same=1, worse=2)]


@pytest.mark.parametrize(("errors", "tokens", "rate"), [(0, 0, 0.0), (3, 0, 1.0), (1, 4, 0.25)])
def test_an_empty_truth_never_divides_by_zero(errors: int, tokens: int, rate: float) -> None:
    assert Outcome(errors, tokens, "error").capped_rate == rate
