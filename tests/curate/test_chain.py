"""Chains of curators: every pair accounted for, a second run changes nothing, memory is bounded."""

import json
import tracemalloc
from collections import Counter
from dataclasses import replace

import pytest

import curation_world as world
import earmark
from earmark.cli import app
from earmark.curate import BY_ROW, CURATORS
from earmark.curate.files import curate_file
from earmark.curate.ledger import PairList
from earmark.curate.steps import steps_of
from earmark.curate.verdict import Change, Drop, Keep
from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.records import Hypothesis, Pair

# Knobs under which each curator drops some of the world's pairs and keeps others.
PAIRWISE = {
    "annotated": {"least_quality": "good", "least_difficulty": "easy"},
    "balance": {"per": "task"},
    "duplicates": {"criterion": "reward"},
    "failure_mode": {"drop": "omission"},
    "first_word_leak": {"most": 0.6, "seen": 2},
    "gap": {"criterion": "reward"},
    "language": {"keep": "mixed", "agrees": True},
    "length_leak": {"most": 0.5},
    "length_ratio": {"least": 0.9, "most": 1.2},
    "near_duplicates": {},
    "order": {"criterion": "reward", "least": 2.0},
    "percentile": {"criterion": "reward", "least": "40+code=80"},
    "random": {},
    "sound": {"least": 0.3},
    "unanimous": {"criteria": "reward+safe"},
}
LISTWISE = {
    "consistency": {"criteria": "safe+helpful"},
    "informativeness": {"criteria": "safe+helpful", "percentile": 60.0},
    "unanimous": {"margin": 1.0},
}
CASES = [(world.pairs(120), name, knobs) for name, knobs in PAIRWISE.items()]
CASES += [(world.listwise(60), name, knobs) for name, knobs in LISTWISE.items()]
# These read files beside the pairs, and are tested where those are made.
WITH_FILES = {"audio", "back_transcription", "people"}
CHAIN = (
    "annotated:least_quality=average,order:criterion=reward,percentile:criterion=reward:least=25,"
    "top_up:criterion=reward:task=math+coding,first_word_leak:most=0.7,duplicates:criterion=reward,"
    "near_duplicates,balance:per=language,random:keep_share=0.9"
)


def ids(pairs):
    return [pair.id for pair in pairs]


def test_every_curator_is_tried_here():
    assert {*PAIRWISE, *LISTWISE, *WITH_FILES, "top_up"} == CURATORS.keys()


@pytest.mark.parametrize(("pairs", "name", "knobs"), CASES, ids=[case[1] for case in CASES])
def test_a_curator_accounts_for_every_pair_and_a_second_run_changes_nothing(pairs, name, knobs):
    result = earmark.curate(pairs, name, **knobs)
    assert 0 < len(result) < len(pairs), "the knobs of this test should divide the pairs"
    assert sorted(ids(result) + [drop.pair.id for drop in result.dropped]) == sorted(ids(pairs))
    assert all(drop.why for drop in result.dropped)
    again = earmark.curate(list(result), name, **knobs)
    assert list(again) == list(result)


@pytest.mark.parametrize("name", sorted(BY_ROW - WITH_FILES))
def test_rows_that_are_decided_alone_can_be_curated_in_shards(name):
    pairs = world.pairs(60)
    whole = ids(earmark.curate(pairs, name, **PAIRWISE[name]))
    shards = [earmark.curate(pairs[n : n + 20], name, **PAIRWISE[name]) for n in (0, 20, 40)]
    assert [id_ for shard in shards for id_ in ids(shard)] == whole


def test_a_chain_on_its_own_output_changes_nothing(tmp_path):
    write_jsonl(tmp_path / "pairs.jsonl", world.pairs(300))
    first = curate_file(tmp_path / "pairs.jsonl", tmp_path / "one.jsonl", steps_of(CHAIN))
    second = curate_file(tmp_path / "one.jsonl", tmp_path / "two.jsonl", steps_of(CHAIN))
    assert 0 < first["kept"] < 250
    assert any(step.get("returned") for step in first["steps"])
    assert second["dropped"] == 0
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


