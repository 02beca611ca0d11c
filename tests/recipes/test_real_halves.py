"""Real halves, where their folders are: EARMARK_WHISPER and EARMARK_LANGUAGE_MODEL."""

import json
import os
from pathlib import Path
from random import Random

import pytest

from earmark.policies.load import load_policy
from earmark.recipes.real_audio_llm import Plan, make_real_audio_llm
from earmark.speech.audio import write_audio
from earmark.tiny.listen import Listening
from earmark.voices.engine import Source
from earmark.voices.engines.espeak import EspeakEngine
from resume_world import losses_of

HALVES = {"whisper": "EARMARK_WHISPER", "language_model": "EARMARK_LANGUAGE_MODEL"}
FOLDERS = {name: os.environ.get(variable, "") for name, variable in HALVES.items()}
pytestmark = pytest.mark.skipif(
    not all(Path(folder or "none").is_dir() for folder in FOLDERS.values()),
    reason="EARMARK_WHISPER and EARMARK_LANGUAGE_MODEL do not both name a folder; `python -m "
    "benchmarks.real_parts.whisper_base --out FOLDER` makes one, "
    "`python -m benchmarks.real_parts.gemma3_270m --accept-gemma-terms --out FOLDER` the other",
)
SAID = [
    "Good morning.",
    "The weather is very nice.",
    "I would like some tea.",
    "See you on Monday.",
]
PLAN = Plan(
    listening=Listening(steps=120, clips=4),
    steps=20,
    batch_size=2,
    learning_rate=1e-4,
    device="cpu",
)


def spoken(folder, texts):
    engine, rows = EspeakEngine(Source()), []
    folder.mkdir()
    for number, text in enumerate(texts):
        write_audio(folder / f"{number}.wav", engine.speak(text, "plain", Random(0), speed=0.8))
        rows.append(json.dumps({"id": f"u{number}", "text": text, "audio": f"{number}.wav"}))
    path = folder / "utterances.jsonl"
    path.write_text("".join(f"{row}\n" for row in rows), "utf-8")
    return path


def test_real_halves_learn_what_they_hear_and_the_result_is_loaded(tmp_path):
    training = spoken(tmp_path / "train", SAID)
    development = spoken(tmp_path / "dev", ["The tea is very nice."])
    out = tmp_path / "llm"
    made = make_real_audio_llm(
        out, **FOLDERS, training=[training], development=[development], plan=PLAN
    )
    heard = (out / "cache" / "listening" / "log.jsonl").read_text("utf-8").splitlines()
    first, last = (json.loads(heard[place])["loss"] for place in (0, -1))
    assert last < 0.2 < 2 < first
    losses = [row[1] for row in losses_of(out / "run")]
    assert losses[-1] < 0.7 * losses[0]
    assert load_policy(str(made.model), device="cpu").longest_clip_s == 30
