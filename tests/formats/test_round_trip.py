"""Writing and reading again is the identity on what a format does not lose, or is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from earmark.errors import InputError
from earmark.formats import FORMATS
from earmark.formats.files.source import Source
from earmark.formats.reading import format_named, read, recognise
from earmark.formats.schema.losses import SEVERAL, without
from earmark.records import Candidate, Candidates, Hypothesis, Pair, Utterance
from earmark.speech.audio import write_audio
from formats.given import CANDIDATES, HYPOTHESES, different_ids, pairs, utterances

WRITTEN = [
    pytest.param(name, kind, id=f"{name}-{kind.__name__}")
    for name, each in FORMATS.items()
    for kind in each.loses
]
NEEDS_SOUND = ("lhotse", "shar")
FOLDERS = ("kaldi", "shar")
LENGTHS = ("lhotse", "shar", "nemo")
DURATION_S = 1.0


@pytest.fixture(scope="module", autouse=True)
def quick_disk():
    """Flush nothing to the disk: hundreds of small files would wait for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "a.flac"
    noise = np.random.default_rng(0).normal(0, 0.1, 16000)
    write_audio(path, noise.astype(np.float32))
    return str(path)


def records_of(kind, sound):
    records = {
        Utterance: utterances(sound),
        Hypothesis: HYPOTHESES,
        Pair: pairs(),
        Candidates: CANDIDATES,
    }
    return st.lists(records[kind], min_size=1, max_size=3).map(different_ids)


@pytest.mark.parametrize(("name", "kind"), WRITTEN)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_what_is_written_is_read_again(name, kind, sound, tmp_path_factory, data):
    records = data.draw(records_of(kind, sound if name in NEEDS_SOUND else None))
    folder = tmp_path_factory.mktemp(name)
    path = folder / ("out" if name in FOLDERS and kind is Utterance else f"out.{name}")
    chosen = format_named(name)
    try:
        assert chosen.write(records, path) == len(records)
    except InputError:
        event("refused")
        return
    lost = chosen.loses[kind]
    found = [without(record, lost) for record in read(kind, path, format=name, sounds=folder)]
    expected_ = expected(records, name, lost)
    if kind is Utterance and name in LENGTHS:
        found, expected_ = near(found), near(expected_)
    assert found == expected_


def near(records):
    """Round ends to a picosecond: start + length meets an end to one step of a double."""
    return [replace(r, end_s=None if r.end_s is None else round(r.end_s, 12)) for r in records]


def expected(records, name, lost):
    whole = [without(record, [each for each in lost if each != SEVERAL]) for record in records]
    whole = [one for record in whole for one in divided(record)] if SEVERAL in lost else whole
    spans = [getattr(record, name, None) for record in records for name in ("start_s", "end_s")]
    if name == "kaldi" and any(each is not None for each in spans):
        # Where some are spans, all are: the others begin at 0.
        whole = [replace(record, start_s=record.start_s or 0.0) for record in whole]
    return [closed(record) for record in whole] if name in NEEDS_SOUND else whole


def closed(record):
    """Return an utterance whose span has both ends, or none where it is all of the sound."""
    if record.start_s is None and record.end_s is None:
        return record
    start_s, end_s = record.start_s or 0.0, DURATION_S if record.end_s is None else record.end_s
    start_s, end_s = (None, None) if (start_s, end_s) == (0.0, DURATION_S) else (start_s, end_s)
    return replace(record, start_s=start_s, end_s=end_s)


def divided(pair):
    if len(pair.losers) < 2:
        return [pair]
    return [
        replace(
            pair,
            id=f"{pair.id}/{i + 1}",
            rejected=loser,
            failure_modes=pair.failure_modes[i : i + 1],
            scores={name: [n[0], n[i + 1]] for name, n in pair.scores.items()},
        )
        for i, loser in enumerate(pair.losers)
    ]


USUAL = {
    Utterance: [
        Utterance("u1", "我们 go", "{sound}", speaker="anna"),
        Utterance("u2", "去 review 一下", "{sound}", speaker="ben"),
    ],
    Hypothesis: [Hypothesis("u1", "我们 go"), Hypothesis("u2", "去一下")],
    Pair: [
        Pair(
            f"u{i}",
            [{"role": "user", "content": [{"type": "audio", "audio": "/a.flac"}]}],
            "我们 go",
            "我们",
        )
        for i in range(2)
    ],
    Candidates: [
        Candidates(
            f"u{i}",
            [{"role": "user", "content": [{"type": "audio", "audio": "/a.flac"}]}],
            [Candidate("我们 go", {"mixed_error_rate": 0}), Candidate("我们")],
            truth="我们 go",
        )
        for i in range(2)
    ],
}


@pytest.mark.parametrize(("name", "kind"), WRITTEN)
def test_usual_records_are_held_and_their_format_is_recognised(name, kind, sound, tmp_path):
    records = USUAL[kind]
    if kind is Utterance:
        records = [replace(record, audio=sound) for record in records]
    suffix = {"plain": ".txt", "jsonl": ".jsonl"}.get(name, "")
    path = tmp_path / f"out{suffix}"
    FORMATS[name].write(records, path)
    assert recognise(Source(path)).name == name
    lost = FORMATS[name].loses[kind]
    found = [without(record, lost) for record in read(kind, path, sounds=tmp_path / "sounds")]
    assert found == [without(record, lost) for record in records]
    assert any(getattr(record, "text", None) or kind in (Pair, Candidates) for record in found)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_lost_is_a_field_or_a_loss_with_a_name(name):
    each = FORMATS[name]
    assert each.name == name
    assert each.expects
    assert each.loses or each.reads
    for kind, lost in each.loses.items():
        without(USUAL[kind][0], lost)
        assert len(set(lost)) == len(lost)