def test_the_chain_of_a_file_is_that_of_a_list_and_nothing_vanishes(tmp_path):
    pairs = world.pairs(150)
    write_jsonl(tmp_path / "pairs.jsonl", pairs)
    result = curate_file(tmp_path / "pairs.jsonl", tmp_path / "kept.jsonl", steps_of(CHAIN))
    in_memory = earmark.curate(pairs, CHAIN)
    kept = earmark.read(tmp_path / "kept.jsonl", Pair)
    assert kept == list(in_memory)
    lines = (tmp_path / "kept.jsonl.dropped.jsonl").read_text("utf-8").splitlines()
    dropped = [json.loads(line) for line in lines]
    assert [(row["id"], row["why"]) for row in dropped] == [
        (drop.pair.id, drop.why) for drop in in_memory.dropped
    ]
    assert sorted(ids(kept) + [row["id"] for row in dropped]) == sorted(ids(pairs))
    by_step = Counter(row["step"] for row in dropped)
    told = {step["step"]: step["dropped"] for step in result["steps"]}
    top_up = next(name for name in told if name.startswith("top_up"))
    assert sum(by_step.values()) == result["dropped"]
    assert all(by_step[name] <= count for name, count in told.items() if name != top_up)
    assert json.loads((tmp_path / "kept.jsonl.tally.json").read_text("utf-8")) == result


def test_the_dropped_file_holds_whole_rows(tmp_path):
    pairs = world.pairs(40)
    write_jsonl(tmp_path / "pairs.jsonl", pairs)
    curate_file(tmp_path / "pairs.jsonl", tmp_path / "kept.jsonl", steps_of("random"))
    by_id = {pair.id: pair for pair in pairs}
    for row in earmark.read(tmp_path / "kept.jsonl.dropped.jsonl", Pair):
        assert row.extra == {"step": "random", "why": "drawn at random"}
        assert replace(row, extra={}) == by_id[row.id]


def test_a_control_has_as_many_pairs_of_the_input_as_the_chain_keeps(tmp_path):
    pairs = world.pairs(100)
    write_jsonl(tmp_path / "pairs.jsonl", pairs)
    drawn = []
    for seed in (0, 0, 1):
        result = curate_file(
            tmp_path / "pairs.jsonl",
            tmp_path / "kept.jsonl",
            steps_of("order:criterion=reward"),
            control=True,
            seed=seed,
        )
        control = earmark.read(tmp_path / "kept.jsonl.control.jsonl", Pair)
        assert len(control) == result["kept"] == result["control"]["pairs"]
        assert all(pair in pairs for pair in control)
        drawn.append(ids(control))
    assert drawn[0] == drawn[1] != drawn[2]
    assert result["control"]["order"]["reward"]["below"] > 0
    assert result["after"]["order"]["reward"]["below"] == 0


def test_pairs_are_changed_with_a_reason_and_keep_their_id():
    def shorter(pairs):
        for pair in pairs:
            yield Change(replace(pair, chosen=pair.chosen[:3]), "cut to 3 characters")

    def counted(pairs):
        return [Keep(p) if len(p.chosen) == 3 else Drop(p, "not cut") for p in pairs]

    result = earmark.curate(world.pairs(4), [shorter, counted])
    assert [len(pair.chosen) for pair in result] == [3] * 4
    assert result.steps[0]["changes"] == {"cut to … characters": 4}

    def silently(pairs):
        return [Keep(replace(pair, chosen="x")) for pair in pairs]

    def renamed(pairs):
        return [Change(replace(pair, id="x"), "why") for pair in pairs]

    with pytest.raises(InputError, match="'p0' comes back in another form; give Change"):
        earmark.curate(world.pairs(4), silently)
    with pytest.raises(InputError, match="is on pair 'x', and pair 1 is 'p0'"):
        earmark.curate(world.pairs(4), renamed)


