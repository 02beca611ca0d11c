"""Candidates from a server: concurrent, in order, faults named by row, nothing lost."""

import json
import sys

import pytest

from earmark.cli import app
from earmark.endpoint import UnreachableError
from earmark.errors import InputError, KnobError
from openai_server import OpenAIServer, serving
from sample_world import lines, write_corpus, write_rows

PROMPTS = [{"id": f"p{i}", "prompt": f"Say {i}."} for i in range(6)]


@pytest.fixture
def asked(tmp_path):
    return write_rows(tmp_path / "p.jsonl", PROMPTS)


def several(clip, fields):
    return [f"{fields['prompt']} {i}" for i in range(fields["n"])]


def run(url, prompts, *more, n=3):
    out = prompts.with_name("c.jsonl")
    given = ["sample", "--endpoint", url, "--model", "tiny", "--prompts", prompts, "--out", out]
    given += ["--candidates", n, "--retries", 0, *more]
    app([*map(str, given)], result_action="return_value", exit_on_error=False, print_error=False)
    return lines(out)


def test_prompts_of_text_are_answered_in_their_order_at_once(asked):
    server = OpenAIServer(several, delay_s=0.05)
    with serving(server) as url:
        rows = run(url, asked, "--temperature", 0.8, "--concurrency", 3)
    assert [row["id"] for row in rows] == [row["id"] for row in PROMPTS]
    assert [one["content"] for one in rows[2]["candidates"]] == [f"Say 2. {i}" for i in range(3)]
    assert rows[0]["candidates"][0]["made_by"] == {"model": "tiny"}
    assert rows[0]["made_by"]["decoding"]["temperature"] == 0.8
    assert 1 < server.most_at_once <= 3
    seeds = {one.fields["seed"] for one in server.requests}
    assert len(seeds) == len(PROMPTS), "each row draws by a seed of its own"


def test_log_probabilities_are_recorded_where_the_server_tells_them(asked):
    with serving(OpenAIServer(several)) as url:
        told = run(url, asked, "--logprobs")[0]["candidates"][0]
        assert (told["logprob"], told["tokens"]) == (-0.75, 2)
        assert "logprob" not in run(url, asked)[0]["candidates"][0]


def test_clips_are_sent_and_a_cut_answer_says_so(tmp_path):
    server = OpenAIServer(lambda clip, fields: [f"{len(clip)}..."] * fields["n"])
    path = write_corpus(tmp_path)
    with serving(server) as url:
        rows = run(url, path)
    assert [row["candidates"][0]["content"] for row in rows] == ["40000...", "9600...", "22400..."]
    assert rows[0]["candidates"][0]["cut"] is True
    assert {one.fields["prompt"] for one in server.requests} == {"Transcribe the audio."}


def test_a_server_that_gives_fewer_is_named_and_what_came_is_kept(asked):
    def fewer(clip, fields):
        return several(clip, fields)[: 1 if "3." in fields["prompt"] else None]

    with serving(OpenAIServer(fewer)) as url:
        with pytest.raises(InputError, match="3 candidates were requested, got 1") as error:
            run(url, asked, "--concurrency", 1)
        assert "--one-by-one" in str(error.value)
        assert "'p3'" in str(error.value)
        assert not asked.with_name("c.jsonl").exists()
        assert len(lines(asked.with_name("c.jsonl.partial"))) >= 3
        rows = run(url, asked, "--on-error", "skip")
    assert [row["id"] for row in rows] == ["p0", "p1", "p2", "p4", "p5"]
    (bad,) = lines(asked.with_name("c.jsonl.skipped.jsonl"))
    assert (bad["line"], json.loads(bad["raw"])["id"]) == (4, "p3")


def test_one_by_one_asks_with_seeds_that_differ(asked):
    server = OpenAIServer(several)
    with serving(server) as url:
        rows = run(url, asked, "--one-by-one")
    assert all(len(row["candidates"]) == 3 for row in rows)
    assert {one.fields["n"] for one in server.requests} == {1}
    assert len({one.fields["seed"] for one in server.requests}) == 3 * len(PROMPTS)


def test_a_server_that_is_gone_ends_the_run_which_resumes(asked, capsys):
    server = OpenAIServer(several)
    server.script = [0.0, 0.0, "hang up"]
    with serving(server) as url:
        with pytest.raises(UnreachableError):
            run(url, asked, "--concurrency", 1, "--on-error", "skip")
        before = len(server.requests)
        rows = run(url, asked)
    assert [row["id"] for row in rows] == [row["id"] for row in PROMPTS]
    assert len(server.requests) - before < len(PROMPTS)
    assert "prompts were answered before" in " ".join(capsys.readouterr().err.split())


def test_what_a_chat_server_cannot_be_asked_is_named_before_work(tmp_path, asked):
    begun = [{"role": "user", "content": "Say it."}, {"role": "assistant", "content": "It"}]
    path = write_rows(tmp_path / "b.jsonl", [*PROMPTS, {"id": "b", "prompt": begun}])
    server = OpenAIServer(several)
    with serving(server) as url:
        with pytest.raises(InputError, match="'b': the prompt ends with a message of role 'assi"):
            run(url, path)
        with pytest.raises(KnobError, match="top_k 5: a server of kind 'openai' takes no such"):
            run(url, asked, "--server", "openai", "--top-k", 5)
        with pytest.raises(KnobError, match="language: of no use with --endpoint"):
            run(url, asked, "--language", "zh")
    assert not server.requests


def test_torch_is_not_needed_with_a_server(asked, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "torch"]:
        monkeypatch.setitem(sys.modules, name, None)
    with serving(OpenAIServer(several)) as url:
        assert len(run(url, asked)) == len(PROMPTS)
