"""Corpora: the same arguments give the same files, splits share no sentence, no clip is cut."""

import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile

from earmark.errors import InputError, KnobError
from earmark.formats.reading import read
from earmark.records import Utterance
from earmark.text import tokenize
from earmark.voices import corpus
from earmark.voices.corpus import (
    CHUNK,
    MANIFEST,
    MAX_CLIP_S,
    SPLITS,
    Clip,
    add_noise,
    make_corpus,
    read_corpus,
    render_clip,
    split_of,
)
from earmark.voices.grammar import draw_sentence
from earmark.voices.speakers import Voice, speak

ALL = {"mixed": 1, "zh": 1, "en": 1}


def contents(spoken):
    return [row.rendering.sentence.content for row in spoken]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    return folder, make_corpus(folder, count=18, language_mix=ALL, seed=1, workers=1)


def test_manifest_and_sound(small):
    folder, spoken = small
    rows = list(read(Utterance, folder / MANIFEST))
    assert rows == [row.utterance for row in spoken]
    assert sorted(row.language for row in rows) == ["en"] * 6 + ["mixed"] * 6 + ["zh"] * 6
    assert len(list((folder / "audio").iterdir())) == 18
    for (utterance, audio), row in zip(read_corpus(folder), spoken, strict=True):
        info = soundfile.info(folder / utterance.audio)
        assert (info.samplerate, info.channels, info.format) == (16000, 1, "FLAC")
        assert audio.dtype == np.float32
        assert 0.5 < len(audio) / 16000 <= MAX_CLIP_S
        assert 0.2 < np.abs(audio).max() <= 0.96
        assert utterance.text == row.rendering.text
        assert utterance.language == row.rendering.language
        assert utterance.split == "train"
        assert utterance.speaker


def test_processes_change_nothing(tmp_path):
    count = 2 * CHUNK
    one = make_corpus(tmp_path / "a", count=count, language_mix=ALL, seed=2, workers=1)
    two = make_corpus(tmp_path / "b", count=count, language_mix=ALL, seed=2, workers=2)
    assert one == two
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


SCRIPT = """
from earmark.voices.corpus import make_corpus
make_corpus({folder!r}, count=80, language_mix={{"en": 1}}, workers=2)
"""


def test_a_script_that_its_processes_cannot_import_is_told_so(tmp_path):
    """Such a script starts itself anew in each process, which must not go on for ever."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(folder=str(tmp_path / "made")))
    ended = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode != 0
    assert "needs its work below `if __name__ == '__main__':`" in ended.stderr


def test_another_seed_is_another_corpus(small, tmp_path):
    other = make_corpus(tmp_path, count=18, language_mix=ALL, seed=2, workers=1)
    assert contents(other) != contents(small[1])


def test_splits_share_no_sentence_whoever_makes_them(small, tmp_path):
    dev = make_corpus(tmp_path / "d", count=9, language_mix=ALL, split="dev", seed=7, workers=1)
    heldout = make_corpus(
        tmp_path / "t",
        count=9,
        language_mix=ALL,
        split="test",
        voices="heldout",
        seed=7,
        workers=1,
    )
    for name, spoken in (("train", small[1]), ("dev", dev), ("test", heldout)):
        assert {split_of(content) for content in contents(spoken)} == {name}
        assert len(set(contents(spoken))) == len(spoken)
    ids = [row.utterance.id for spoken in (small[1], dev, heldout) for row in spoken]
    assert len(set(ids)) == len(ids)
    assert heldout[0].utterance.id.startswith("test-heldout-")


def test_split_shares():
    rng = Random(0)
    names = [split_of(draw_sentence(rng).content) for _ in range(4000)]
    for name, share in SPLITS.items():
        assert names.count(name) / len(names) == pytest.approx(share, abs=0.02)


def test_excluded_sentences_do_not_occur(small, tmp_path):
    first = contents(small[1])
    again = make_corpus(tmp_path, count=18, language_mix=ALL, seed=1, exclude=first, workers=1)
    assert not set(first) & set(contents(again))


def test_a_sentence_too_long_is_replaced_never_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "MAX_CLIP_S", 1.6)
    spoken = make_corpus(tmp_path, count=8, language_mix={"zh": 1}, seed=1, workers=1)
    lengths = [len(audio) / 16000 for _, audio in read_corpus(tmp_path)]
    assert len(lengths) == 8
    assert max(lengths) <= 1.6
    # The control: with the usual limit, the same draw holds longer clips.
    monkeypatch.setattr(corpus, "MAX_CLIP_S", 2.95)
    make_corpus(tmp_path / "long", count=8, language_mix={"zh": 1}, seed=1, workers=1)
    assert max(len(audio) / 16000 for _, audio in read_corpus(tmp_path / "long")) > 1.6
    assert all(tokenize(row.utterance.text) for row in spoken)


@pytest.mark.parametrize("snr_db", [10.0, 20.0, 30.0])
def test_noise_has_the_ratio_asked_for(snr_db):
    clean = speak("我想 copy 会议", Voice())
    noisy = add_noise(clean, snr_db, np.random.default_rng(0))
    scale = float(noisy @ clean / (clean @ clean))
    noise = noisy / scale - clean
    measured = 10 * np.log10(np.mean(clean**2) / np.mean(noise**2))
    assert measured == pytest.approx(snr_db, abs=0.7)
    assert np.abs(noisy).max() <= 0.96


def test_equal_clips_sound_equal():
    clip = Clip("我想 copy 会议", Voice("f2"), 25.0, 3)
    assert np.array_equal(render_clip(clip), render_clip(clip))
    assert not np.array_equal(render_clip(clip), render_clip(clip._replace(noise_seed=4)))


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"count": 0}, "count should be at least 1"),
        ({"split": "tests"}, "did you mean 'test'"),
        ({"voices": "helpout"}, "did you mean 'heldout'"),
        ({"language_mix": {"cmn": 1}}, "no language 'cmn'"),
        ({"language_mix": {"zh": -1}}, "at least 0, found -1"),
        ({"language_mix": {"zh": 0}}, "mix is empty"),
    ],
)
def test_knobs_that_make_no_sense(tmp_path, knobs, message):
    with pytest.raises(KnobError, match=message):
        make_corpus(tmp_path, **({"count": 2, "language_mix": ALL, "workers": 1} | knobs))


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="a file is there; expected a folder"):
        make_corpus(tmp_path / "file", count=1, language_mix=ALL, workers=1)
