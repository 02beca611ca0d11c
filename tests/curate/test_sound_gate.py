"""Pairs by how much alike their answers sound: limits, reasons, and the command."""

import json
import subprocess
import sys
from itertools import pairwise

import pytest

from earmark.cli.curate import curate
from earmark.curate import CURATORS
from earmark.curate.sound_gate import sound_gate
from earmark.curate.steps import steps_of
from earmark.curate.verdict import Drop, Keep
from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.records import Pair

PROMPT = [{"role": "user", "content": "x"}]
TRUTH = "我在 Boston 读书"
NEAR, FAR, SAME = "我在波士顿读书", "今天天气不错", "我在boston读书！"


def pair(rejected, name="p", chosen=TRUTH):
    return Pair(name, PROMPT, chosen, rejected)


def verdict(rejected, **limits):
    (one,) = sound_gate([pair(rejected)], **limits)
    return one


def test_what_sounds_near_is_kept_and_what_does_not_is_dropped_with_its_similarity():
    assert isinstance(verdict(NEAR), Keep)
    far = verdict(FAR)
    assert isinstance(far, Drop)
    assert far.why.startswith("the rejected answer sounds 0.")
    assert far.why.endswith("like the chosen one, less than 0.6")


def test_what_sounds_the_same_is_dropped_above_the_most():
    assert isinstance(verdict(SAME), Keep)
    assert verdict(SAME, most=0.99).why == (
        "the rejected answer sounds 1.00 like the chosen one, more than 0.99"
    )
    assert isinstance(verdict(NEAR, most=0.99), Keep)
    assert isinstance(verdict(FAR, least=0, most=0.5), Keep)


def test_every_rejected_answer_is_held_against_the_limits():
    assert isinstance(verdict([NEAR, SAME]), Keep)
    assert verdict([NEAR, FAR]).why.startswith("rejected answer 2 sounds 0.")


def test_a_higher_least_never_keeps_more():
    pairs = [pair(text, str(i)) for i, text in enumerate([NEAR, FAR, SAME, "我在", "我在伦敦读书"])]
    kept = [
        {v.pair.id for v in sound_gate(pairs, least=step / 20) if isinstance(v, Keep)}
        for step in range(21)
    ]
    assert all(more >= fewer for more, fewer in pairwise(kept))
    assert kept[0] == set("01234")
    assert kept[20] == {"2"}


@pytest.mark.parametrize("rejected", ["", "…", "привет"])
def test_an_answer_without_a_known_sound_is_dropped(rejected):
    assert verdict(rejected, least=0).why == "the sound of the rejected answer is not known"
    (one,) = sound_gate([pair(NEAR, chosen=rejected)], least=0)
    assert one.why == "the sound of the chosen answer is not known"


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"least": -0.1}, "least should be a similarity from 0 to 1, found -0.1"),
        ({"most": 1.5}, "most should be a similarity from 0 to 1, found 1.5"),
        ({"least": float("nan")}, "least should be a similarity from 0 to 1, found nan"),
        ({"least": "0.5"}, "least should be a similarity from 0 to 1, found '0.5'"),
        ({"least": 0.9, "most": 0.5}, "least should be at most as large as most"),
        ({"nearest": 0.5}, "has no knob 'nearest'"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limits, message):
    with pytest.raises(KnobError, match=message):
        steps_of("sound", limits)


def test_answers_that_are_no_text_are_refused():
    typed = [{"type": "audio", "audio": "a.wav"}]
    with pytest.raises(InputError, match="pair 'p': the sound of an answer is worked out from"):
        list(sound_gate([Pair("p", PROMPT, TRUTH, [typed])]))


def test_the_command_takes_the_limits(tmp_path):
    write_jsonl(tmp_path / "pairs.jsonl", [pair(NEAR, "near"), pair(FAR, "far")])
    out = tmp_path / "kept.jsonl"
    curate(tmp_path / "pairs.jsonl", out, by="sound", least=0.5, most=0.98)
    assert [json.loads(line)["id"] for line in out.read_text("utf-8").splitlines()] == ["near"]
    (dropped,) = (tmp_path / "kept.jsonl.dropped.jsonl").read_text("utf-8").splitlines()
    assert json.loads(dropped)["id"] == "far"
    tally = json.loads((tmp_path / "kept.jsonl.tally.json").read_text())
    assert tally["curator"] == "sound:least=0.5:most=0.98"
    assert CURATORS["sound"] is sound_gate


def test_the_command_line_takes_a_curators_knobs(tmp_path):
    pairs, out = tmp_path / "p.jsonl", tmp_path / "o.jsonl"
    write_jsonl(pairs, [pair(NEAR, "near"), pair(FAR, "far")])
    command = [sys.executable, "-m", "earmark", "curate", "--pairs", pairs, "--out", out]
    subprocess.run([*command, "--by", "sound", "--least", "0.6"], check=True)
    assert [json.loads(line)["id"] for line in out.read_text("utf-8").splitlines()] == ["near"]
    wrong = subprocess.run([*command, "--by", "sound", "--leest", "0.6"], capture_output=True)
    assert wrong.returncode == 1
    assert b"did you mean 'least'?" in wrong.stderr
