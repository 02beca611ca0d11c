"""The race of Whisper's steps and the table of windows, in miniature."""

import json

import pytest

import training_speed
import whisper_window
from earmark.errors import KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.speech.audio import write_audio
from tiny_world import noise
from training_steps import whisper_step
from training_steps.earmark_step import CACHED, TOWER_LIVE
from training_steps.race import UnlikeError
from training_steps.whisper_step import FASTEST, PLAIN, PLAINEST, WINDOWS, measure_whisper
from whisper_random import build_whisper

TINY = "whisper-tiny-test"


@pytest.mark.parametrize("tuning", ["lora", "full"])
def test_earmarks_step_is_the_plain_way_with_either_window(tuning, tmp_path):
    (case,) = whisper_step.cases_of(TINY, [3], [tuning], 50)
    found = measure_whisper(case, tmp_path, 1)
    assert {*found} == {f"{way}, {w}" for way in (CACHED, TOWER_LIVE, PLAIN) for w in WINDOWS}
    assert max(compared.gradient_difference for _, compared in found.values()) < 1e-4
    heard = {name: compared.clips_per_pair for name, (_, compared) in found.items()}
    assert heard[FASTEST] == 0
    # Chosen and rejected, policy and reference: four times a pair.
    assert heard[PLAINEST] == 4


def test_a_plain_way_with_another_loss_is_not_timed(tmp_path, monkeypatch):
    (case,) = whisper_step.cases_of(TINY, [1], ["lora"], 50)
    monkeypatch.setattr(whisper_step, "BETA", 0.2)
    with pytest.raises(UnlikeError, match="loss"):
        measure_whisper(case, tmp_path, 1)


def test_the_last_line_has_the_ratios(tmp_path, capsys):
    options = ["--whisper", TINY, "--losers", "1", "--tuning", "full", "--audio-tokens", "50"]
    training_speed.whisper(
        training_speed.parsed([*options, "--repeats", "1", "--out", str(tmp_path)])
    )
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    (case,) = whisper_step.cases_of(TINY, [1], ["full"], 50)
    assert last["ratios"].keys() == {case.name}
    with pytest.raises(KnobError, match="no 'whisper-bas'; did you mean 'whisper-base'"):
        training_speed.whisper(training_speed.parsed(["--whisper", "whisper-bas"]))


def test_windows_are_tabulated(tmp_path, rng, capsys, monkeypatch):
    network, processor = build_whisper(max_target_positions=160)
    network.save_pretrained(tmp_path / "model")
    processor.save_pretrained(tmp_path / "model")
    for name in "ab":
        write_audio(tmp_path / f"{name}.wav", noise(rng, 1.0))
    rows = [{"id": name, "audio": f"{name}.wav", "text": "我 go"} for name in "ab"]
    write_jsonl(tmp_path / "m.jsonl", rows)
    monkeypatch.setattr(whisper_window, "SILENCES_S", (0.0, 30.0))
    parser = ["--model", str(tmp_path / "model"), "--utterances", str(tmp_path / "m.jsonl")]
    heard = whisper_window.run(whisper_window.parsed(parser))
    assert heard[30.0].logps != heard[0.0].logps
    assert "| whole window |" in capsys.readouterr().out