def test_too_many_or_too_few_verdicts_are_refused():
    def fewer(pairs):
        return [Keep(pair) for pair in list(pairs)[:2]]

    def more(pairs):
        return [*(Keep(pair) for pair in pairs), Keep(world.pairs(1)[0])]

    with pytest.raises(InputError, match="gave 2 verdicts on 3 pairs"):
        earmark.curate(world.pairs(3), fewer)
    with pytest.raises(InputError, match="gave more than 3 verdicts on 3 pairs"):
        earmark.curate(world.pairs(3), more)


def test_top_up_returns_pairs_under_its_own_gates_and_no_copies():
    pairs = world.pairs(200)
    gates = "duplicates:criterion=reward,annotated:least_quality=excellent"
    strict = earmark.curate(pairs, gates)
    more = earmark.curate(
        pairs, f"{gates},top_up:criterion=reward:task=math:least_quality=average:percentile=50"
    )
    added = [pair for pair in more if pair.id not in ids(strict)]
    assert len(added) > 3
    for pair in added:
        assert pair.annotations["task"] == "math"
        assert pair.annotations["input_quality"] != "poor"
        assert pair.scores["reward"][0] > pair.scores["reward"][1]
        assert pair.made_by["curated"][0]["by"] == "top_up"
    copies = {drop.pair.id for drop in more.dropped if "same prompt" in drop.why}
    assert copies
    assert copies.isdisjoint(ids(added))
    limited = earmark.curate(pairs, f"{gates},top_up:criterion=reward:task=math:most=2")
    new = [pair for pair in limited if pair.id not in ids(strict)]
    assert len(new) == 2


REFUSED = [
    ("percentile:criterion=beauty:per=task", "40 of 40 pairs have no scores for 'beauty'"),
    ("percentile:criterion=reward:per=dataset", "40 of 40 pairs have no dataset"),
    ("percentile:criterion=reward:per=number", "40 pairs have 40 different ones, nearly one each"),
    ("order:criterion=odd", r"1 of 40 pairs have no usable scores for 'odd' \(p0\).*missing=drop"),
    ("order", "curator 'order' needs criterion, the name of the pairs' scores; they have odd, rew"),
    ("annotated:task=math", "curator 'annotated' needs task, and 1 of 40"),
    ("language:keep=en", "not one of 40 pairs is kept, so nothing was written: language:keep=en"),
]


@pytest.mark.parametrize(("chain", "message"), REFUSED)
def test_what_a_chain_lacks_is_named_before_work_and_nothing_is_lost(tmp_path, chain, message):
    pairs = [
        replace(
            pair,
            scores={**pair.scores, "odd": [float("nan") if n == 0 else 1.0, 0.0]},
            extra={"number": str(n)},
            annotations=pair.annotations if n else {},
        )
        for n, pair in enumerate(world.pairs(40))
    ]
    write_jsonl(tmp_path / "pairs.jsonl", pairs)
    write_jsonl(tmp_path / "kept.jsonl", pairs[:1])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    ran = []

    def first(pairs):
        ran.extend(pairs)
        return [Keep(pair) for pair in pairs]

    steps = [*steps_of([first]), *steps_of(chain)]
    with pytest.raises((InputError, KnobError), match=message):
        curate_file(tmp_path / "pairs.jsonl", tmp_path / "kept.jsonl", steps)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert bool(ran) == chain.startswith("language"), "named before the first step runs"


