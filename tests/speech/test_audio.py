"""Sound in and out: what is done to it is said, what cannot be used is refused by name."""

import math

import numpy as np
import pytest
import soundfile

from earmark.errors import InputError
from earmark.speech import audio
from earmark.speech.audio import check_audio, duration_s, read_audio, write_audio


def tone(seconds=1.0, rate_hz=16000, hz=440.0):
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(
        np.float32
    )


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch):
    monkeypatch.setattr(audio, "_said", set())


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_round_trip(tmp_path, suffix):
    path = tmp_path / f"new/a{suffix}"
    write_audio(path, tone())
    assert np.abs(read_audio(path) - tone()).max() < 1e-4
    assert duration_s(path) == 1.0
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_span(tmp_path, capsys):
    path = tmp_path / "a.wav"
    write_audio(path, np.concatenate([tone(0.5), np.zeros(16000, np.float32)]))
    assert np.abs(read_audio(path, 0.5)).max() == 0
    assert len(read_audio(path, 0.25, 0.75)) == 8000
    assert len(read_audio(path, None, 1.51)) == 24000, "an end within the tolerance is the end"
    assert check_audio(path, 0.25, 0.75) == (0.5, 16000, 1)
    assert capsys.readouterr().err == ""


def test_resampled_and_said_once(tmp_path, capsys):
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, tone(rate_hz=44100), 44100)
    heard, _ = [read_audio(tmp_path / name) for name in ("a.wav", "b.wav")]
    assert len(heard) == 16000
    assert np.abs(np.fft.rfft(heard)).argmax() == 440
    said = capsys.readouterr().err
    assert said.count("resampled from 44100 Hz to 16000 Hz") == 1
    assert check_audio(tmp_path / "a.wav").sample_rate_hz == 44100


def test_channels_are_averaged_and_said(tmp_path, capsys):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([tone(), np.zeros_like(tone())], axis=1), 16000)
    assert np.abs(read_audio(path) - tone() / 2).max() < 1e-4
    assert "averaged from 2 channels" in capsys.readouterr().err


def cut_off(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])


def make_missing(path):
    pass


def make_text(path):
    path.write_text("not a sound at all")


def make_nothing(path):
    path.write_bytes(b"")


def make_empty(path):
    soundfile.write(path, np.zeros(0, np.float32), 16000, format="WAV")


def make_cut_wav(path):
    soundfile.write(path, tone(), 16000, format="WAV")
    cut_off(path)


def make_cut_flac(path):
    soundfile.write(path, tone(), 16000, format="FLAC")
    cut_off(path)


@pytest.mark.parametrize("read", [read_audio, check_audio])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_missing, "no such audio file; check the path"),
        (make_text, "cannot be read as audio: Format not recognised; expected WAV, .*FLAC"),
        (make_nothing, "cannot be read as audio"),
        (make_empty, "the clip is empty"),
        (make_cut_wav, "corrupt: its header promises 32000 bytes"),
        (make_cut_flac, "corrupt after its header|could be read"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, make, message, read):
    path = tmp_path / "clip"
    make(path)
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_wav_written_as_a_stream_is_whole(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(), 16000)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert len(read_audio(path)) == 16000


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(0.5, 1.5), (-0.1, 0.5), (0.6, 0.4), (1.0, None), (2.0, 3.0)]
)
def test_a_span_outside_the_clip_is_refused(tmp_path, start_s, end_s):
    path = tmp_path / "a.wav"
    write_audio(path, tone())
    with pytest.raises(InputError, match="does not lie in the clip, which has 1 s"):
        read_audio(path, start_s, end_s)


def test_too_long_is_refused_not_cut(tmp_path):
    path = tmp_path / "a.wav"
    write_audio(path, tone(3.5))
    assert len(read_audio(path, 0, 3, max_s=3)) == 48000
    for read in (read_audio, check_audio):
        with pytest.raises(InputError, match=r"3.50 s of audio, but at most 3 s"):
            read(path, max_s=3)


def test_numbers_that_are_none_are_refused(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.array([*tone(), np.nan]), 16000, subtype="FLOAT")
    for read in (read_audio, check_audio):
        with pytest.raises(InputError, match="not numbers"):
            read(path)


def test_channels_that_cancel_each_other_are_refused(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([tone(), -tone()], axis=1), 16000)
    for read in (read_audio, check_audio):
        with pytest.raises(InputError, match=r"its 2 channels cancel each other.*pan=mono"):
            read(path)
    soundfile.write(path, np.stack([tone(), -0.5 * tone()], axis=1), 16000)
    assert np.abs(read_audio(path) - tone() / 4).max() < 1e-4
    soundfile.write(path, np.zeros((1600, 2)), 16000)
    assert not read_audio(path).any(), "silence does not cancel anything"


@pytest.mark.parametrize("samples", [1, 10, 80, 479])
@pytest.mark.parametrize("rate_hz", [16000, 44100])
def test_a_clip_too_short_to_be_heard_is_refused(tmp_path, samples, rate_hz):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(samples, 0.1), rate_hz)
    for read in (read_audio, check_audio, duration_s):
        with pytest.raises(InputError, match=r"ms of audio is too short to be heard.*at least 30"):
            read(path)


def test_thirty_milliseconds_are_heard(tmp_path):
    write_audio(tmp_path / "a.wav", tone(0.03))
    assert len(read_audio(tmp_path / "a.wav")) == 480


def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path):
    for name, samples, message in (
        ("a.mp3", tone(), "written as .flac or .wav"),
        ("a.wav", 3 * tone(), r"samples in \[-1, 1\]"),
        ("a.wav", np.array([np.nan], np.float32), r"samples in \[-1, 1\]"),
        ("a.wav", tone(0), "at least one"),
    ):
        with pytest.raises(InputError, match=message):
            write_audio(tmp_path / name, samples)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        write_audio(tmp_path / "file" / "a.wav", tone())
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.flac"
    write_audio(path, tone())

    def fail(*_args, **_knobs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(audio.soundfile, "write", fail)
    with pytest.raises(InputError, match="No space left on device; nothing was changed there"):
        write_audio(path, tone(2.0))
    assert duration_s(path) == 1.0


@pytest.mark.parametrize("span", [(math.nan, 1), (0, math.inf), ("0.1", 1), (0, True), (1e300, 1)])
def test_a_span_that_is_no_number_of_seconds_is_refused(tmp_path, span):
    write_audio(tmp_path / "a.wav", np.zeros(1600, np.float32))
    for read in (read_audio, check_audio, duration_s):
        with pytest.raises(InputError, match=r"a\.wav: expected start_s and end_s in seconds"):
            read(tmp_path / "a.wav", *span)
