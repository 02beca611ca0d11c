"""The recipe on tiny random halves: it trains, resumes, measures, and refuses mixed speech."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from earmark.errors import InputError, KnobError
from earmark.policies.load import load_policy
from earmark.prompting.messages import ask
from earmark.recipes.real_audio_llm import (
    LORA_TARGETS,
    Made,
    Measured,
    Plan,
    as_json,
    figures,
    make_real_audio_llm,
)
from earmark.speech.audio import write_audio
from earmark.tiny.listen import Listening
from halves_world import save_language_model, save_whisper
from resume_world import losses_of, stop_after
from tiny_world import noise

PLAN = Plan(
    listening=Listening(steps=8, clips=4),
    steps=28,
    batch_size=3,
    learning_rate=1e-2,
    lora_rank=4,
    device="cpu",
)
ENGLISH = ["we share", "the shop", "we should write", "share the shop", "it down", "write it"]
HELD = ["the shop should share", "write down"]


def spoken(folder, texts, seed=0):
    """Write a manifest of noise that is said to hold some texts."""
    rng, rows = np.random.default_rng(seed), []
    folder.mkdir()
    for number, text in enumerate(texts):
        write_audio(folder / f"{number}.wav", noise(rng, 1.0))
        rows.append(json.dumps({"id": f"u{number}", "text": text, "audio": f"{number}.wav"}))
    path = folder / "utterances.jsonl"
    path.write_text("".join(f"{row}\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("given")
    return {
        "whisper": save_whisper(folder / "whisper"),
        "language_model": save_language_model(folder / "language-model"),
        "training": [spoken(folder / "train", ENGLISH)],
        "development": [spoken(folder / "dev", HELD, seed=1)],
        "mixed": [spoken(folder / "mixed", ["share 会 议"], seed=2)],
        "plan": PLAN,
    }


@pytest.fixture(scope="module")
def made(given, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "llm"
    return out, make_real_audio_llm(out, **given)


def test_training_lowers_the_loss_and_moves_projector_and_language_model(made):
    out, _ = made
    losses = [row[1] for row in losses_of(out / "run")]
    assert losses[-1] < losses[0] - 0.2
    start, end = (load_policy(str(out / name), device="cpu").network for name in ("start", "model"))
    moved = {
        name.split(".")[1]
        for (name, before), after in zip(start.named_parameters(), end.parameters(), strict=True)
        if not before.equal(after)
    }
    assert moved == {"multi_modal_projector", "language_model"}


def test_the_result_is_a_model_folder_that_transcribes(made):
    out, found = made
    assert found.model == out / "model"
    policy = load_policy(str(found.model), device="cpu")
    sound = noise(np.random.default_rng(0), 1.0)
    assert policy.transcribe([ask(policy.facts)], [sound], 8) != [""]
    assert {path.suffix for path in found.model.iterdir()}.isdisjoint({".bin", ".pt", ".pickle"})


def test_what_was_measured_is_kept_and_printed(made):
    out, found = made
    kept = json.loads((out / "result.json").read_text("utf-8"))
    assert kept == json.loads(json.dumps(as_json(found)))
    assert found.alone.keys() == found.by_ear.keys() == {"english"}
    assert found.alone["english"].utterances == 2
    assert found.alone["english"].tokens == 6
    assert found.mixed.utterances == 1
    assert "| mixed, never trained on | 1 |" in figures(found)


def test_a_finished_run_is_left_as_it_is(made, given):
    out, found = made
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")}
    assert make_real_audio_llm(out, **given) == found
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")}


def test_a_run_that_was_killed_resumes_to_the_same_losses(made, given, tmp_path):
    out, found = made
    again = tmp_path / "llm"
    shutil.copytree(out, again, ignore=shutil.ignore_patterns("run", "model", "heard", "result*"))
    stop_after(out / "run", 25, again / "run")
    # The run is named after the start, which lies elsewhere now.
    run = json.loads((again / "run" / "run.json").read_text("utf-8"))
    run["model"]["name"] = str(again / "start")
    (again / "run" / "run.json").write_text(json.dumps(run), "utf-8")
    resumed = make_real_audio_llm(again, **given)
    assert losses_of(again / "run") == losses_of(out / "run")
    assert resumed.alone == found.alone


def test_another_plan_in_the_same_folder_is_refused(made, given):
    out, _ = made
    with pytest.raises(InputError, match="begun with other values of steps"):
        make_real_audio_llm(out, **{**given, "plan": replace(PLAN, steps=40)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("share the 会议", "found en and zh: 'share the 会议'"), ("10", "found neither")],
)
def test_speech_that_is_not_in_one_language_is_refused(given, tmp_path, text, expected):
    training = [spoken(tmp_path / "train", ["we share", text])]
    with pytest.raises(InputError, match=f":2: utterance 'u1': .*{expected}"):
        make_real_audio_llm(tmp_path / "out", **{**given, "training": training})
    assert not (tmp_path / "out").exists()


def test_a_development_sentence_that_is_trained_on_is_refused(given, tmp_path):
    development = [spoken(tmp_path / "dev", ["write down", "We share!"])]
    with pytest.raises(InputError, match="utterance 'u1' of the development set says what is"):
        make_real_audio_llm(tmp_path / "out", **{**given, "development": development})


def test_a_development_set_in_other_languages_is_refused(given, tmp_path):
    development = [spoken(tmp_path / "dev", ["我们去"])]
    with pytest.raises(InputError, match="development set is in zh, the training set in en"):
        make_real_audio_llm(tmp_path / "out", **{**given, "development": development})


def test_mandarin_is_refused_for_a_language_model_that_spells_it_in_bytes(given, tmp_path):
    changed = {
        "training": [spoken(tmp_path / "train", ["银行贷款"])],
        "development": [spoken(tmp_path / "dev", ["超市"])],
    }
    with pytest.raises(InputError, match=r"3\.0 tokens for a Han character"):
        make_real_audio_llm(tmp_path / "out", **{**given, **changed})


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"lora_rank": 0}, {"device": "cuda:99"}])
def test_numbers_that_cannot_work_are_refused_before_work(given, tmp_path, wrong):
    with pytest.raises(KnobError):
        make_real_audio_llm(tmp_path / "out", **{**given, "plan": replace(PLAN, **wrong)})
    assert not (tmp_path / "out").exists()


def test_it_has_rows_in_the_comparison_only_if_it_reads_every_language(tmp_path):
    good, bad = Measured(10, 100, 9, {}), Measured(11, 100, 9, {})
    both = Made(tmp_path, {"english": good, "mandarin": good}, {})
    assert both.reads
    assert "may have rows in the comparison" in figures(both)
    one = Made(tmp_path, {"english": good, "mandarin": bad}, {})
    assert not one.reads
    assert "does not read every language alone at 10 % or better" in figures(one)


def test_the_encoder_gets_no_lora():
    assert "audio_tower" not in LORA_TARGETS