def test_pairs_without_scores_are_dropped_where_that_is_wished():
    pairs = world.pairs(30)
    pairs[3] = replace(pairs[3], scores={"reward": [float("nan"), 0.0]})
    pairs[4] = replace(pairs[4], scores={})
    result = earmark.curate(pairs, "percentile:criterion=reward:missing=drop")
    why = {drop.pair.id: drop.why for drop in result.dropped}
    assert "not all finite numbers" in why["p3"]
    assert why["p4"] == "has no scores for 'reward'"


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        ("", "the knobs after their curator; found ''"),
        ("gab", "no curator 'gab'; did you mean 'gap'"),
        ("percentile:criterion=r,least=25", "the knobs after their curator; found 'least=25'"),
        ("percentile:lest=25", "no knob 'lest'; did you mean 'least'"),
        ("percentile:least=150", "a percentile from 0 to 100"),
        ("percentile:least=a=b", "a percentile from 0 to 100"),
        ("order:least=-1", "least should be a margin from 0"),
        ("order:least=x", "curator 'order': least should be a number, found 'x'"),
        ("balance:seed=1.5", "seed should be a whole number, found '1.5'"),
        ("language:agrees=1", "agrees should be true or false"),
        ("language:keep=klingon", "keep should be of: zh, en, mixed, other; found 'klingon'"),
        ("language:script=cursive", "script should be one of: any, simplified, traditional"),
        ("top_up", "curator 'top_up' needs task"),
        ("unanimous:margin=nan", "margin should be a number from 0"),
        ("informativeness:criteria=safe", "criteria should name two criteria"),
        ("near_duplicates:least=0", "above 0 and at most 1"),
        ("length_leak:most=0.4", "0.5 to 1"),
        ("first_word_leak:seen=0", "seen should be a whole number from 1"),
        ("failure_mode", "needs keep or drop"),
        ("annotated:least_quality=fair", "least_quality should be of: very poor"),
        ("order:criterion=a:criterion=b", "the knob 'criterion' is given twice"),
    ],
)
def test_a_chain_that_makes_no_sense_is_refused(chain, message):
    with pytest.raises(KnobError, match=message):
        steps_of(chain)


def test_knobs_of_the_command_line_go_to_every_curator_that_has_them(tmp_path, capsys):
    write_jsonl(tmp_path / "pairs.jsonl", world.pairs(60))
    files = [str(tmp_path / "pairs.jsonl"), str(tmp_path / "kept.jsonl")]
    chain = "order:least=1,percentile,my=0"
    with pytest.raises(KnobError, match="the knobs after their curator"):
        app(["curate", *files, "--by", chain], result_action="return_value")
    command = ["curate", *files, "--by", "order:least=1,percentile", "--criterion", "reward"]
    app([*command, "--control", "--seed", "3"], result_action="return_value")
    tally = json.loads((tmp_path / "kept.jsonl.tally.json").read_text("utf-8"))
    assert tally["curator"] == "order:least=1:criterion=reward,percentile:criterion=reward"
    assert tally["control"]["seed"] == 3
    assert "why the others are not" in capsys.readouterr().err
    with pytest.raises(KnobError, match="none of the curators has a knob 'lest'; did you mean 'le"):
        app([*command, "--lest", "3"], result_action="return_value")


def test_the_form_of_earlier_versions_still_works(tmp_path):
    write_jsonl(tmp_path / "pairs.jsonl", world.pairs(60))
    files = ["--pairs", str(tmp_path / "pairs.jsonl"), "--out", str(tmp_path / "kept.jsonl")]
    gap = ["curate", *files, "--by", "gap", "--criterion", "reward", "--keep-share", "0.5"]
    app([*gap, "--seed", "2"], result_action="return_value")
    assert len(earmark.read(tmp_path / "kept.jsonl", Pair)) == 30
    app(["curate", *files, "--by", "random", "--keep-share", "0.25"], result_action="return_value")
    assert len(earmark.read(tmp_path / "kept.jsonl", Pair)) == 15


