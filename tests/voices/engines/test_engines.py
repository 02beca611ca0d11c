"""What holds for each engine that runs here, and for one's own."""

from random import Random

import numpy as np
import pytest

from earmark.errors import InputError, KnobError
from earmark.voices.engine import SAMPLE_RATE_HZ, Engine, Source
from earmark.voices.engines import ENGINES, open_engine
from earmark.voices.speakers import Voice, speak

TEXT = "我想 copy 会议"


def hum(text, voice, rng):
    """Speak like a mosquito, as long as the text is."""
    times = np.arange(len(text) * 1600) / SAMPLE_RATE_HZ
    return 0.1 * np.sin(2 * np.pi * rng.uniform(300, 400) * times)


def hum_at_speed(text, voice, rng, speed=1.0):
    return hum(text[: round(len(text) / speed)], voice, rng)


def wrong(text, voice, rng):
    return np.zeros((2, 100))


class Own(Engine):
    @property
    def made_by(self):
        return {"engine": "own"}

    def voices(self):
        return ("low", "high")

    def check(self, text, voice):
        pass

    def say(self, text, voice, rng, *, speed=1.0):
        raise InputError("it is hoarse")


own = Own()


def test_espeak_speaks_as_its_corpus_does():
    espeak = open_engine("espeak", Source())
    gap = Random(3).uniform(0.01, 0.05)
    said = espeak.say(TEXT, "f2-gb-40", Random(3))
    assert np.array_equal(said.audio, speak(TEXT, Voice("f2", "gmw/en", 200, 40, gap)))
    assert np.array_equal(espeak.speak(TEXT, "f2-gb-40", Random(3)), said.audio)


def test_espeak_knows_where_each_language_is():
    said = open_engine("espeak", Source()).say(TEXT, "plain", Random(0))
    assert [span.language for span in said.spans] == ["zh", "en", "zh"]
    assert said.spans[0].start_s < 0.06
    assert said.spans[-1].end_s == pytest.approx(len(said.audio) / SAMPLE_RATE_HZ, abs=0.06)
    for before, after in zip(said.spans, said.spans[1:], strict=False):
        assert 0.009 < after.start_s - before.end_s < 0.051
    # Between two spans there is nothing but the gap.
    first, second = said.spans[:2]
    gap = said.audio[int(first.end_s * 16000) + 40 : int(second.start_s * 16000) - 40]
    assert np.abs(gap).max() < 0.05 * np.abs(said.audio).max()


def test_espeak_reads_numbers_in_the_language_around_them():
    espeak = open_engine("espeak", Source())
    numbers = espeak.say("我有 3 个", "plain", Random(0))
    assert [span.language for span in numbers.spans] == ["zh"]


def test_speed_makes_a_clip_shorter():
    espeak = open_engine("espeak", Source())
    slow, fast = (len(espeak.speak(TEXT, "plain", Random(0), speed=s)) for s in (0.8, 1.3))
    assert slow > 1.3 * fast
    for speed in (0.1, 5.0, float("nan")):
        with pytest.raises(KnobError, match=r"expected 0\.5 to 2"):
            espeak.speak(TEXT, "plain", Random(0), speed=speed)


def test_voices_and_texts_that_espeak_lacks_are_refused():
    espeak = open_engine("espeak", Source())
    espeak.check_voice("f2-us-45")
    with pytest.raises(KnobError, match=r"espeak has no voice 'f22'; did you mean 'f2'"):
        espeak.check_voice("f22")
    with pytest.raises(KnobError, match="espeak has no voice"):
        espeak.speak(TEXT, "nobody", Random(0))
    with pytest.raises(InputError, match="HIRAGANA"):
        espeak.check("の", "plain")


def test_a_function_is_an_engine():
    mine = open_engine("test_engines:hum", Source())
    audio = mine.speak(TEXT, "any", Random(0))
    assert audio.dtype == np.float32
    assert len(audio) == len(TEXT) * 1600
    assert mine.made_by == {"engine": "test_engines:hum"}
    with pytest.raises(KnobError, match="takes no speed"):
        mine.speak(TEXT, "any", Random(0), speed=1.2)
    faster = open_engine("test_engines:hum_at_speed", Source())
    assert len(faster.speak(TEXT, "any", Random(0), speed=2.0)) < len(audio)


def test_an_object_is_an_engine():
    assert open_engine("test_engines:own", Source()) is own
    with pytest.raises(KnobError, match="own has no voice 'lo'; did you mean 'low'"):
        own.check_voice("lo")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kokro", r"no engine 'kokro'; did you mean 'kokoro'"),
        ("test_engines:TEXT", "should be an earmark.voices.engine.Engine or a function"),
        ("test_engines:humm", "has no 'humm'; did you mean 'hum'"),
    ],
)
def test_engines_that_are_not_there(name, expected):
    with pytest.raises(KnobError, match=expected):
        open_engine(name, Source())


def test_what_is_no_sound_is_refused():
    with pytest.raises(InputError, match=r"expected an array of samples .* shape \(2, 100\)"):
        open_engine("test_engines:wrong", Source()).speak(TEXT, "any", Random(0))


def test_the_table_names_every_engine():
    assert list(ENGINES) == ["espeak", "kokoro", "endpoint", "recorded"]
