"""Devices that are none, or are not here, are refused before pairs, clips or a model are read."""

import sys

import pytest
import torch

from earmark.cli import main
from earmark.errors import KnobError
from earmark.policies.load import load_policy
from earmark.train.arguments import training_arguments
from earmark.train.settings import TrainSettings

UNKNOWN = "device '{}' is unknown; expected auto, cpu, cuda, or cuda:N"
ABSENT = "device '{}' is not here: torch finds {} GPU(s); expected auto or cpu"
GONE = f"cuda:{torch.cuda.device_count() + 7}"
NAMES = [*((name, UNKNOWN) for name in ("gpu", "x", "GPU", "cuda:", "cuda:-1", "")), (GONE, ABSENT)]
if not torch.cuda.is_available():
    NAMES.append(("cuda", ABSENT))
COMMANDS = {
    "train": ["--pairs", "{}/absent.jsonl", "--model", "{}/absent", "--out", "{}/run"],
    "transcribe": ["--utterances", "{}/a.jsonl", "--model", "{}/absent", "--out", "{}/h.jsonl"],
}


def said(name, message):
    return message.format(name, torch.cuda.device_count())


@pytest.mark.parametrize(("name", "message"), NAMES)
def test_the_parts_refuse_a_device(name, message, tmp_path):
    for use in (
        lambda: load_policy(str(tmp_path / "absent"), device=name),
        lambda: training_arguments(TrainSettings(device=name), tmp_path / "run"),
    ):
        with pytest.raises(KnobError) as error:
            use()
        assert said(name, message) in str(error.value)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("name", "message"), [n for n in NAMES if n[1] is UNKNOWN])
def test_a_name_of_no_device_is_refused_before_a_file_is_read(
    command, name, message, tmp_path, monkeypatch, capsys
):
    options = [part.format(tmp_path) for part in COMMANDS[command]]
    monkeypatch.setattr(sys, "argv", ["earmark", command, *options, f"--device={name}"])
    with pytest.raises(SystemExit):
        main()
    assert said(name, message) in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_device_that_is_not_here_is_refused_before_clips_are_read(tmp_path, monkeypatch, capsys):
    (tmp_path / "u.jsonl").write_text('{"id": "a", "audio": "absent.wav"}\n')
    options = ["--utterances", "u.jsonl", "--model", "absent", "--out", "h.jsonl"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["earmark", "transcribe", *options, "--device", GONE])
    with pytest.raises(SystemExit):
        main()
    assert said(GONE, ABSENT) in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == [tmp_path / "u.jsonl"]
