"""Transcription: the library's own greedy search, in order, resumable, nothing cut."""

import json
from dataclasses import replace

import numpy as np
import pytest

from earmark.cli.transcribe import transcribe as command
from earmark.cli.transcribing.options import LocalOptions, SamplingOptions
from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.policies.checkpoint.weights_hash import hash_of_model
from earmark.policies.lora.adapt import add_lora
from earmark.prompting.answer import Answer
from earmark.prompting.families import FACTS
from earmark.records import Utterance
from earmark.speech.audio import read_audio, write_audio
from earmark.transcribe.local import how_it_was_made, transcribe, weights_of
from earmark.transcribe.resume import fingerprint
from earmark.transcribe.writer import check_clips, split_at_quiet
from tiny_world import messages, noise, save_tiny, tiny_policy

PROMPT = "Write it down."
WRITTEN = [("Chinese", "今天"), ("English", "meet"), ("None", ""), ("Chinese", "好")]
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
    calls, plain = [], policy.candidates

    def dying(prompts, clips, caps, each, choice):
        calls.append(len(clips))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return plain(prompts, clips, caps, each, choice)

    monkeypatch.setattr(policy, "candidates", dying)
    (tmp_path / "h.jsonl").unlink()
    with pytest.raises(KeyboardInterrupt):
        run(policy, corpus, tmp_path)
    assert not (tmp_path / "h.jsonl").exists()
    with open(tmp_path / "h.jsonl.partial", "a") as file:
        file.write('{"id": "u9", "te')
    assert run(policy, corpus, tmp_path) == whole
    assert calls == [2, 2, 2, 1]


def leave_partial(tmp_path, rows):
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "h.jsonl.partial").write_text("".join(lines))


def stale(corpus, tmp_path, **changes):
    """Return rows as an interrupted run leaves them, but for their texts."""
    return [
        {
            "id": one.id,
            "text": "stale",
            "made_by": {**MADE_BY, **changes},
            "sound": fingerprint(one, tmp_path),
        }
        for one in corpus
    ]


def test_a_partial_file_made_otherwise_is_not_used(corpus, tmp_path, capsys):
    policy = tiny_policy()
    leave_partial(tmp_path, stale(corpus, tmp_path))
    assert {row.text for row in run(policy, corpus, tmp_path)} == {"stale"}, "the control"
    made_by = {**MADE_BY, "weights": "ab", "adapter_weights": "cd", "dtype": "float32"}
    for changes, named in (
        ({"adapter_weights": "ef", "weights": "ab", "dtype": "float32"}, "adapter_weights"),
        ({}, "adapter_weights, dtype, weights"),
    ):
        leave_partial(tmp_path, stale(corpus, tmp_path, **changes))
        rows = run(policy, corpus, tmp_path, made_by=made_by)
        assert "stale" not in {row.text for row in rows}
        said = " ".join(capsys.readouterr().err.split())
        why = f"made in another way (other, or not recorded then: {named})"
        assert f"5 rows of an interrupted run were {why}" in said


def test_rows_of_other_sound_are_done_again(corpus, tmp_path, rng, capsys):
    policy = tiny_policy()
    rows = stale(corpus, tmp_path)
    del rows[1]["sound"]
    leave_partial(tmp_path, rows)
    size = (tmp_path / "0.wav").stat().st_size
    write_audio(tmp_path / "0.wav", noise(rng, 2.5))
    assert (tmp_path / "0.wav").stat().st_size == size, "the same size, other samples"
    span = [*corpus[:2], replace(corpus[2], end_s=1.0), *corpus[3:]]
    texts = {row.id: row.text for row in run(policy, span, tmp_path)}
    assert [id_ for id_, text in texts.items() if text == "stale"] == ["u3", "u4"]
    assert "3 rows of an interrupted run are of other sound" in " ".join(
        capsys.readouterr().err.split()
    )


def test_a_stale_list_of_skipped_rows_goes(corpus, tmp_path):
    aside = tmp_path / "h.jsonl.skipped.jsonl"
    missing = [*corpus, Utterance("x", audio="x.wav")]
    run(tiny_policy(), missing, tmp_path, on_error="skip")
    assert aside.exists()
    run(tiny_policy(), corpus, tmp_path)
    assert not aside.exists()


def test_a_row_tells_whose_weights_made_it(tmp_path, corpus):
    folder = save_tiny(tmp_path / "model")
    policy = tiny_policy()
    add_lora(policy, rank=2, alpha=4)
    adapters = []
    for name in ("one", "two"):
        policy.model.save_pretrained(tmp_path / name)
        adapters.append(weights_of(policy, str(folder), tmp_path / name))
        next(p for n, p in policy.model.named_parameters() if "lora_B" in n).data.add_(1.0)
    assert adapters[0]["weights"] == adapters[1]["weights"] == hash_of_model(str(folder))
    assert adapters[0]["adapter_weights"] != adapters[1]["adapter_weights"]
    assert adapters[0]["dtype"] == "float32"


