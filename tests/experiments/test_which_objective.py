"""The comparison of objectives: pairs are disturbed as said, rates chosen, runs resumed, paired."""

import json
import re
from dataclasses import asdict, replace

import pytest

from earmark.errors import InputError, KnobError
from earmark.experiments.cells import (
    Cell,
    check_scale,
    choose_rate,
    read_result,
    result_path,
    write_result,
)
from earmark.experiments.clock import Clock, OutOfTimeError
from earmark.experiments.disturb import flip, one_rejected, spoil_chosen, with_accuracy
from earmark.experiments.kept import keep_results, unpack_results
from earmark.experiments.outcomes import Outcome, paired, verdict
from earmark.experiments.which_objective import schedule
from earmark.experiments.which_objective.arms import ARMS, CORE, arms_under, choose_arms
from earmark.experiments.which_objective.claims import CLAIMS
from earmark.experiments.which_objective.conditions import CONDITIONS
from earmark.experiments.which_objective.outcomes import chosen_shift, read_outcomes
from earmark.experiments.which_objective.schedule import Plan, Sweep, plan_of_results
from earmark.experiments.which_objective.tables import (
    answer_table,
    claims_table,
    differences,
    measured,
    overview,
)
from earmark.experiments.which_objective.world import SLICE, Scale, World
from earmark.objectives import OBJECTIVES
from earmark.records import Pair
from earmark.text import tokenize
from earmark.train.trainer import LossError

WORDS = ["we", "share", "会议", "notes", "at", "noon", "with", "everyone"]


def rows(count: int, losers: int = 1) -> list[Pair]:
    made = []
    for i in range(count):
        rejected = [f"wrong {WORDS[(i + j) % len(WORDS)]} {j}" for j in range(losers)]
        modes = [f"mode{j}" for j in range(losers)]
        made.append(Pair(f"p{i}", [], f"{' '.join(WORDS)} {i}", rejected, modes))
    return made


def swapped(before: list[Pair], after: list[Pair]) -> set[str]:
    return {a.id for b, a in zip(before, after, strict=True) if a.chosen != b.chosen}


def test_flips_are_exact_seeded_and_nested():
    pairs = rows(50)
    few, many = flip(pairs, 0.2, seed=3), flip(pairs, 0.4, seed=3)
    assert len(swapped(pairs, few)) == 10
    assert len(swapped(pairs, many)) == 20
    assert swapped(pairs, few) < swapped(pairs, many)
    assert flip(pairs, 0.2, seed=3) == few
    assert swapped(pairs, flip(pairs, 0.2, seed=4)) != swapped(pairs, few)
    for before, after in zip(pairs, few, strict=True):
        assert {after.chosen, *after.losers} == {before.chosen, *before.losers}
        assert after.made_by.get("flipped", False) == (after.chosen != before.chosen)
    with pytest.raises(ValueError, match="unpack"):
        flip(rows(2, losers=2), 1.0, seed=0)


def test_noise_hits_the_share_it_should_and_leaves_the_rejected():
    pairs = rows(200)
    spoilt = spoil_chosen(pairs, 0.2, seed=1)
    assert spoil_chosen(pairs, 0.2, seed=1) == spoilt
    assert spoil_chosen(pairs, 0.0, seed=1) == pairs
    assert [p.rejected for p in spoilt] == [p.rejected for p in pairs]
    scored = with_accuracy([replace(b, rejected=s.chosen) for b, s in zip(pairs, spoilt)])  # noqa: B905
    lost = 1 - sum(pair.scores["accuracy"][1] for pair in scored) / len(scored)
    assert 0.15 < lost < 0.22  # a word may be replaced by itself
    assert all(tokenize(pair.chosen) for pair in spoil_chosen(pairs, 1.0, seed=1))


