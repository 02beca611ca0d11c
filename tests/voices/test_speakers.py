"""The synthesizer: deterministic, each language in its own voice, nothing silent or clipped."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from earmark.errors import InputError, KnobError
from earmark.voices.espeak_library import ENGINE_RATE_HZ, phonemes, speak_runs, variants
from earmark.voices.levels import LEVEL, PEAK, trim_silence
from earmark.voices.speakers import (
    CONDITIONS,
    SAMPLE_RATE_HZ,
    Voice,
    conditions,
    language_runs,
    speak,
)

TEXT = "我想 copy 会议"
ALL_VARIANTS = [v for source in CONDITIONS.values() for v in source.variants]


def digest(audio: np.ndarray) -> str:
    return hashlib.sha256(audio.tobytes()).hexdigest()


def test_same_arguments_same_samples_whatever_was_said_before():
    # f1 flutters and klatt4 draws random numbers: both once depended on what was said before.
    for voice in (Voice("f1"), Voice("klatt4"), Voice("whisper")):
        first = speak(TEXT, voice)
        speak("something else in between", Voice("f2", rate=180))
        assert np.array_equal(speak(TEXT, voice), first)


def test_a_new_process_says_the_same():
    code = (
        "import hashlib; from earmark.voices.speakers import Voice, speak; "
        f"print(hashlib.sha256(speak({TEXT!r}, Voice('f1')).tobytes()).hexdigest())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == digest(speak(TEXT, Voice("f1")))


def test_threads_take_turns():
    voices = [Voice(v) for v in ("f1", "m1", "f2", "m3")]
    alone = [digest(speak(TEXT, voice)) for voice in voices]
    with ThreadPoolExecutor(4) as pool:
        together = [digest(audio) for audio in pool.map(lambda v: speak(TEXT, v), voices)]
    assert together == alone


@pytest.mark.parametrize(
    "other",
    [
        Voice("f2"),
        Voice(rate=230),
        Voice(pitch=70),
        Voice(english="gmw/en"),
        Voice(gap_s=0.05),
    ],
)
def test_every_setting_is_heard(other):
    assert digest(speak(TEXT, other)) != digest(speak(TEXT, Voice()))


@pytest.mark.parametrize("variant", ALL_VARIANTS)
def test_level_and_edges(variant):
    audio = speak(TEXT, Voice(variant))
    assert audio.dtype == np.float32
    assert 0.6 < len(audio) / SAMPLE_RATE_HZ < 2.0
    assert np.abs(audio).max() <= PEAK + 1e-6
    assert np.sqrt(np.mean(audio**2)) == pytest.approx(LEVEL, rel=0.15)
    loud = np.flatnonzero(np.abs(audio) > 0.02 * np.abs(audio).max())
    assert loud[0] / SAMPLE_RATE_HZ < 0.1
    assert (len(audio) - loud[-1]) / SAMPLE_RATE_HZ < 0.1


def test_runs_are_said_apart_and_joined_after_gaps():
    voice = Voice("m1", gap_s=0.05)
    runs = [("cmn+m1", "我想"), ("en-us+m1", "copy"), ("cmn+m1", "会议")]
    spoken = speak_runs(runs, rate=voice.rate, pitch=voice.pitch)
    expected_s = sum(len(trim_silence(run)) for run in spoken) / ENGINE_RATE_HZ + 4 * 0.05
    assert len(speak(TEXT, voice)) / SAMPLE_RATE_HZ == pytest.approx(expected_s, abs=0.002)


def test_mandarin_is_read_as_mandarin_and_english_as_english():
    assert "(en)" not in phonemes("图书馆", "cmn")
    assert phonemes("图书馆", "cmn").endswith("a2n")  # guan, third tone
    assert phonemes("copy", "en-us") == "kˈɑːpi"
    # The controls: the wrong voice is noticed.
    assert "(en)" in phonemes("我想 copy", "cmn")
    assert "tʃˈaɪniːzlˌɛɾɚ" in phonemes("图书馆", "en-us")  # "Chinese letter"


def test_language_runs():
    assert language_runs("copy 会议, ok? 好") == [
        ("en", "copy"),
        ("zh", "会议"),
        ("en", ", ok?"),
        ("zh", "好"),
    ]
    assert language_runs("!? ...") == []


def test_distributions_share_no_speaker():
    train, heldout = conditions("train"), conditions("heldout")
    assert not set(train.variants) & set(heldout.variants)
    assert set(ALL_VARIANTS) - {""} <= set(variants())
    rng = Random(0)
    speakers = {
        source: {source.draw(rng).speaker for _ in range(300)} for source in (train, heldout)
    }
    assert not speakers[train] & speakers[heldout]
    assert len(speakers[train]) > 40
    rates = {source: {source.draw(rng).rate for _ in range(300)} for source in (train, heldout)}
    assert not rates[train] & rates[heldout]


def test_a_faster_voice_needs_less_time():
    lengths = [len(speak(TEXT, Voice(rate=rate))) for rate in (150, 190, 240, 300)]
    assert all(slow > fast for slow, fast in pairwise(lengths))


def test_errors_name_the_remedy():
    with pytest.raises(InputError, match=r"no voice 'cmn\+nobody'.* f1,"):
        speak(TEXT, Voice("nobody"))
    with pytest.raises(InputError, match="nothing to say in"):
        speak("...", Voice())
    with pytest.raises(KnobError, match="did you mean 'heldout'"):
        conditions("held-out")
