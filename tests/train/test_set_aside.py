"""Pairs that cannot be trained on: several named at once, or set aside with their reasons."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.objectives.spa import spa
from earmark.pairs.pair_file import open_pairs
from earmark.speech.audio import write_audio
from earmark.train.preflight.pairs import survey
from earmark.train.run import train
from earmark.train.settings import TrainSettings
from tiny_world import messages, noise, save_tiny, tiny_policy, write_pairs

ROWS = 12


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("aside")
    save_tiny(folder / "model")
    pairs = write_pairs(folder, ROWS)
    write_audio(folder / "long.wav", noise(np.random.default_rng(0), 3.5))
    (folder / "text.wav").write_text("not sound")
    changes = {
        1: {"prompt": messages("nowhere.wav")},
        3: {"prompt": messages("text.wav")},
        5: {"chosen": " "},
        6: {"rejected": pairs[6].chosen},
        8: {"prompt": messages("long.wav")},
        9: {"prompt": [{"role": "user", "content": "Write it down."}]},
    }
    rows = [replace(pair, **changes.get(i, {})) for i, pair in enumerate(pairs)]
    write_jsonl(folder / "pairs.jsonl", rows)
    write_jsonl(folder / "good.jsonl", [row for i, row in enumerate(rows) if i not in changes])
    return folder


def test_all_bad_pairs_are_set_aside_with_their_reasons(world, tmp_path):
    out = tmp_path / "run"
    settings = TrainSettings(device="cpu", cache_dir=str(tmp_path), max_steps=1, logging_steps=1)
    pairs = open_pairs(world / "pairs.jsonl", out=out, on_error="skip")
    train(pairs, world, str(world / "model"), out, settings=settings)
    aside = [json.loads(row) for row in Path(f"{out}.skipped.jsonl").read_text().splitlines()]
    reasons = {
        2: r"pair 'p1': audio file .*nowhere.wav does not exist; put it there or correct",
        4: r"pair 'p3': .*text.wav",
        6: r"pair 'p5': the chosen answer is empty",
        7: r"pair 'p6': rejected answer 1 equals chosen",
        9: r"pair 'p8': 3.50 s of audio, but this model hears 3 s at most",
        10: r"pair 'p9': its prompt has no audio",
    }
    assert [row["line"] for row in aside] == list(reasons)
    for row in aside:
        assert json.loads(row["raw"])["id"] == f"p{row['line'] - 1}"
        with pytest.raises(InputError, match=reasons[row["line"]]):
            raise InputError(row["reason"])
    described = json.loads((out / "run.json").read_text())["pairs"]
    assert described["count"] == ROWS - len(reasons)

    good = open_pairs(world / "good.jsonl", out=out)
    train(good, world, str(world / "model"), tmp_path / "good", settings=settings)
    losses = [
        json.loads((run / "log.jsonl").read_text().splitlines()[0])["loss"]
        for run in (out, tmp_path / "good")
    ]
    assert losses[0] == losses[1]


def test_damaged_clips_are_set_aside_before_training(tmp_path):
    save_tiny(tmp_path / "model")
    pairs = write_pairs(tmp_path, 8)
    sound = noise(np.random.default_rng(0), 1.0)
    write_audio(tmp_path / "cut.flac", sound)
    whole = (tmp_path / "cut.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])
    write_audio(tmp_path / "middle.flac", noise(np.random.default_rng(0), 2.0))
    with open(tmp_path / "middle.flac", "r+b") as file:
        file.seek(20_000)
        file.write(bytes(2_000))
    soundfile.write(tmp_path / "nan.wav", [*sound, np.nan], 16_000, subtype="FLOAT")
    soundfile.write(tmp_path / "short.wav", sound[:80], 16_000)
    soundfile.write(tmp_path / "phase.wav", np.stack([sound, -sound], axis=1), 16_000)
    os.mkfifo(tmp_path / "pipe.wav")
    reasons = {
        "cut.flac": "corrupt after its header",
        "middle.flac": "corrupt",
        "nan.wav": "holds samples that are not numbers",
        "short.wav": "5 ms of audio is too short to be heard",
        "phase.wav": "its 2 channels cancel each other",
        "pipe.wav": "a pipe, a device or a folder",
        "data:audio/wav;base64,UklGRg==": "sound inside of the row",
    }
    for number, name in enumerate(reasons):
        pairs[number] = replace(pairs[number], prompt=messages(name))
    write_jsonl(tmp_path / "pairs.jsonl", pairs)
    opened = open_pairs(tmp_path / "pairs.jsonl", out=tmp_path / "run", on_error="skip")
    assert [pair.id for pair in survey(opened, tmp_path, contract(dpo)).pairs] == ["p7"]
    aside = [json.loads(row) for row in (tmp_path / "run.skipped.jsonl").read_text().splitlines()]
    for row, (name, reason) in zip(aside, reasons.items(), strict=True):
        assert json.loads(row["raw"])["prompt"] == messages(name)
        assert reason in row["reason"]


def test_a_clip_that_gives_this_model_no_token_is_set_aside(tmp_path, monkeypatch):
    policy = tiny_policy()
    pairs = write_pairs(tmp_path, 3)
    write_audio(tmp_path / "short.wav", noise(np.random.default_rng(0), 0.1))
    pairs[1] = replace(pairs[1], prompt=messages("short.wav"))
    write_jsonl(tmp_path / "pairs.jsonl", pairs)
    opened = open_pairs(tmp_path / "pairs.jsonl", out=tmp_path / "run", on_error="skip")
    found = survey(opened, tmp_path, contract(dpo))
    assert len(found.pairs) == 3
    assert not found.sound.suits(policy), "a short clip is given to the processor"
    assert len(survey(opened, tmp_path, contract(dpo), policy=policy).pairs) == 3

    def no_token(clip):
        raise InputError(f"clip: {len(clip)} samples give no audio token")

    monkeypatch.setattr(policy, "features", no_token)
    found = survey(opened, tmp_path, contract(dpo), policy=policy)
    assert [pair.id for pair in found.pairs] == ["p0", "p2"]
    assert "1600 samples give no audio token" in (tmp_path / "run.skipped.jsonl").read_text()


def test_pairs_that_lack_scores_are_set_aside_too(world, tmp_path):
    scored = [replace(pair, scores={"judge": [2.0, 1.0]}) for pair in write_pairs(world, 6)]
    scored[2] = replace(scored[2], scores={})
    scored[4] = replace(scored[4], scores={"judge": [2.0]})
    scored[5] = replace(scored[5], scores={"judge": [2.0, float("nan")]})
    write_jsonl(tmp_path / "pairs.jsonl", scored)
    needs = contract(spa)
    pairs = open_pairs(tmp_path / "pairs.jsonl", out=tmp_path / "run", on_error="skip")
    found = survey(pairs, world, needs, "judge")
    assert [pair.id for pair in found.pairs] == ["p0", "p1", "p3"]
    assert found.mean_score_gap == 1.0
    aside = [json.loads(row) for row in (tmp_path / "run.skipped.jsonl").read_text().splitlines()]
    assert [row["reason"] for row in aside] == [
        "pair 'p2' has no scores for 'judge'",
        "pair 'p4' has 1 scores for 'judge', of 2 candidates",
        "pair 'p5' has scores for 'judge' that are not all finite numbers: [2.0, nan]",
    ]
    stopping = open_pairs(tmp_path / "pairs.jsonl", out=tmp_path / "run")
    with pytest.raises(InputError, match=r"3 of 6 pairs lack .*'p2'.*'p4'.*'p5'.*--on-error skip"):
        survey(stopping, world, needs, "judge")


def test_without_skip_several_are_named_at_once(world):
    pairs = open_pairs(world / "pairs.jsonl", out="run")
    with pytest.raises(InputError, match=r"^4 of 12 pairs .*'p1'.*'p3'.*'p5'.*'p6'.*--on-error"):
        survey(pairs, world, contract(dpo))
    missing = [replace(pairs[0], id=f"m{i}", prompt=messages("no.wav")) for i in range(7)]
    with pytest.raises(InputError, match=r"^7 of 7 pairs .*'m4'.*; and 2 more\. "):
        survey(missing, world, contract(dpo))


def test_what_is_left_has_a_hash_of_its_own(world, tmp_path):
    pairs = open_pairs(world / "pairs.jsonl", out=tmp_path / "run", on_error="skip")
    left = pairs.without({2: "too loud"})
    assert [pair.id for pair in left][:3] == ["p0", "p1", "p3"]
    assert left.digest not in (pairs.digest, pairs.without({4: "too loud"}).digest)
    with pytest.raises(InputError, match=r"not one usable row; .*skipped\.jsonl says why"):
        pairs.without(dict.fromkeys(range(ROWS), "too loud"))
