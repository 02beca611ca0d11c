"""Transcription: the library's own greedy search, in order, resumable, nothing cut."""

import json

import numpy as np
import pytest

from earmark.errors import InputError
from earmark.evaluate.transcribe import how_it_was_made, transcribe
from earmark.records import Utterance
from earmark.speech.audio import read_audio, write_audio
from earmark.speech.split import split_at_quiet
from tiny_world import messages, noise, tiny_policy

PROMPT = "Write it down."
MADE_BY = how_it_was_made("tiny", None, PROMPT, 6, "refuse")


@pytest.fixture
def corpus(tmp_path, rng):
    utterances = []
    for i, duration_s in enumerate([2.5, 0.6, 1.4, 2.9, 1.0]):
        write_audio(tmp_path / f"{i}.wav", noise(rng, duration_s))
        utterances.append(Utterance(f"u{i}", audio=f"{i}.wav"))
    return utterances


def run(policy, utterances, tmp_path, **knobs):
    knobs = {"prompt": PROMPT, "made_by": MADE_BY, "max_new_tokens": 6, "batch_size": 2, **knobs}
    return transcribe(policy, utterances, tmp_path, tmp_path / "h.jsonl", **knobs)


def test_batched_equals_one_by_one_in_the_order_given(corpus, tmp_path):
    policy = tiny_policy()
    hypotheses = run(policy, corpus, tmp_path)
    assert [hyp.id for hyp in hypotheses] == [u.id for u in corpus]
    for hyp in hypotheses:
        clip = read_audio(tmp_path / f"{hyp.id[1:]}.wav")
        assert [hyp.raw_text] == policy.transcribe([messages()], [clip], 6)
    assert len({hyp.raw_text for hyp in hypotheses}) > 1
    row = json.loads((tmp_path / "h.jsonl").read_text().splitlines()[0])
    assert row["made_by"]["decoding"] == {
        "do_sample": False,
        "num_beams": 1,
        "repetition_penalty": 1.0,
        "no_repeat_ngram_size": 0,
        "max_new_tokens": 6,
    }
    assert not (tmp_path / "h.jsonl.partial").exists()


def test_a_stopped_run_goes_on(corpus, tmp_path, monkeypatch):
    policy = tiny_policy()
    whole = run(policy, corpus, tmp_path)
    calls, plain = [], policy.transcribe

    def dying(prompts, clips, cap):
        calls.append(len(clips))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return plain(prompts, clips, cap)

    monkeypatch.setattr(policy, "transcribe", dying)
    (tmp_path / "h.jsonl").unlink()
    with pytest.raises(KeyboardInterrupt):
        run(policy, corpus, tmp_path)
    assert not (tmp_path / "h.jsonl").exists()
    with open(tmp_path / "h.jsonl.partial", "a") as file:
        file.write('{"id": "u9", "te')
    assert run(policy, corpus, tmp_path) == whole
    assert calls == [2, 2, 2, 1]


def test_a_partial_file_made_otherwise_is_not_used(corpus, tmp_path):
    policy = tiny_policy()
    (tmp_path / "h.jsonl.partial").write_text('{"id": "u0", "text": "stale"}\n')
    assert run(policy, corpus, tmp_path)[0].text != "stale"


def test_a_long_clip_is_refused_or_split(corpus, tmp_path, rng):
    policy = tiny_policy()
    write_audio(tmp_path / "long.wav", noise(rng, 7.0))
    utterances = [*corpus, Utterance("long", audio="long.wav")]
    with pytest.raises(InputError, match=r"utterance .long.: .*7\.00 s of audio"):
        run(policy, utterances, tmp_path)
    assert len(run(policy, utterances, tmp_path, on_error="skip")) == len(corpus)
    skipped = json.loads((tmp_path / "h.jsonl.skipped.jsonl").read_text())
    assert "at most 3 s can be heard" in skipped["reason"]
    assert len(run(policy, utterances, tmp_path, long_audio="split")) == len(utterances)


def test_splitting_loses_no_sample(rng):
    clip = noise(rng, 8.0)
    clip[30_000:31_000] = 0
    parts = split_at_quiet(clip, longest=48_000)
    assert np.array_equal(np.concatenate(parts), clip)
    assert max(map(len, parts)) <= 48_000
    assert 29_000 < len(parts[0]) < 32_000, "cut where it is quiet"


def test_an_utterance_without_audio_is_refused(tmp_path):
    with pytest.raises(InputError, match="it has no audio"):
        run(tiny_policy(), [Utterance("x")], tmp_path)