def test_one_rejected_is_drawn_by_seed_and_id_and_keeps_its_mode():
    pairs = rows(60, losers=3)
    single = one_rejected(pairs, seed=0)
    assert one_rejected(pairs[30:], seed=0) == single[30:]
    assert {mode for pair in single for mode in pair.failure_modes} == {"mode0", "mode1", "mode2"}
    for pair, of in zip(single, pairs, strict=True):
        assert of.losers.index(pair.rejected) == of.failure_modes.index(pair.failure_modes[0])


def test_scores_are_counted_against_what_a_row_calls_chosen():
    truth = Pair("a", [], "we share 会议", ["we share", "no no no no no no no no"])
    assert with_accuracy([truth])[0].scores == {"accuracy": [1.0, 0.5, 0.0]}
    flipped = flip([replace(truth, rejected="we share")], 1.0, seed=0)
    assert with_accuracy(flipped)[0].scores == {"accuracy": [1.0, 0.0]}


def test_every_objective_is_an_arm_and_controls_come_first():
    assert OBJECTIVES.keys() <= ARMS.keys()
    assert choose_arms("all")[:2] == ("sft", "dpo")
    assert set(choose_arms("core")) == set(CORE)
    with pytest.raises(KnobError, match="did you mean 'gamma_dpo'"):
        choose_arms("gama_dpo")
    assert "s_dpo" not in arms_under(CORE, CONDITIONS["clean"])
    assert "s_dpo" in arms_under(CORE, CONDITIONS["several"])
    assert ARMS["robust_dpo"].knobs(CONDITIONS["flipped-40"]) == {"flip_rate": 0.4}
    assert ARMS["dpo"].knobs(CONDITIONS["flipped-40"]) == {}
    for claim in CLAIMS:
        assert {claim.arm, claim.control} <= ARMS.keys()
        assert claim.arm in arms_under(tuple(ARMS), CONDITIONS[claim.condition])
        control = CONDITIONS[claim.control_condition or claim.condition]
        assert claim.control in arms_under(tuple(ARMS), control)
        assert (claim.control_condition or "clean") in CONDITIONS


def test_the_rate_is_the_best_on_development_and_a_failed_run_is_worst():
    assert choose_rate({3e-4: [0.1, 0.1], 1e-4: [0.3, 0.0]}) == 3e-4
    assert choose_rate({1e-4: [0.2], 3e-5: [0.2], 3e-4: [0.3]}) == 3e-5
    assert choose_rate({1e-4: [0.2, 0.9], 3e-4: [0.0, None]}) == 1e-4


def test_results_of_another_scale_are_refused(tmp_path):
    check_scale(tmp_path, SLICE)
    check_scale(tmp_path, SLICE)
    with pytest.raises(InputError, match="other values of steps"):
        check_scale(tmp_path, replace(SLICE, steps=9))


def result(errors: int, **more) -> dict:
    counts = {"errors": errors, "tokens": 100, "utterances": 10, "labels": {"omission": 1}}
    names = ("codeswitch", "codeswitch-heldout", "english", "mandarin")
    found = {"development": errors / 100, "cpu_s": 2.0, "chosen_logps": -3.0, "chosen_shift": 1.0}
    return {**found, "test": dict.fromkeys(names, counts), **more}


def test_the_paired_interval_by_hand():
    arm = Outcome(1e-4, False, {s: result(e) for s, e in enumerate([10, 20, 30])})
    control = Outcome(1e-4, False, {s: result(e) for s, e in enumerate([11, 23, 32])})
    # differences -1, -3, -2 points: mean -2, deviation 1, half 4.3027 / sqrt(3)
    found = paired(arm, control, "codeswitch")
    assert found.mean == pytest.approx(-0.02)
    assert found.high == pytest.approx(-0.02 + 0.01 * 4.3027 / 3**0.5)
    assert verdict(found) == "not shown"
    assert verdict(paired(arm, arm, "english")) == "not shown"
    less = Outcome(1e-4, False, {1: result(20), 7: result(0)})
    assert paired(less, control, "codeswitch") == pytest.approx((-0.03, None, None), nan_ok=True)
    assert paired(arm, None, "codeswitch") is None