def test_a_long_clip_is_refused_or_split(corpus, tmp_path, rng):
    policy = tiny_policy()
    write_audio(tmp_path / "long.wav", noise(rng, 7.0))
    utterances = [*corpus, Utterance("long", audio="long.wav")]
    with pytest.raises(InputError, match=r"utterance .long.: .*7\.00 s of audio"):
        run(policy, utterances, tmp_path)
    rows = run(policy, utterances, tmp_path, on_error="skip")
    assert len(rows) == len(utterances), "each utterance has a row"
    (aside,) = [row for row in rows if row.set_aside is not None]
    assert aside.text == ""
    assert "at most 3 s can be heard" in aside.set_aside
    skipped = json.loads((tmp_path / "h.jsonl.skipped.jsonl").read_text())
    assert "at most 3 s can be heard" in skipped["reason"]
    assert len(run(policy, utterances, tmp_path, long_audio="split")) == len(utterances)


def test_a_processor_that_cuts_is_refused(corpus, tmp_path, monkeypatch):
    policy = tiny_policy()
    extractor = type(policy.extractor)
    whole = extractor.__call__

    def cutting(self, audio, *args, **options):
        return whole(self, [clip[:40_000] for clip in audio], *args, **options)

    monkeypatch.setattr(extractor, "__call__", cutting)
    with pytest.raises(InputError, match="the processor cuts audio"):
        run(policy, corpus, tmp_path)
    run(policy, corpus[:3], tmp_path)


def test_marks_are_taken_off_each_part_of_a_split_clip(tmp_path, rng, monkeypatch):
    policy = tiny_policy()
    policy.facts = replace(policy.facts, marks=FACTS["qwen3_asr"].marks)
    write_audio(tmp_path / "long.wav", noise(rng, 10.0))
    parts = [f"language {name}<asr_text> {text}" for name, text in WRITTEN]

    left, sizes = list(parts), []

    def write(prompts, clips, caps, each, choice):
        assert len(prompts) == len(clips) == len(caps)
        sizes.append(len(clips))
        return [[Answer(left.pop(0))] for _ in clips]

    monkeypatch.setattr(policy, "candidates", write)
    utterances = [Utterance("long", audio="long.wav")]
    (hyp,) = run(policy, utterances, tmp_path, long_audio="split")
    assert hyp.text == "今天 meet 好"
    assert hyp.raw_text == " ".join(parts)
    assert sizes == [2, 2], "the parts of a long recording are no larger a batch than others"


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


def test_all_bad_clips_are_named_before_the_model_is_loaded(corpus, tmp_path, monkeypatch):
    (tmp_path / "1.wav").write_text("not sound")
    (tmp_path / "3.wav").unlink()
    write_audio(tmp_path / "4.wav", noise(np.random.default_rng(0), 0.005))
    write_jsonl(tmp_path / "u.jsonl", corpus)

    def load(*_, **__):
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("earmark.cli.transcribing.local.load_policy", load)
    said = (
        r"^3 of 5 clips cannot be used; --on-error skip leaves them out:\n"
        r"  utterance 'u1': .*1.wav: cannot be read as audio.*\n"
        r"  utterance 'u3': .*3.wav: no such audio file.*\n"
        r"  utterance 'u4': .*4.wav: 5 ms of audio is too short to be heard"
    )
    with pytest.raises(InputError, match=said):
        command(model="model", utterances=tmp_path / "u.jsonl", out=tmp_path / "h.jsonl")


def test_one_bad_clip_is_named_alone_and_many_are_not_all_listed(corpus, tmp_path):
    (tmp_path / "1.wav").write_text("not sound")
    with pytest.raises(InputError, match=r"^utterance 'u1': .*1.wav: cannot be read as audio"):
        check_clips(corpus, tmp_path, "stop")
    many = [Utterance(f"m{i}", audio="none.wav") for i in range(30)]
    with pytest.raises(InputError, match=r"^30 of 30 clips [\s\S]*'m19'[^']*\n  and 10 more$"):
        check_clips(many, tmp_path, "stop")


