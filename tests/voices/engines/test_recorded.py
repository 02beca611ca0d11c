"""Recorded words, joined: one level, no clicks, and a word that is missing is named."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile

from earmark.errors import InputError, KnobError
from earmark.records import Utterance
from earmark.voices.engine import SAMPLE_RATE_HZ, Source
from earmark.voices.engines import open_engine
from earmark.voices.engines.recorded import fewest_words, recordings
from earmark.voices.language_spans import text_spans
from earmark.voices.levels import LEVEL
from earmark.voices.spoken.make import Speaker, speak_texts
from earmark.voices.spoken.plan import Speaking


def tone(path, hz, level, seconds=0.4, rate=SAMPLE_RATE_HZ):
    """Write a tone that begins and ends abruptly, as a recording that was cut does."""
    times = np.arange(round(seconds * rate)) / rate
    path.parent.mkdir(exist_ok=True, parents=True)
    soundfile.write(path, level * np.cos(2 * np.pi * hz * times), rate)


@pytest.fixture
def folders(tmp_path):
    zh, en = tmp_path / "zh", tmp_path / "en"
    for place, (word, level) in enumerate([("我", 0.9), ("想", 0.02), ("会", 0.3), ("会议", 0.1)]):
        tone(zh / f"{word}.wav", 200 + 100 * place, level)
    tone(en / "copy.wav", 700, 0.5, rate=8000)
    tone(en / "thank-you.wav", 800, 0.05)
    tone(en / "You.wav", 900, 0.05)
    return Source(words=zh, english_words=en)


def test_words_are_joined_at_one_level_without_clicks(folders):
    said = open_engine("recorded", folders).say("我想 copy 会议", "recorded", Random(0))
    assert [span.language for span in said.spans] == ["zh", "en", "zh"]
    # Four sounds of 0.4 s with a pause of .03 to .08 s before each, and .05 s at both ends.
    assert 4 * 0.43 + 0.1 <= len(said.audio) / SAMPLE_RATE_HZ <= 4 * 0.48 + 0.1
    for span in said.spans:
        part = said.audio[int(span.start_s * 16000) : int(span.end_s * 16000)]
        loud = part[np.abs(part) > 0.02]
        assert np.sqrt(np.mean(loud**2)) == pytest.approx(LEVEL, rel=0.25)
    # A tone of 700 Hz moves by 0.28 of its peak between samples; a click would be more.
    steps = np.abs(np.diff(said.audio)).max()
    assert steps < 0.32 * np.abs(said.audio).max()
    assert np.abs(said.audio[:400]).max() == 0


def test_the_longest_words_are_taken(folders):
    engine = open_engine("recorded", folders)
    spans = text_spans("我会议 Thank you")
    names = [[path.stem for path, _ in engine._words(span)] for span in spans]
    assert names == [["我", "会议"], ["thank-you"]]


def test_pauses_are_drawn_and_longer_at_commas(folders):
    engine = open_engine("recorded", folders)
    plain, comma = (engine.speak(t, "recorded", Random(5)) for t in ("我想", "我，想"))
    assert 0.1 < (len(comma) - len(plain)) / SAMPLE_RATE_HZ < 0.4
    same = engine.speak("我想", "recorded", Random(5))
    assert np.array_equal(plain, same)
    assert len(engine.speak("我想", "recorded", Random(6))) != len(plain)


def test_words_that_were_not_recorded_are_named(folders):
    engine = open_engine("recorded", folders)
    engine.check("我想 You", "recorded")
    with pytest.raises(InputError, match=r"no recording of '买', '3', 'apples', in '我想买 3 ap"):
        engine.check("我想买 3 apples", "recorded")
    with pytest.raises(KnobError, match="has no voice 'zf'"):
        engine.check("我想", "zf")
    only = open_engine("recorded", Source(words=folders.words))
    with pytest.raises(InputError, match="no recording of 'copy'"):
        only.check("我想 copy", "recorded")


def test_its_speed_cannot_be_changed(folders, tmp_path):
    engine = open_engine("recorded", folders)
    with pytest.raises(KnobError, match="the speed that they were spoken with"):
        engine.speak("我想", "recorded", Random(0), speed=1.1)
    speaking = Speaking(voices=("recorded",), speed=(0.9, 1.1))
    with pytest.raises(KnobError, match="speaks at one speed; leave --speed out"):
        speak_texts(tmp_path / "o", [Utterance("a", "我")], Speaker("recorded", folders), speaking)


def test_a_corpus_of_recorded_words(folders, tmp_path):
    texts, speaking = (
        [Utterance("a", "我 copy"), Utterance("b", "会")],
        Speaking(voices=("recorded",)),
    )
    spoken = speak_texts(tmp_path / "out", texts, Speaker("recorded", folders), speaking)
    assert [row.speaker for row in spoken.rows] == ["recorded", "recorded"]
    kept = spoken.rows[0].extra["made_by"]["recordings"]
    assert open_engine("recorded", folders).made_by["recordings"] == kept
    tone(folders.words / "我.wav", 301, 0.2)  # of the same size
    again = open_engine("recorded", folders).made_by["recordings"]
    assert again != kept
    tone(folders.words / "新.wav", 300, 0.1)
    assert open_engine("recorded", folders).made_by["recordings"] not in (kept, again)


def test_folders_without_words(tmp_path, folders):
    with pytest.raises(KnobError, match=r"give folders of files such as WORD\.mp3 by --words"):
        open_engine("recorded", Source())
    with pytest.raises(InputError, match="nowhere: expected a folder of recorded words"):
        open_engine("recorded", Source(words=tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty: expected recorded words such as WORD\.mp3"):
        open_engine("recorded", Source(words=tmp_path / "empty"))
    tone(folders.english_words / "YOU.flac", 300, 0.1)
    with pytest.raises(InputError, match=r"'you' is already in YOU\.flac; keep one"):
        open_engine("recorded", folders)


def test_silence_is_no_word(folders):
    soundfile.write(folders.words / "静.wav", np.zeros(8000), SAMPLE_RATE_HZ)
    with pytest.raises(InputError, match=r"静\.wav: nothing but silence"):
        open_engine("recorded", folders).speak("静", "recorded", Random(0))


def test_names_of_recordings(folders):
    assert recordings(folders.english_words).keys() == {"copy", "thank you", "you"}


def test_fewest_words_with_as_little_missing_as_can_be():
    files = {word: Path(word) for word in ("ab", "a", "bc", "b")}
    assert [path and path.name for path, _ in fewest_words("abc", files, "")] == ["a", "bc"]
    assert fewest_words("axb", files, "")[1] == (None, "x")
    assert fewest_words("", files, "") == []