def test_the_shift_of_a_run_without_reference_starts_where_its_twin_did():
    twin = Outcome(1e-4, False, {0: result(1, chosen_logps=-2.0, chosen_shift=3.0)})
    free = Outcome(1e-4, False, {0: result(1, chosen_logps=-1.0, chosen_shift=None)})
    assert chosen_shift(twin, None) == 3.0
    assert chosen_shift(free, twin) == 4.0
    assert chosen_shift(free, None) is None


PLAN = Plan(["clean"], ("sft", "dpo"), seeds=2)
MADE_UP = Scale(rates=(1e-4, 3e-4), rate_seeds=1)


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """A sweep whose runs cost nothing: 1e-4 is the better rate, DPO at 3e-4 breaks."""

    class FakeTrial:
        def __init__(self, world, cell, pairs, references=()):
            self.world, self.cell = world, cell

        def developed(self):
            trained.append(self.cell)
            if self.cell[1:3] == ("dpo", 3e-4):
                raise LossError("no number")
            made = {"development": self.cell.rate, "cpu_s": 1.0}
            return write_result(self.world.out, self.cell, made)

        def tested(self):
            tested.append(self.cell)
            errors = 20 + self.cell.seed - 3 * (self.cell.arm == "dpo")
            return write_result(
                self.world.out, self.cell, result(errors, development=self.cell.rate)
            )

        def forget(self, keep_model=False):
            pass

    trained, tested = [], []
    monkeypatch.setattr(schedule, "Trial", FakeTrial)
    monkeypatch.setattr(schedule, "warm", lambda trial: None)
    monkeypatch.setattr(World, "pairs", lambda *_: [])
    path = tmp_path / "results/base.json"
    path.parent.mkdir()
    path.write_text(json.dumps(result(40)))

    def run(budget_s=float("inf")) -> bool:
        trained.clear()
        tested.clear()
        world = World(tmp_path, MADE_UP)
        return Sweep(world, PLAN, Clock(PLAN.runs(2, 1), budget_s)).run()

    return run, trained, tested, tmp_path


def test_a_sweep_tests_the_chosen_rate_alone_once_and_resumes(sweep):
    run, trained, tested, out = sweep
    assert run()
    assert len(trained) == PLAN.runs(2, 1) == 6
    assert {cell.rate for cell in tested} == {1e-4}
    assert len(tested) == 4
    assert "failed" in read_result(out, Cell("clean", "dpo", 3e-4, 0))
    assert run()
    assert trained == tested == []
    result_path(out, Cell("clean", "sft", 1e-4, 1)).unlink()
    assert run()
    assert trained == tested == [Cell("clean", "sft", 1e-4, 1)]


def test_a_sweep_stops_in_time_and_goes_on(sweep):
    run, trained, _, _ = sweep
    assert not run(budget_s=-1)
    assert trained == []
    with pytest.raises(OutOfTimeError):
        Clock(1, -1).check()
    assert run()
    assert len(trained) == 6


def test_the_tables_say_what_the_results_say(sweep):
    run, _, _, out = sweep
    run()
    outcomes = read_outcomes(World(out, MADE_UP), PLAN)
    (base, sft, dpo) = measured(outcomes, "clean").rows
    assert [row[0] for row in (base, sft, dpo)] == ["base", "sft", "dpo"]
    assert base[2].startswith("40.0")
    assert sft[1] == "0.0001 (edge)"
    assert differences(outcomes, "clean").rows[1][1].startswith("−3.0 [−3.0,")
    (claim,) = claims_table(outcomes).rows
    assert claim[1:3] == ("dpo (clean)", "sft")
    assert claim[-1] == "lower"
    (answer,) = answer_table(outcomes, ["clean"]).rows
    assert answer[:2] == ("clean", "dpo")
    (sft_alone, beside) = overview(outcomes, ["clean"]).rows
    assert (beside[0], beside[1]) == ("dpo", "**−3.0**")
    assert sft[2].startswith(sft_alone[1])


