"""Candidates from a model loaded here: seeds by row, resumed, ordered, nothing lost."""

import json

import pytest

import earmark
from earmark.cli import app
from earmark.errors import InputError, KnobError
from earmark.formats.reading import read
from earmark.policies.families.text import text_policy
from earmark.policies.next_token import Choice
from earmark.records import Candidates
from earmark.sample.local import Wanted, check_askable
from earmark.sample.writer import partial_path
from earmark.transcribe.decoding import Decoding
from earmark.transcribe.local import transcribe_clips
from earmark.transcribe.writer import check_clips
from sample_world import lines, planned, sampled, write_corpus, write_rows
from text_models import build_text
from tiny_world import messages, save_tiny, tiny_policy


def texts_of(rows):
    return [[one["content"] for one in row["candidates"]] for row in rows]


def run(*given):
    app([*map(str, given)], result_action="return_value", exit_on_error=False, print_error=False)


def test_candidates_depend_on_seed_row_and_number_alone(tmp_path):
    policy, path = tiny_policy(), write_corpus(tmp_path)
    rows = sampled(policy, path, tmp_path / "c.jsonl")
    assert [row["id"] for row in rows] == ["u0", "u1", "u2"], "in the order given"
    assert len({text for own in texts_of(rows) for text in own}) > 3
    for other in (1, 4, 100):
        again = sampled(policy, path, tmp_path / "other.jsonl", batch_size=other)
        assert texts_of(again) == texts_of(rows), f"batch size {other}"
    more = sampled(policy, path, tmp_path / "more.jsonl", candidates=5)
    assert [own[:3] for own in texts_of(more)] == texts_of(rows)
    short = write_rows(tmp_path / "last.jsonl", lines(path)[2:])
    assert texts_of(sampled(policy, short, tmp_path / "s.jsonl")) == texts_of(rows)[2:]
    assert texts_of(sampled(policy, path, tmp_path / "o.jsonl", seed=4)) != texts_of(rows)


def test_a_transcript_is_the_candidate_of_transcribe(tmp_path):
    policy, path = tiny_policy(), write_corpus(tmp_path)
    rows = sampled(policy, path, tmp_path / "c.jsonl")
    decoding = Decoding(candidates=3, temperature=1.5, seed=3, max_new_tokens=6)
    checked = check_clips(list(read(earmark.Utterance, path)), tmp_path, "stop")
    columns = transcribe_clips(
        policy, checked, tmp_path / "h.jsonl", prompt="Say it.", made_by={}, decoding=decoding
    )
    assert texts_of(rows) == [[hyp.text for hyp in row] for row in zip(*columns, strict=True)]


def test_log_probability_is_the_sum_at_temperature_1_over_all_tokens(tmp_path):
    policy, path = tiny_policy(), write_corpus(tmp_path)
    (row, *_) = sampled(policy, path, tmp_path / "c.jsonl", top_p=0.8)
    _, prompts = planned(policy, path)
    wanted = Wanted(0, prompts[0], 0)
    clip = wanted.hearing.sounds[0].read()
    seeds = [wanted.seed(3, number) for number in range(3)]
    choice = Choice(temperature=1.5, top_p=0.8, seeds=seeds)
    (written,) = policy.write([wanted.hearing.messages], [clip], [6], 3, choice)
    found = [(one["tokens"], one["logprob"]) for one in row["candidates"]]
    assert found == [(len(one.ids), pytest.approx(sum(one.logps))) for one in written]


def test_a_killed_run_resumes_and_ends_like_an_undisturbed_one(tmp_path, monkeypatch):
    policy, path, out = tiny_policy(), write_corpus(tmp_path), tmp_path / "c.jsonl"
    whole = sampled(policy, path, out, batch_size=3)
    out.unlink()
    plain, calls = policy.candidates, []

    def dying(prompts, *rest):
        calls.append(len(prompts))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return plain(prompts, *rest)

    monkeypatch.setattr(policy, "candidates", dying)
    with pytest.raises(KeyboardInterrupt):
        sampled(policy, path, out, batch_size=3)
    assert not out.exists()
    with open(partial_path(out), "a") as file:
        file.write('{"id": "u1", "ke')
    assert sampled(policy, path, out, batch_size=3) == whole
    assert calls == [1, 1, 1, 1], "the first prompt was kept"
    assert not partial_path(out).exists()


