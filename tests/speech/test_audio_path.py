"""A row names its clip by a path; what leaves the manifest's folder is noted once."""

import pytest

from earmark.errors import InputError
from earmark.speech import audio_path as module
from earmark.speech.audio_path import audio_path, is_outside


@pytest.fixture(autouse=True)
def nothing_noted_yet(monkeypatch):
    monkeypatch.setattr(module, "_noted", set())


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        ("data:audio/wav;base64," + "A" * 9000, r"sound inside of the row \(a data URI\)"),
        ("data:;base64,AAAA", "a data URI"),
        ("data:audio/mpeg,abc", "a data URI"),
        ("https://example.org/1.wav", "a URL; expected the path of a sound file. Download"),
        ("s3://bucket/1.wav", "a URL"),
        ("a\0b.wav", "no path"),
        ("a\0b/c.wav", "no path"),
        ("", "no path"),
    ],
)
def test_what_is_no_path_is_refused(tmp_path, audio, message):
    with pytest.raises(InputError, match=message) as caught:
        audio_path(tmp_path, audio)
    assert len(str(caught.value)) < 300


def test_a_file_may_be_called_like_anything_else(tmp_path):
    assert audio_path(tmp_path, "data:1.wav") == tmp_path / "data:1.wav"


def test_clips_inside_of_the_folder_are_not_noted(tmp_path, capsys):
    (tmp_path / "audio").mkdir()
    for audio in ("audio/1.wav", "1.wav", "audio/../1.wav", str(tmp_path / "audio/1.wav")):
        assert not is_outside(tmp_path, audio)
        audio_path(tmp_path, audio)
    assert capsys.readouterr().err == ""


def outside_by_name(folder):
    return "../1.wav"


def outside_by_absolute_path(folder):
    return "/elsewhere/1.wav"


def outside_by_similar_name(folder):
    return f"../{folder.name}-2/1.wav"


def outside_by_link(folder):
    (folder.parent / "secret").touch()
    (folder / "1.wav").symlink_to("../secret")
    return "1.wav"


def outside_by_linked_folder(folder):
    (folder.parent / "elsewhere").mkdir()
    (folder / "audio").symlink_to("../elsewhere")
    return "audio/1.wav"


@pytest.mark.parametrize(
    "make",
    [
        outside_by_name,
        outside_by_absolute_path,
        outside_by_similar_name,
        outside_by_link,
        outside_by_linked_folder,
    ],
)
def test_clips_outside_of_the_folder_are_noted_once(tmp_path, capsys, make):
    folder = tmp_path / "corpus"
    folder.mkdir()
    audio = make(folder)
    assert is_outside(folder, audio)
    for _ in range(3):
        audio_path(folder, audio)
    noted = capsys.readouterr().err
    assert noted.count(f"sound outside of {folder} is read, such as") == 1
    assert ("through a link to" in noted) == ("link" in make.__name__)


def test_a_folder_that_is_itself_behind_a_link_is_its_own_inside(tmp_path):
    (tmp_path / "real/audio").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    assert not is_outside(tmp_path / "link", "audio/1.wav")
    assert not is_outside(tmp_path / "link", str(tmp_path / "real/1.wav"))