def test_the_overview_leaves_out_what_ran_once_and_marks_what_is_shown():
    def outcome(*errors):
        return Outcome(1e-4, False, {seed: result(error) for seed, error in enumerate(errors)})

    sft = outcome(20, 20, 20)
    outcomes = {("clean", "sft"): sft, ("clean", "ipo"): outcome(9, 9, 9)}
    outcomes |= {(at, "dpo"): outcome(15, 16, 14) for at in ("clean", "mined")}
    outcomes |= {("mined", "sft"): outcome(14, 17, 15)}
    found = overview(outcomes, ["clean", "mined", "several"]).rows
    assert [row[0] for row in found] == ["sft", "dpo"]
    assert found[1][1:] == ("**−5.0**", "−0.3", "")


SMALLEST = Scale((1e-4,), steps=2, batch_size=4, pool=14, most_pairs=10, mined_from=14, test_size=4)


def test_results_in_one_file_print_the_same_tables(sweep):
    run, _, _, out = sweep
    assert run()
    check_scale(out, MADE_UP)
    kept, again = out / "results.jsonl", out / "again"
    assert keep_results(out, kept) == 6
    assert unpack_results(kept, again, Scale) == MADE_UP
    plan = plan_of_results(again)
    assert (plan.conditions, tuple(plan.arms), plan.seeds) == (["clean"], ("sft", "dpo"), 2)
    assert read_outcomes(World(again, MADE_UP), plan) == read_outcomes(World(out, MADE_UP), PLAN)


def test_what_is_no_file_of_results_is_refused(tmp_path):
    with pytest.raises(InputError, match="no results here"):
        keep_results(tmp_path / "none", tmp_path / "x.jsonl")
    (tmp_path / "x.jsonl").write_text('{"id": 1}\n')
    with pytest.raises(InputError, match="expected the results of a comparison"):
        unpack_results(tmp_path / "x.jsonl", tmp_path / "more", Scale)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"condition": "../.."}, "'../..' is no name of a condition"),
        ({"arm": ".."}, "'..' is no name of a condition or an arm"),
        ({"arm": 3}, "3 is no name of"),
        ({"seed": "0/../../x"}, "expected a rate and a seed, found 0.1 and '0/../../x'"),
        ({"rate": "0.1"}, "expected a rate and a seed, found '0.1' and 0"),
    ],
)
def test_results_of_a_file_are_written_below_the_folder_alone(tmp_path, changed, said):
    run = {"condition": "clean", "arm": "sft", "rate": 0.1, "seed": 0, **changed}
    head = {"scale": asdict(MADE_UP), "base": {}}
    kept = tmp_path / "x.jsonl"
    kept.write_text(f"{json.dumps(head)}\n{json.dumps(run)}\n")
    with pytest.raises(InputError, match=re.escape(said)):
        unpack_results(kept, tmp_path / "a" / "b", Scale)
    assert [path.name for path in tmp_path.iterdir()] == ["x.jsonl"]


def test_a_smallest_comparison_from_speech_to_tables(tmp_path):
    plan = Plan(["mined"], ("sft", "dpo", "mrpo"), seeds=1)
    world = World(tmp_path, SMALLEST)
    mined, matched = (world.pairs(CONDITIONS[name], 0) for name in ("mined", "imitated-failing"))
    assert [pair.source for pair in matched] == [pair.source for pair in mined]
    assert Sweep(world, plan, Clock(plan.runs(1, 1), float("inf"))).run()
    outcomes = read_outcomes(world, plan)
    assert [row[0] for row in measured(outcomes, "mined").rows] == ["base", *plan.arms]
    sft, dpo = (outcomes["mined", arm] for arm in ("sft", "dpo"))
    assert sft.seeds[0]["chosen_shift"] is None
    assert dpo.seeds[0]["cpu_s"] > 0
    # After two steps, one of them warming up, hardly anything has moved.
    assert abs(chosen_shift(sft, dpo)) < 3
    assert not (tmp_path / "runs").exists()