def test_clips_that_cannot_be_used_are_set_aside_by_their_row(corpus, tmp_path):
    write_audio(tmp_path / "1.wav", noise(np.random.default_rng(0), 0.005))
    write_audio(tmp_path / "3.wav", noise(np.random.default_rng(0), 3.5))
    hypotheses = run(tiny_policy(), corpus, tmp_path, on_error="skip")
    heard = [hyp.id for hyp in hypotheses if hyp.set_aside is None]
    assert heard == ["u0", "u2", "u4"], "no text is invented"
    assert [hyp.text for hyp in hypotheses if hyp.set_aside is not None] == ["", ""]
    aside = (tmp_path / "h.jsonl.skipped.jsonl").read_text("utf-8").splitlines()
    aside = [json.loads(row) for row in aside]
    assert [row["line"] for row in aside] == [2, 4]
    assert "utterance 'u1': " in aside[0]["reason"]
    assert "5 ms of audio is too short" in aside[0]["reason"]
    assert "3.50 s of audio, but at most 3 s can be heard" in aside[1]["reason"]


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_clip_of_which_the_model_makes_no_token_is_refused(
    corpus, tmp_path, monkeypatch, batch_size
):
    policy, plain = tiny_policy(), tiny_policy().features
    write_audio(tmp_path / "2.wav", noise(np.random.default_rng(0), 0.1))

    def features(clip):
        if len(clip) < 3200:
            raise InputError("clip: 0.100 s of audio is too short to be heard")
        return plain(clip)

    monkeypatch.setattr(policy, "features", features)
    with pytest.raises(InputError, match=r"utterance 'u2': clip: 0\.100 s of audio is too short"):
        run(policy, corpus, tmp_path, batch_size=batch_size)
    hypotheses = run(policy, corpus, tmp_path, batch_size=batch_size, on_error="skip")
    heard = [hyp.id for hyp in hypotheses if hyp.set_aside is None]
    assert heard == ["u0", "u1", "u3", "u4"]


def sampled(corpus, tmp_path, name, **knobs):
    """Sample two candidates of each clip with a tiny model; return their files' rows."""
    save_tiny(tmp_path / "model")
    write_jsonl(tmp_path / "m.jsonl", corpus)
    knobs = {"candidates": 2, "temperature": 1.5, "seed": 3, **knobs}
    command(
        model=str(tmp_path / "model"),
        utterances=tmp_path / "m.jsonl",
        out=tmp_path / f"{name}.jsonl",
        max_new_tokens=6,
        sampling=SamplingOptions(**knobs),
        local=LocalOptions(batch_size=3, device="cpu", dtype="float32"),
    )
    files = [tmp_path / f"{name}.{number}.jsonl" for number in (1, 2)]
    return [[json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in files]


def test_candidates_are_sampled_here_too(corpus, tmp_path):
    one, two = sampled(corpus, tmp_path, "h")
    assert [row["raw_text"] for row in one] != [row["raw_text"] for row in two]
    made_by = two[0]["made_by"]
    assert (made_by["candidate"], made_by["candidates"]) == (2, 2)
    assert made_by["decoding"] == {
        "do_sample": True,
        "num_beams": 1,
        "repetition_penalty": 1.0,
        "no_repeat_ngram_size": 0,
        "temperature": 1.5,
        "top_p": 1.0,
        "top_k": 0,
        "seed": 3,
        "max_new_tokens": 6,
    }
    # What is drawn depends on the seed and the clip, and not on what was done before.
    again, _ = sampled(corpus[2:], tmp_path, "again")
    assert [row["raw_text"] for row in again] == [row["raw_text"] for row in one[2:]]
    other, _ = sampled(corpus, tmp_path, "other", seed=4)
    assert [row["raw_text"] for row in other] != [row["raw_text"] for row in one]


def test_a_token_may_be_suppressed_by_name(corpus, tmp_path):
    policy = tiny_policy()
    before = run(policy, corpus[:1], tmp_path)[0].raw_text
    token = policy.tokenizer.decode(policy.tokenizer(before)["input_ids"][:1])
    (tmp_path / "h.jsonl").unlink()
    assert token not in run(policy, corpus[:1], tmp_path, suppress=[token])[0].raw_text
    with pytest.raises(KnobError, match=r"suppress 'a b c d': expected the text of one token"):
        run(policy, corpus[:1], tmp_path, suppress=["a b c d"])


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"language": "fr"}, "language 'fr': a model loaded here takes zh, en, auto"),
        ({"language": "zh"}, "language 'zh': the prompts of Qwen2Audio.* name no language"),
        ({"language": "zh", "local": LocalOptions(prefill="a")}, "language sets what answers"),
        ({"local": LocalOptions(silence_s=2)}, "silence_s 2: of no use with Qwen2Audio"),
    ],
)
def test_what_only_some_families_take_is_refused_by_others(knobs, message, corpus, tmp_path):
    write_jsonl(tmp_path / "m.jsonl", corpus)
    with pytest.raises(KnobError, match=message):
        command(model="tiny-base", utterances=tmp_path / "m.jsonl", out=tmp_path / "h", **knobs)