def test_rows_of_another_seed_or_sound_are_sampled_again(tmp_path, monkeypatch, capsys):
    policy, path, out = tiny_policy(), write_corpus(tmp_path), tmp_path / "c.jsonl"
    monkeypatch.setattr("earmark.sample.writer.write_jsonl", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sampled(policy, path, out)
    assert len(lines(partial_path(out))) == 3
    monkeypatch.undo()
    (tmp_path / "0.wav").write_bytes((tmp_path / "1.wav").read_bytes())
    rows = sampled(policy, path, out)
    said = " ".join(capsys.readouterr().err.split())
    assert "1 rows of an interrupted run were sampled in another way" in said
    assert "2 prompts were answered before" in said
    assert texts_of(rows) == texts_of(sampled(policy, path, tmp_path / "fresh.jsonl"))


def test_a_prompt_that_cannot_be_answered_is_set_aside_alone(tmp_path, monkeypatch):
    policy, path, out = tiny_policy(), write_corpus(tmp_path), tmp_path / "c.jsonl"
    whole = sampled(policy, path, tmp_path / "whole.jsonl")
    plain = policy.features

    def failing(clip):
        if len(clip) == int(0.6 * 16_000):
            raise InputError("clip: damaged in the middle")
        return plain(clip)

    monkeypatch.setattr(policy, "features", failing)
    with pytest.raises(InputError, match="'u1': clip: damaged in the middle"):
        sampled(policy, path, out)
    rows = sampled(policy, path, out, on_error="skip")
    assert texts_of(rows) == [texts_of(whole)[0], texts_of(whole)[2]]
    (bad,) = lines(out.with_name("c.jsonl.skipped.jsonl"))
    assert (bad["line"], json.loads(bad["raw"])["id"]) == (2, "u1")


def test_what_a_row_has_is_kept_before_the_new_candidates(tmp_path):
    write_corpus(tmp_path)
    asked = messages("1.wav", "Write it down.")
    known = {"content": "the shop", "scores": {"a": 1.0}}
    rows = [{"id": "r", "prompt": asked, "candidates": [known], "made_by": {"model": "other"}}]
    path = write_rows(tmp_path / "given.jsonl", rows)
    (tmp_path / "sub").mkdir()
    (row,) = sampled(tiny_policy(), path, tmp_path / "sub" / "c.jsonl")
    assert row["candidates"][0] == known
    assert len(row["candidates"]) == 4
    assert row["made_by"]["added_to"] == {"model": "other"}
    assert row["prompt"][0]["content"][0]["audio"] == "../1.wav", "as seen from the new file"


def test_per_clip_each_voice_gives_a_candidate_that_names_it(tmp_path):
    path = write_corpus(tmp_path, texts=("好", "好", "好"))
    (row,) = sampled(tiny_policy(), path, tmp_path / "c.jsonl", candidates=1, per="clip")
    assert [one["audio"] for one in row["candidates"]] == ["0.wav", "1.wav", "2.wav"]
    assert (row["id"], row["truth"]) == ("u0", "好")


def test_what_cannot_be_asked_is_named_before_work(tmp_path):
    policy, path = tiny_policy(), write_corpus(tmp_path, seconds=(2.5, 0.6, 9.0))
    _, prompts = planned(policy, path)
    check_askable(policy, prompts[0])
    with pytest.raises(InputError, match=r"2\.wav: 9\.00 s of audio, but at most 3 s can be heard"):
        check_askable(policy, prompts[2])
    deaf = text_policy(*build_text("qwen2"))
    with pytest.raises(InputError, match="reads text alone, but the prompt holds audio"):
        check_askable(deaf, prompts[0])


def test_a_model_of_text_answers_prompts_of_text(tmp_path):
    rows = [{"prompt": "the shop"}, {"id": "two", "prompt": "我 想 去 the library"}]
    path = write_rows(tmp_path / "p.jsonl", rows)
    policy = text_policy(build_text("qwen2")[0].eval(), build_text("qwen2")[1])
    made = sampled(policy, path, tmp_path / "c.jsonl")
    assert [row["id"] for row in made] == ["1", "two"]
    assert all(len(row["candidates"]) == 3 for row in made)
    assert texts_of(sampled(policy, path, tmp_path / "d.jsonl", batch_size=1)) == texts_of(made)


def test_the_command_and_the_function_sample_the_same(tmp_path, capsys):
    path, model = write_corpus(tmp_path), save_tiny(tmp_path / "model")
    out = tmp_path / "c.jsonl"
    knobs = ("--candidates", 2, "--max-new-tokens", 5, "--seed", 7, "--top-p", 0.9)
    run("sample", "--model", model, "--prompts", path, "--out", out, *knobs)
    assert "3 prompts with their candidates" in " ".join(capsys.readouterr().err.split())
    rows = lines(out)
    made_by = rows[0]["made_by"]
    assert (
        made_by["decoding"] | {"max_new_tokens": 5, "seed": 7, "top_p": 0.9}
        == (made_by["decoding"])
    )
    assert made_by["candidates"] == 2
    assert rows[0]["candidates"][0]["made_by"] == {"model": str(model)}
    found = earmark.sample(model, path, candidates=2, max_new_tokens=5, seed=7, top_p=0.9)
    assert all(isinstance(row, Candidates) for row in found)
    assert [[one.content for one in row.candidates] for row in found] == texts_of(rows)
    with pytest.raises(InputError, match=r"u\.jsonl"):
        run("sample", "--model", model, "--prompts", path, "--out", path, *knobs)


@pytest.mark.parametrize(
    ("knobs", "why"),
    [
        (("--top-p", "1.5"), "top_p is 1.5; expected more than 0, 1 at most"),
        (("--temperature", "-1"), "temperature is -1"),
        (("--temperature", "0"), "8 candidates at temperature 0 would all be the same"),
        (("--candidates", "0"), "candidates is 0; expected 1 or more"),
        (("--max-new-tokens", "0"), "max_new_tokens is 0"),
        (("--batch-size", "0"), "batch_size is 0"),
        (("--concurrency", "3"), "--concurrency: only with --endpoint"),
        (("--endpoint", "http://localhost:1/v1", "--dtype", "float32"), "--dtype: of no use with"),
    ],
)
def test_knobs_that_cannot_be_are_refused_before_a_model_is_loaded(tmp_path, knobs, why):
    path = write_corpus(tmp_path)
    given = ("sample", "--model", "no-such-model", "--prompts", path, "--out", tmp_path / "c.jsonl")
    with pytest.raises(KnobError, match=why):
        run(*given, *knobs)
