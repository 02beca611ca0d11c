"""Opinion scores of sound: which of them, of which samples, and what has no sound."""

import sys
from types import ModuleType

import numpy as np
import pytest

from earmark.errors import KnobError
from earmark.judges.choose import chosen_judges
from earmark.judges.judge import Answer, Case, Failed
from earmark.judges.sound import dnsmos as dnsmos_file
from earmark.judges.sound import plcmos as plcmos_file
from earmark.speech.audio import write_audio


@pytest.fixture
def stand_in(monkeypatch):
    """Put a package in the place of speechmos that scores by length and loudness."""
    heard = []

    def run(samples, sr):
        heard.append((samples, sr))
        seconds, loud = len(samples) / sr, float(np.abs(samples).max())
        return {"ovrl_mos": seconds, "sig_mos": loud, "bak_mos": 3, "p808_mos": 4, "plcmos": 2.0}

    for name in ("speechmos", "speechmos.dnsmos", "speechmos.plcmos"):
        module = ModuleType(name)
        module.run = run
        monkeypatch.setitem(sys.modules, name, module)
    for file in (dnsmos_file, plcmos_file):
        monkeypatch.setattr(file, "version", lambda name: "0.0.1")
    return heard


def part(name, **span):
    return {"type": "audio", "audio": name, **span}


def test_the_mean_over_the_sounds_of_an_answer(tmp_path, stand_in):
    write_audio(tmp_path / "a.wav", np.full(16_000, 0.5, np.float32))
    write_audio(tmp_path / "b.wav", np.full(48_000, 0.25, np.float32))
    answers = (
        Answer(None, (part("a.wav"),)),
        Answer("text too", (part("a.wav"), part("b.wav", start_s=0.0, end_s=2.0))),
        Answer("text alone"),
        Answer(None, (part("no.wav"),)),
    )
    made = Case("row", [], answers, folder=tmp_path)
    (chosen,) = chosen_judges("dnsmos")
    (found,) = chosen.judge.score([made])
    assert found[:2] == [pytest.approx(1.0), pytest.approx(1.5)]
    assert found[2] == Failed("the answer has no sound")
    assert "no.wav" in found[3].why
    assert stand_in[0][1] == 16_000
    (loud,) = chosen_judges("dnsmos:scale=sig")
    assert loud.judge.score([made])[0][0] == pytest.approx(0.5, abs=1e-3)
    (gaps,) = chosen_judges("plcmos")
    assert gaps.judge.score([made])[0][0] == 2.0
    assert "speechmos:0.0.1" in gaps.judge.signature


def test_what_the_package_raises_is_a_failure_of_its_answer(tmp_path, monkeypatch, stand_in):
    def refuse(samples, sr):
        raise ValueError("too short")

    monkeypatch.setattr(sys.modules["speechmos.dnsmos"], "run", refuse)
    write_audio(tmp_path / "a.wav", np.full(1_600, 0.5, np.float32))
    (chosen,) = chosen_judges("dnsmos")
    made = Case("row", [], (Answer(None, (part("a.wav"),)),), folder=tmp_path)
    ((found,),) = chosen.judge.score([made])
    assert found == Failed("dnsmos fails: ValueError: too short")


def test_scales(stand_in):
    with pytest.raises(KnobError, match="one of ovrl, sig, bak, p808"):
        chosen_judges("dnsmos:scale=mos")
