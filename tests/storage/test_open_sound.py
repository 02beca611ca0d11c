"""Only whole sound files of known formats are opened, known by what they hold and never waiting."""

import os
import struct

import numpy as np
import pytest
import soundfile

from earmark.errors import InputError
from earmark.speech.audio import check_audio, duration_s, read_audio
from earmark.storage.open_sound import READABLE, open_sound_bytes

SECONDS = 3
FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "wavex": ("WAVEX", "PCM_16"),
    "adpcm": ("WAV", "IMA_ADPCM"),
    "rf64": ("RF64", "PCM_16"),
    "w64": ("W64", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"),
    "au": ("AU", "PCM_16"),
    "sph": ("NIST", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}


def sound():
    noise = np.random.default_rng(0).normal(0, 0.05, 16000 * SECONDS)
    return np.sin(2 * np.pi * 440 * np.arange(len(noise)) / 16000) / 4 + noise


@pytest.fixture(params=FORMATS)
def clip(request, tmp_path):
    """Return a clip in each format that is read, under a name that says nothing."""
    kind, coding = FORMATS[request.param]
    path = tmp_path / "clip"
    soundfile.write(path, sound(), 16000, format=kind, subtype=coding)
    return path


def test_a_whole_file_is_read(clip):
    assert duration_s(clip) == pytest.approx(SECONDS, abs=0.1)
    assert len(read_audio(clip)) == pytest.approx(16000 * SECONDS, abs=1600)


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
def test_a_file_that_was_cut_off_is_refused(clip, share):
    whole = clip.read_bytes()
    clip.write_bytes(whole[: int(len(whole) * share)])
    for read in (check_audio, read_audio):
        with pytest.raises(InputError, match=r"clip: (corrupt|cannot be read as audio)"):
            read(clip)


def test_an_ogg_file_cut_between_pages_is_refused(tmp_path):
    path = tmp_path / "a.ogg"
    soundfile.write(path, sound(), 16000, format="OGG", subtype="VORBIS")
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rfind(b"OggS")])
    with pytest.raises(InputError, match="not marked as the end of the stream"):
        check_audio(path)


def test_bytes_after_the_sound_are_no_damage(clip):
    clip.write_bytes(clip.read_bytes() + bytes(100))
    assert len(read_audio(clip)) == pytest.approx(16000 * SECONDS, abs=1600)


@pytest.mark.parametrize(
    ("kind", "place", "unknown"),
    [("AU", 8, b"\xff" * 4), ("WAV", 40, b"\xff" * 4), ("WAV", 40, struct.pack("<I", 0x7FFFFF00))],
)
def test_a_stream_without_a_length_is_read_to_its_end(tmp_path, kind, place, unknown):
    path = tmp_path / "stream"
    soundfile.write(path, sound(), 16000, format=kind, subtype="PCM_16")
    raw = bytearray(path.read_bytes())
    raw[place : place + 4] = unknown
    path.write_bytes(raw)
    assert len(read_audio(path)) == 16000 * SECONDS


def test_rf64_keeps_its_length_in_a_chunk_of_its_own(tmp_path):
    path = tmp_path / "a"
    soundfile.write(path, sound(), 16000, format="RF64", subtype="PCM_16")
    raw = path.read_bytes()
    at = raw.index(b"ds64") + 16
    assert struct.unpack("<Q", raw[at : at + 8]) == (2 * 16000 * SECONDS,)
    path.write_bytes(raw[:-1000])
    with pytest.raises(InputError, match="promises 96000 bytes of sound, 95000 are there"):
        check_audio(path)


@pytest.mark.parametrize("name", ["key.au", "key.raw", "key.vox", "key.gsm", "key.wav", "key.snd"])
@pytest.mark.parametrize(
    "content", [b"-----BEGIN PRIVATE KEY-----\n" * 400, bytes(range(256)) * 99]
)
def test_bytes_are_no_sound_whatever_their_name(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    for read in (check_audio, read_audio, duration_s):
        with pytest.raises(InputError, match=rf"{name}: cannot be read as audio.*expected WAV"):
            read(path)


@pytest.mark.parametrize("kind", ["VOC", "CAF", "PAF", "SVX", "PVF", "IRCAM", "MAT5", "AVR"])
def test_formats_that_are_not_named_are_refused(tmp_path, kind):
    path = tmp_path / "a"
    soundfile.write(path, sound(), 16000, format=kind, subtype="PCM_16")
    with pytest.raises(InputError, match="cannot be read as audio: it is"):
        check_audio(path)


def test_the_command_that_converts_is_printed(tmp_path):
    path = tmp_path / "my clip.m4a"
    path.write_bytes(b"\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00" + bytes(1000))
    with pytest.raises(InputError) as caught:
        read_audio(path)
    flac = path.with_suffix(".flac")
    assert "it is MP4 or M4A; expected WAV" in str(caught.value)
    assert str(caught.value).endswith(f"convert it: ffmpeg -i '{path}' -c:a flac '{flac}'")


def test_a_compressed_sphere_file_is_named(tmp_path):
    header = "NIST_1A\n   1024\nchannel_count -i 1\nsample_count -i 9\nsample_n_bytes -i 2\n"
    header += "sample_coding -s26 pcm,embedded-shorten-v2.00\nend_head\n"
    path = tmp_path / "a.sph"
    path.write_bytes(header.encode().ljust(1024) + b"ajkg" + bytes(50))
    with pytest.raises(InputError, match=r"SPHERE that is compressed.*ffmpeg -i"):
        read_audio(path)


def make_pipe(path):
    os.mkfifo(path)


def make_folder(path):
    path.mkdir()


def make_link_to_device(path):
    path.symlink_to(os.devnull)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("make", [make_pipe, make_folder, make_link_to_device])
def test_what_is_no_file_is_refused_without_waiting(tmp_path, make):
    path = tmp_path / "clip.wav"
    make(path)
    for read in (check_audio, read_audio, duration_s):
        with pytest.raises(InputError, match="a pipe, a device or a folder; expected a sound file"):
            read(path)


@pytest.mark.parametrize("name", ["none.wav", "x" * 300, "a\0b"])
def test_a_path_that_leads_nowhere_is_named(tmp_path, name):
    with pytest.raises(InputError, match=r"no such audio file|cannot be read as audio.*check the"):
        check_audio(tmp_path / name)


def test_the_formats_are_listed_once():
    assert READABLE.startswith("WAV, RF64, Wave64, FLAC, Ogg (Vorbis, Opus), MP3, SPHERE")


@pytest.mark.parametrize("name", ["wav", "opus", "flac"])
def test_bytes_of_a_row_are_opened_like_a_file(tmp_path, name):
    kind, coding = FORMATS[name]
    path = tmp_path / "clip"
    soundfile.write(path, sound(), 16000, format=kind, subtype=coding)
    with open_sound_bytes(path.read_bytes(), "rows.parquet:3") as file:
        assert file.frames == pytest.approx(16000 * SECONDS, abs=1600)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda whole: whole[: len(whole) // 2], "rows.parquet:3: corrupt: its header promises"),
        (lambda whole: b"not a sound", "rows.parquet:3: cannot be read as audio"),
        (lambda whole: b"\0\0\0\x1cftypM4A " + bytes(99), "it is MP4 or M4A; .* ffmpeg -i IN"),
    ],
)
def test_bytes_that_are_no_whole_sound_are_refused(tmp_path, make, message):
    path = tmp_path / "clip.wav"
    soundfile.write(path, sound(), 16000)
    with (
        pytest.raises(InputError, match=message),
        open_sound_bytes(make(path.read_bytes()), "rows.parquet:3"),
    ):
        pass
