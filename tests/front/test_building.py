"""Pairs from Python: built, mined, chosen, read, written; own parts are held to rules."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import earmark
import own_parts
from earmark import Hypothesis, InputError, KnobError, Pair, Utterance
from earmark.cli import app
from earmark.speech.audio import write_audio

TEXTS = ["我今天想 review 那个 proposal", "Can you 帮我 book the 会议室"]


@pytest.fixture
def utterances(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    write_audio(tmp_path / "corpus/a.wav", np.zeros(8000, np.float32) + 0.1)
    return [Utterance(f"u{i}", text, "corpus/a.wav") for i, text in enumerate(TEXTS)]


def call(command):
    app(command.split(), exit_on_error=False, result_action="return_value")


def audio_of(pair):
    return pair.prompt[0]["content"][0]["audio"]


def test_pairs_are_a_sequence_that_prints_its_tally(utterances):
    pairs = earmark.imitate(utterances, mix={"omit_embedded": 1, "loop": 1}, each=True)
    assert len(pairs) == 4
    assert {pair.failure_modes[0] for pair in pairs} == {"omit_embedded", "loop"}
    assert "4 pairs of 2 utterances" in str(pairs)
    assert pairs.to_dict()["written"] == {"loop": 2, "omit_embedded": 2}
    assert audio_of(pairs[0]) == "corpus/a.wav"


def test_the_same_pairs_as_the_command_makes(utterances):
    earmark.write(utterances, "corpus/utterances.jsonl")
    call("pairs imitate --utterances corpus/utterances.jsonl --out p.jsonl")
    assert earmark.read("p.jsonl") == list(earmark.imitate("corpus/utterances.jsonl"))


def test_paths_are_seen_from_the_folder_of_a_file_and_from_here_in_memory(utterances):
    pairs = earmark.imitate(utterances, mix="loop=1")
    os.mkdir("out")
    earmark.write(pairs, "out/pairs.jsonl")
    row = json.loads(Path("out/pairs.jsonl").read_text().splitlines()[0])
    assert row["prompt"][0]["content"][0]["audio"] == "../corpus/a.wav"
    assert earmark.read("out/pairs.jsonl") == list(pairs)
    earmark.write(utterances, "out/u.jsonl")
    assert earmark.read("out/u.jsonl") == utterances
    hyps = [Hypothesis("u0", "x", cut=False)]
    assert earmark.read(earmark.write(hyps, "out/h.jsonl")) == hyps


def test_what_is_no_record_is_not_written(utterances, tmp_path):
    with pytest.raises(InputError, match="record 2 should be"):
        earmark.write([utterances[0], "text"], "w.jsonl")
    assert not (tmp_path / "w.jsonl").exists()
    with pytest.raises(KnobError, match=r"found .w\.jsonl. first"):
        earmark.write("w.jsonl", utterances)


@pytest.mark.parametrize(
    "how",
    [
        {"mix": {"stutter": 1}, "modes": {"stutter": own_parts.STUTTER}},
        {"mix": "own_parts:STUTTER=1"},
    ],
)
def test_a_failure_mode_of_ones_own_is_imitated(utterances, how):
    pairs = earmark.imitate(utterances, **how)
    assert [pair.rejected for pair in pairs] == [f"呃呃 {text}" for text in TEXTS]
    assert pairs[0].failure_modes in (["stutter"], ["own_parts:STUTTER"])


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("BLIND", "detect does not find what imitate makes"),
        ("SUSPICIOUS", "detect finds the truth itself"),
        ("exact", "should be an earmark.Mode, found function"),
        ("nothing", "'own_parts' has no 'nothing'"),
    ],
)
def test_a_failure_mode_that_breaks_its_contract_is_refused(utterances, mode, message):
    with pytest.raises(KnobError, match=message):
        earmark.imitate(utterances, mix=f"own_parts:{mode}=1")
    with pytest.raises(KnobError, match=message):
        earmark.mine(utterances, TEXTS, labels=[f"own_parts:{mode}"])


def test_failures_of_a_mode_of_ones_own_are_mined(utterances):
    heard = [f"呃呃 {TEXTS[0]}", TEXTS[1]]
    assert earmark.mine(utterances, ["我", TEXTS[1]]).tally.dropped
    pairs = earmark.mine(utterances, heard, labels=["own_parts:STUTTER"])
    assert [(p.id, p.rejected, p.failure_modes) for p in pairs] == [
        ("u0/1", heard[0], ["own_parts:STUTTER"])
    ]
    assert pairs[0].made_by["failures"][0]["detail"] == "stutter"
    with pytest.raises(InputError, match="not one pair could be made"):
        earmark.mine(utterances, TEXTS)
    with pytest.raises(KnobError, match="one system or several"):
        earmark.mine(utterances)


@pytest.mark.parametrize("change", [{"text": " "}, {"audio": None}, {"audio": "gone.wav"}])
def test_an_utterance_that_no_pair_can_be_made_of_is_refused(utterances, change):
    row = {"id": "x", "text": "好的", "audio": "corpus/a.wav"} | change
    with pytest.raises(InputError, match="utterance 'x'"):
        earmark.imitate([{k: v for k, v in row.items() if v is not None}])
    with pytest.raises(InputError, match="'u0'; ids must be unique"):
        earmark.imitate([utterances[0], utterances[0]])


PAIRS = [
    Pair(f"p{i}", [{"role": "user", "content": "x"}], text, "b")
    for i, text in enumerate("a" * n for n in (3, 30))
]


@pytest.mark.parametrize("by", [own_parts.short, "own_parts:short"])
def test_a_curator_of_ones_own_keeps_and_drops_with_reasons(by):
    result = earmark.curate(PAIRS, by)
    assert list(result) == PAIRS[:1]
    assert [(drop.pair.id, drop.why) for drop in result.dropped] == [
        ("p1", "more than 10 characters")
    ]
    counts = {"seen": 2, "kept": 1, "dropped": 1}
    step = {"step": "own_parts:short", **counts, "reasons": {"more than … characters": 1}}
    assert result.to_dict() == {
        "curator": "own_parts:short",
        "kept": 1,
        "dropped": 1,
        "steps": [step],
    }
    assert "more than … characters" in str(result)
    assert list(earmark.curate(PAIRS, by, longest=99)) == PAIRS


@pytest.mark.parametrize(
    ("by", "knobs", "message"),
    [
        ("own_parts:short", {"longst": 3}, "no knob 'longst'; did you mean 'longest'"),
        ("own_parts:forgetful", {"seed": 3}, "no knob 'seed'; it has none"),
        ("own_parts:forgetful", {}, "verdict 1 is on pair 'p1', and pair 1 is 'p0'"),
        ("own_parts:silent", {}, "'p0' is dropped without a reason"),
        ("own_parts:exact", {}, "needs answer"),
        ("own_parts:STUTTER", {}, "should be a function"),
        ("gab", {}, "no curator 'gab'; did you mean 'gap'"),
        ("random", {"keep_share": 0.0}, "keep_share should be above 0"),
    ],
)
def test_a_curator_that_breaks_its_contract_is_refused(by, knobs, message):
    with pytest.raises((KnobError, InputError), match=message):
        earmark.curate(PAIRS, by, **knobs)


def test_commands_take_a_failure_mode_of_ones_own(utterances):
    earmark.write(utterances, "u.jsonl")
    call("pairs imitate --utterances u.jsonl --out p.jsonl --mix own_parts:STUTTER=1")
    pairs = earmark.read("p.jsonl")
    assert [pair.rejected for pair in pairs] == [f"呃呃 {text}" for text in TEXTS]
    earmark.write([Hypothesis(p.source, p.rejected) for p in pairs], "h.jsonl")
    command = "pairs mined --utterances u.jsonl --hyps h.jsonl --out m.jsonl"
    call(f"{command} --labels own_parts:STUTTER")
    assert [pair.rejected for pair in earmark.read("m.jsonl")] == [p.rejected for p in pairs]


def test_the_command_takes_a_curator_of_ones_own_with_its_knobs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    earmark.write(PAIRS, "p.jsonl")
    command = "curate --pairs p.jsonl --out kept.jsonl --by own_parts:short --longest 5"
    call(command)
    assert earmark.read("kept.jsonl") == PAIRS[:1]
    tally = json.loads(Path("kept.jsonl.tally.json").read_text())
    assert tally["curator"] == "own_parts:short:longest=5"
    assert (tally["kept"], tally["dropped"]) == (1, 1)