def peak(tmp_path, count):
    """Return the most memory that a chain of five takes beside what was there before."""
    write_jsonl(tmp_path / "many.jsonl", (world.pair(n, world.Random(n)) for n in range(count)))
    chain = (
        "order:criterion=reward:least=0.1,percentile:criterion=reward:least=20:per=task,"
        "annotated:least_quality=poor,duplicates:criterion=reward,first_word_leak:most=0.9"
    )
    steps = steps_of(chain)
    tracemalloc.start()
    try:
        # An output that is there already is looked at, which takes 16 MB for a moment.
        curate_file(tmp_path / "many.jsonl", tmp_path / f"{count}.jsonl", steps)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_text_of_the_pairs(tmp_path):
    """A pair takes less than 200 bytes whatever its text is, so a million take less than 200 MB."""
    small, large = peak(tmp_path, 200), peak(tmp_path, 1000)
    assert (large - small) / 800 < 200


def test_a_stream_can_be_read_as_often_as_needed():
    def thrice(pairs):
        assert [len(list(pairs)) for _ in range(3)] == [len(pairs)] * 3
        first = next(iter(pairs), None)
        assert first is None or first == next(iter(pairs))
        together = list(zip(pairs, pairs, strict=True))
        return [Keep(one) if one == other else Drop(one, "differs") for one, other in together]

    pairs = world.pairs(30)
    assert len(earmark.curate(pairs, ["order:criterion=reward", thrice])) == sum(
        pair.scores["reward"][0] > pair.scores["reward"][1] for pair in pairs
    )


def test_people_and_transcripts_come_from_files(tmp_path):
    pairs = world.pairs(4)
    rows = [("p0", "a", "chosen"), ("p0", "b", "chosen"), ("p1", "a", "chosen"), ("p1", "b", "tie")]
    write_jsonl(
        tmp_path / "votes.jsonl",
        [{"pair": p, "judge": j, "preferred": v} for p, j, v in rows],
    )
    votes = str(tmp_path / "votes.jsonl")
    result = earmark.curate(pairs, "people", judgements=votes)
    assert ids(result) == ["p0"]
    assert [drop.why for drop in result.dropped] == [
        "1 of 2 people do not prefer the chosen answer",
        "0 people judged it, fewer than 1",
        "0 people judged it, fewer than 1",
    ]
    write_jsonl(tmp_path / "votes.jsonl", [{"pair": "p0", "judge": "a", "preferred": "maybe"}])
    with pytest.raises(InputError, match=r"votes.jsonl:1: a judgement has pair, judge and prefer"):
        earmark.curate(pairs, "people", judgements=votes)
    sources = [replace(pair, source=f"u{n}") for n, pair in enumerate(pairs)]
    heard = [sources[0].chosen, "something else", sources[2].chosen]
    write_jsonl(
        tmp_path / "heard.jsonl", [Hypothesis(f"u{n}", text) for n, text in enumerate(heard)]
    )
    result = earmark.curate(sources, "back_transcription", heard=str(tmp_path / "heard.jsonl"))
    assert ids(result) == ["p0", "p2"]
    assert result.dropped[0].why.startswith("heard with an error rate of 1")
    assert result.dropped[1].why == "its clip has no transcript"


def test_what_synthesis_has_heard_of_each_language_is_read(tmp_path):
    pair = Pair("p", [], "我想 review 一下", "x", source="u")
    write_jsonl(tmp_path / "check.zh.hyps.jsonl", [Hypothesis("u", "我想一下")])
    write_jsonl(tmp_path / "check.en.hyps.jsonl", [Hypothesis("u", "revue")])
    run = {"heard": str(tmp_path), "most": 0.5}
    assert earmark.curate([pair], "back_transcription", **run).dropped[0].why == (
        "heard with an error rate of 1.00, more than 0.5: 'revue'"
    )
    whole = [Hypothesis("u", "revue"), Hypothesis("u (whole)", "我 review 一下")]
    write_jsonl(tmp_path / "check.en.hyps.jsonl", whole)
    assert len(earmark.curate([pair], "back_transcription", **run)) == 1


def test_pairs_in_memory_are_a_table():
    table = PairList(world.pairs(3))
    with table.reading() as read:
        assert read(2).id == "p2"
    assert [pair.id for pair in table] == ["p0", "p1", "p2"]
