"""The real voices, where they are: EARMARK_KOKORO is the folder of the model.

Get one by `python -m benchmarks.real_parts.kokoro`, and the packages by the extra [voices].
"""

import os
import shutil
from pathlib import Path
from random import Random
from types import SimpleNamespace

import numpy as np
import pytest

from earmark.errors import InputError, KnobError
from earmark.voices.engine import SAMPLE_RATE_HZ, Source
from earmark.voices.engines import open_engine

FOLDER = os.environ.get("EARMARK_KOKORO", "")
for package in ("onnxruntime", "misaki", "hibari"):
    pytest.importorskip(package, reason=f"{package} is not installed: pip install '.[voices]'")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="EARMARK_KOKORO does not name the folder of the Kokoro model"
)
# Of jieba's imports, and of numpy arrays that onnxruntime makes.
pytestmark = [pytestmark, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

TEXT = "我们明天要 submit the report 给经理。"


@pytest.fixture(scope="module")
def kokoro():
    return open_engine("kokoro", Source(model=FOLDER))


def test_one_sentence_in_two_languages(kokoro):
    said = kokoro.say(TEXT, "zf_xiaoxiao", Random(0))
    assert said.audio.dtype == np.float32
    assert 2 < len(said.audio) / SAMPLE_RATE_HZ < 4.5
    assert np.abs(said.audio).max() <= 0.951
    assert [span.language for span in said.spans] == ["zh", "en", "zh"]
    assert 0.05 < said.spans[0].start_s < 0.2
    for before, after in zip(said.spans, said.spans[1:], strict=False):
        assert before.start_s < before.end_s <= after.start_s < before.end_s + 0.2
    assert said.spans[-1].end_s <= len(said.audio) / SAMPLE_RATE_HZ


def test_the_same_arguments_give_the_same_samples(kokoro):
    first = kokoro.speak("好的 ok", "zm_yunxi", Random(0))
    kokoro.speak("something else", "am_adam", Random(0))
    assert np.array_equal(kokoro.speak("好的 ok", "zm_yunxi", Random(1)), first)
    faster = kokoro.speak("好的 ok", "zm_yunxi", Random(0), speed=1.5)
    assert len(faster) < len(first)
    assert not np.array_equal(kokoro.speak("好的 ok", "am_adam", Random(0)), first)


def test_each_language_is_read_in_its_own_phonemes(kokoro):
    read = kokoro._read("我有 3 个 apples, 50% off", "zf_xiaoxiao")
    assert [span.language for span in read] == ["zh", "en"]
    assert read[0].phonemes == "wo↓ jou↓ sa→n kɤ↘"
    assert read[1].phonemes.startswith("ˈæpᵊlz, fˈɪfti pəɹsˈɛnt")
    kokoro.check("it is 5 + 3 = 8 and $5, x < 3", "zf_xiaoxiao")
    british, american = (kokoro._read("the car", v)[0].phonemes for v in ("bf_emma", "af_bella"))
    assert "ɹ" in american
    assert "ɹ" not in british


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("の", "HIRAGANA LETTER NO"),
        ("𠮷野家", r"U\+20BB7 .* is not in misaki's dictionary"),
        ("好" * 200, r"has \d+ phonemes; Kokoro speaks 510 at most"),
        ("你 = 好", "EQUALS SIGN"),
        ("five $ only", r"DOLLAR SIGN\) in 'five \$ only' is not read by hibari; write it out"),
        ("好 100€ price", "EURO SIGN"),
    ],
)
def test_what_it_cannot_read_is_refused(kokoro, text, expected):
    with pytest.raises(InputError, match=expected):
        kokoro.check(text, "zf_xiaoxiao")


def test_a_voice_that_is_not_there(kokoro):
    with pytest.raises(KnobError, match=r"kokoro has no voice 'zf_xiaoxia'; did you mean 'zf_xi"):
        kokoro.check("好", "zf_xiaoxia")


@pytest.mark.parametrize("samples", [np.zeros(9600), np.full(9600, np.nan)])
def test_a_model_that_gives_no_sound_is_named(samples, monkeypatch):
    engine = open_engine("kokoro", Source(model=FOLDER))
    inputs = [SimpleNamespace(name="input_ids")]
    silent = SimpleNamespace(get_inputs=lambda: inputs, run=lambda *_: [samples])
    monkeypatch.setitem(vars(engine), "_session", silent)
    with pytest.raises(InputError, match=r"voice 'zf_xiaoni' gave no sound, or NaN, for '好'"):
        engine.say("好", "zf_xiaoni", Random(0))


def test_folders_that_are_not_whole(tmp_path):
    with pytest.raises(KnobError, match="needs the folder of its model; get one by `hf download"):
        open_engine("kokoro", Source())
    with pytest.raises(InputError, match=r"nowhere: expected the folder .* found no such folder"):
        open_engine("kokoro", Source(model=str(tmp_path / "nowhere")))
    with pytest.raises(InputError, match=r"found none of kokoro\.onnx, "):
        open_engine("kokoro", Source(model=str(tmp_path)))
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"expected the vocabulary, with a blank in it"):
        open_engine("kokoro", Source(model=str(tmp_path)))
    (tmp_path / "config.json").write_text('{"vocab": {"a": 1}}')
    with pytest.raises(InputError, match="expected the vocabulary, with a blank in it"):
        open_engine("kokoro", Source(model=str(tmp_path)))
    shutil.copy(Path(FOLDER) / "config.json", tmp_path)
    with pytest.raises(InputError, match=r"expected voices, \*\.bin; found none"):
        open_engine("kokoro", Source(model=str(tmp_path)))
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "zf_cut.bin").write_bytes(b"123")
    shutil.copy(Path(FOLDER) / "voices" / "zf_xiaoni.bin", tmp_path / "voices")
    engine = open_engine("kokoro", Source(model=str(tmp_path)))
    with pytest.raises(InputError, match=r"zf_cut\.bin: 3 bytes; expected rows of 256 float32"):
        engine.check("好", "zf_cut")
    engine.check("好", "zf_xiaoni")
    with pytest.raises(InputError, match=r"model\.onnx: not a Kokoro model, or damaged"):
        engine.speak("好", "zf_xiaoni", Random(0))
