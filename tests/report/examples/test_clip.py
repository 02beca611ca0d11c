"""Sound travels inside the page, whole or not at all, and a missing clip says why."""

from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

from earmark.records import Utterance
from earmark.report.examples.clip import embed

RATE_HZ = 16_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    time_s = np.arange(RATE_HZ) / RATE_HZ
    sine = 0.5 * np.sin(2 * np.pi * 440 * time_s).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sine, RATE_HZ, subtype="PCM_16")
    (tmp_path / "broken.wav").write_bytes(b"not a sound")
    return tmp_path


def decoded(uri: str) -> np.ndarray:
    head, data = uri.split(",", 1)
    assert head == "data:audio/flac;base64"
    samples, rate_hz = soundfile.read(BytesIO(b64decode(data)), dtype="int16")
    assert rate_hz == RATE_HZ
    return samples


def test_a_clip_comes_back_sample_for_sample(folder: Path) -> None:
    clip = embed(Utterance("1", audio="a.wav"), folder)
    assert clip.uri is not None
    assert clip.duration_s == 1.0
    original, _ = soundfile.read(folder / "a.wav", dtype="int16")
    np.testing.assert_array_equal(decoded(clip.uri), original)


def test_a_span_is_embedded_alone(folder: Path) -> None:
    clip = embed(Utterance("1", audio="a.wav", start_s=0.25, end_s=0.5), folder)
    assert clip.uri is not None
    original, _ = soundfile.read(folder / "a.wav", dtype="int16")
    np.testing.assert_array_equal(decoded(clip.uri), original[4000:8000])


def test_a_long_clip_is_left_out_and_not_cut(folder: Path) -> None:
    clip = embed(Utterance("1", audio="a.wav"), folder, longest_s=0.5)
    assert clip.uri is None
    assert "1.00 s" in clip.silent_because


@pytest.mark.parametrize(
    ("audio", "reason"),
    [
        (None, "names no audio"),
        ("gone.wav", "no such audio file"),
        ("broken.wav", "cannot be read"),
    ],
)
def test_a_clip_without_sound_says_why(folder: Path, audio: str | None, reason: str) -> None:
    clip = embed(Utterance("1", audio=audio), folder)
    assert clip.uri is None
    assert reason in clip.silent_because


def test_a_clip_outside_of_the_folder_is_embedded_only_where_that_is_allowed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.report.examples.clip._noted", set())
    inside = folder / "inside"
    inside.mkdir()
    (inside / "link.wav").symlink_to("../a.wav")
    for audio in ("../a.wav", "link.wav", str(folder / "a.wav")):
        clip = embed(Utterance("1", audio=audio), inside)
        assert clip.uri is None
        assert clip.silent_because.startswith("the clip lies outside of the manifest's folder")
        assert embed(Utterance("1", audio=audio), inside, allow_outside=True).uri is not None
    noted = capsys.readouterr().err
    assert noted.count("--allow-outside puts in this and others") == 1


@pytest.mark.parametrize("name", ["key.au", "key.raw", "key.vox", "key.gsm"])
def test_a_private_key_never_becomes_a_clip(folder: Path, name: str) -> None:
    (folder / "id_rsa").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n" + "b3BlbnNzaC1r" * 200)
    (folder / name).symlink_to("id_rsa")
    clip = embed(Utterance("1", audio=name), folder, allow_outside=True)
    assert clip.uri is None
    assert "cannot be read as audio" in clip.silent_because
