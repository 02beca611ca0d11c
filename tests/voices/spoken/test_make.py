"""Speech made of texts: whole, resumed, the same for any number of workers."""

import hashlib
import json
from random import Random

import numpy as np
import pytest

from earmark.errors import InputError
from earmark.formats.reading import read
from earmark.records import MANIFEST, Utterance
from earmark.speech.audio import SAMPLE_RATE_HZ, read_audio
from earmark.voices.corpus import add_noise
from earmark.voices.engines import open_engine
from earmark.voices.levels import LEVEL
from earmark.voices.spoken.make import Speaker, speak_texts
from earmark.voices.spoken.plan import Speaking

ESPEAK = Speaker("espeak")
TEXTS = [Utterance("a", "我想 copy"), Utterance("b", "好的"), Utterance("c", "see you")]
TWO = Speaking(voices=("f2", "m1"), per_text=2, speed=(0.9, 1.2), snr_db=(15, 25), seed=4)


def files(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def breaks_at_b(text, voice, rng):
    if text == "好的":
        raise InputError("the microphone is off")
    return beep(text, voice, rng)


def beep(text, voice, rng):
    return np.sin(np.arange(8000) / 5) * 0.2


def silence(text, voice, rng):
    return np.zeros(8000)


def test_a_corpus_of_texts(tmp_path):
    out = tmp_path / "speech"
    spoken = speak_texts(out, TEXTS, ESPEAK, TWO)
    rows = list(read(Utterance, out))
    assert rows == spoken.rows
    assert [row.id for row in rows] == [f"{t.id}-{v}" for t in TEXTS for v in ("f2", "m1")]
    assert [row.text for row in rows[::2]] == [text.text for text in TEXTS]
    assert [row.language for row in rows[::2]] == ["mixed", "zh", "en"]
    assert not (out / f"{MANIFEST}.partial").exists()
    for row in rows:
        made_by = row.extra["made_by"]
        audio = read_audio(out / row.audio)
        said = open_engine("espeak", ESPEAK.source).say(
            row.text, row.speaker, Random(made_by["seed"]), speed=made_by["speed"]
        )
        noisy = add_noise(said.audio, made_by["snr_db"], np.random.default_rng(made_by["seed"]))
        np.testing.assert_allclose(audio, noisy, atol=1 / 32768)
        spans = [[lang, round(start, 3), round(end, 3)] for lang, start, end in said.spans]
        assert row.extra["spans"] == spans


def test_the_same_arguments_give_the_same_files(tmp_path):
    texts = [*TEXTS, Utterance("d", "再见")]
    speak_texts(tmp_path / "one", texts, ESPEAK, TWO, workers=1)
    speak_texts(tmp_path / "two", texts, ESPEAK, TWO, workers=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_without_noise_a_clip_is_at_the_usual_level(tmp_path):
    speak_texts(tmp_path, TEXTS[:1], ESPEAK, Speaking(voices=("plain",)))
    audio = read_audio(tmp_path / "audio" / "a-plain.flac")
    assert np.sqrt(np.mean(audio**2)) == pytest.approx(LEVEL, rel=0.2)
    assert len(audio) < 3 * SAMPLE_RATE_HZ


def test_a_stopped_run_is_resumed(tmp_path, capsys):
    mine = Speaking(voices=("x",))
    with pytest.raises(InputError, match="'b-x': the microphone is off"):
        speak_texts(tmp_path, TEXTS, Speaker("test_make:breaks_at_b"), mine)
    kept = (tmp_path / f"{MANIFEST}.partial").read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in kept] == ["a-x"]
    assert not (tmp_path / MANIFEST).exists()
    (tmp_path / f"{MANIFEST}.partial").write_text("\n".join([*kept, '{"id": "tor']), "utf-8")
    before = (tmp_path / "audio" / "a-x.flac").stat().st_mtime_ns
    speak_texts(tmp_path, [TEXTS[0], TEXTS[2]], Speaker("test_make:breaks_at_b"), mine)
    assert "1 clips were made before" in capsys.readouterr().err
    assert (tmp_path / "audio" / "a-x.flac").stat().st_mtime_ns == before
    assert [row.id for row in read(Utterance, tmp_path)] == ["a-x", "c-x"]


def test_only_what_changed_is_made_again(tmp_path, capsys):
    speak_texts(tmp_path, TEXTS, ESPEAK, TWO)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "audio").iterdir()}
    (tmp_path / "audio" / "c-f2.flac").write_bytes(b"")
    changed = [TEXTS[0], Utterance("b", "好吧"), TEXTS[2], Utterance("d", "再见")]
    speak_texts(tmp_path, changed, ESPEAK, TWO)
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "audio").iterdir()}
    same = {name for name in before if before[name] == after[name]}
    assert same == {"a-f2.flac", "a-m1.flac", "c-m1.flac"}
    assert "3 clips were made before" in " ".join(capsys.readouterr().err.split())
    assert len(list(read(Utterance, tmp_path))) == 8


def test_texts_that_cannot_be_spoken_stop_before_work_or_are_set_aside(tmp_path):
    texts = [*TEXTS, Utterance("d", "の"), Utterance("e", None)]
    one = Speaking(voices=("f2",))
    with pytest.raises(InputError, match=r"2 of 5 clips cannot be spoken; --on-error skip") as info:
        speak_texts(tmp_path, texts, ESPEAK, one)
    assert "text 4 ('d-f2')" in str(info.value)
    assert "text 5 ('e-f2'): expected a text" in str(info.value)
    assert not (tmp_path / "audio").exists()
    spoken = speak_texts(tmp_path, texts, ESPEAK, one, on_error="skip")
    assert [row.id for row in spoken.rows] == ["a-f2", "b-f2", "c-f2"]
    aside = (tmp_path / f"{MANIFEST}.skipped.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["line"] for line in aside] == [4, 5]
    assert "HIRAGANA" in json.loads(aside[0])["reason"]
    speak_texts(tmp_path, TEXTS, ESPEAK, one)
    assert not (tmp_path / f"{MANIFEST}.skipped.jsonl").exists()


def test_what_fails_while_speaking_is_set_aside(tmp_path):
    mine = Speaking(voices=("x",))
    spoken = speak_texts(
        tmp_path, TEXTS, Speaker("test_make:breaks_at_b"), mine, on_error="skip", workers=1
    )
    assert [row.id for row in spoken.rows] == ["a-x", "c-x"]
    assert [row.reason for row in spoken.set_aside] == ["'b-x': the microphone is off"]


def test_silence_is_no_speech(tmp_path):
    with pytest.raises(InputError, match="voice 'x' gave no sound"):
        speak_texts(tmp_path, TEXTS, Speaker("test_make:silence"), Speaking(voices=("x",)))


def test_another_folder_is_not_written_into(tmp_path):
    (tmp_path / "thesis.txt").write_text("chapter one")
    with pytest.raises(InputError, match=r"found thesis\.txt, which could be overwritten"):
        speak_texts(tmp_path, TEXTS, ESPEAK, TWO)
    (tmp_path / "thesis.txt").unlink()
    (tmp_path / MANIFEST).write_text('{"id": "u1", "text": "好", "audio": "audio/u1.flac"}\n')
    with pytest.raises(InputError, match="expected a new or empty folder"):
        speak_texts(tmp_path, TEXTS, ESPEAK, TWO)
