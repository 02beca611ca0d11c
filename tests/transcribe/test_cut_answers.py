"""Answers that meet the token cap: marked, counted, and not mined for what they lack."""

import json

import numpy as np
import pytest

from earmark.cli import app
from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.reading import read
from earmark.formats.schema.fields import parse_row
from earmark.pairs.files import mine_file
from earmark.pairs.mined import CUT, Mining
from earmark.prompting.answer import Answer
from earmark.records import Hypothesis, Utterance
from earmark.speech.audio import write_audio
from earmark.transcribe.local import how_it_was_made, transcribe
from openai_server import OpenAIServer, serving
from tiny_world import messages, noise, tiny_policy

TRUTH = "我们明天讨论 project 的预算 请把 report 发给老师"
CUT_SHORT = "我们明天讨论..."


@pytest.fixture
def corpus(tmp_path):
    for i, duration_s in enumerate([1.0, 40.0]):
        write_audio(tmp_path / f"{i}.wav", np.full(int(16_000 * duration_s), 0.1, np.float32))
    rows = [Utterance(f"u{i}", text=TRUTH, audio=f"{i}.wav") for i in range(2)]
    write_jsonl(tmp_path / "test.jsonl", rows)
    return tmp_path


def ask(corpus, hear, *more, longest_s=60):
    server = OpenAIServer(hear)
    out = corpus / "h.jsonl"
    given = ["transcribe", "--utterances", str(corpus / "test.jsonl"), "--out", str(out)]
    with serving(server) as url:
        given += ["--endpoint", url, "--model", "tiny", "--route", "chat"]
        given += ["--longest-s", str(longest_s), *more]
        app(given, result_action="return_value", exit_on_error=False, print_error=False)
    return list(read(Hypothesis, out)), server


def cut_if_long(clip, fields):
    return [CUT_SHORT if len(clip) > 100_000 else TRUTH]


def test_a_served_answer_that_met_the_cap_says_so(corpus, capsys):
    rows, _ = ask(corpus, cut_if_long)
    assert [row.cut for row in rows] == [None, True]
    lines = [json.loads(line) for line in (corpus / "h.jsonl").read_text().splitlines()]
    assert ["cut" in line for line in lines] == [False, True]
    said = " ".join(capsys.readouterr().err.split())
    assert "1 of 2 answers met the token cap" in said
    assert "--max-new-tokens" in said


def test_a_part_that_met_the_cap_cuts_the_whole(corpus):
    rows, _ = ask(corpus, cut_if_long, "--long-audio", "split", longest_s=30)
    assert [row.cut for row in rows] == [None, True]


@pytest.mark.parametrize(("given", "caps"), [((), (256, 320)), (("--max-new-tokens", "7"), (7, 7))])
def test_the_cap_grows_with_the_clip_unless_it_is_given(corpus, given, caps):
    rows, server = ask(corpus, cut_if_long, *given)
    asked = {len(one.wav) > 100_000: one.fields["max_completion_tokens"] for one in server.requests}
    assert (asked[False], asked[True]) == caps
    recorded = {row.made_by["decoding"]["max_new_tokens"] for row in rows}
    assert recorded == {7 if given else "max(256,8/s)"}, "one value, by which scores compare"


def test_each_local_answer_has_a_cap_of_its_own_and_ends_at_an_end_token(rng):
    policy = tiny_policy()
    clips = [noise(rng, 1.0), noise(rng, 2.5)]
    whole = [policy.transcribe([messages()], [clip], 6)[0] for clip in clips]
    answers = policy.answers([messages()] * 2, clips, [6, 3])
    assert answers[0] == Answer(whole[0], cut=True)
    assert answers[1].cut
    assert whole[1].startswith(answers[1].text)
    assert answers[1].text != whole[1]
    inputs = policy.plain_inputs(messages(), clips[:1])
    ids = policy.network.generate(**inputs, max_new_tokens=6)[0, inputs["input_ids"].shape[1] :]
    policy.network.generation_config.eos_token_id = int(ids[5])
    policy.end_ids = {int(ids[5])}
    first = ids.tolist().index(int(ids[5])) + 1
    assert not policy.answers([messages()], clips[:1], [first])[0].cut
    assert first == 1 or policy.answers([messages()], clips[:1], [first - 1])[0].cut


def test_a_local_row_that_met_the_cap_says_so(tmp_path, rng, capsys):
    write_audio(tmp_path / "a.wav", noise(rng, 1.0))
    made_by = how_it_was_made("tiny", None, "", 2, "refuse")
    rows, out = [Utterance("a", audio="a.wav")], tmp_path / "h.jsonl"
    knobs = {"prompt": "Write it down.", "made_by": made_by}
    (row,) = transcribe(tiny_policy(), rows, tmp_path, out, max_new_tokens=2, **knobs)
    assert row.cut
    assert "1 of 1 answers met the token cap" in " ".join(capsys.readouterr().err.split())
    with pytest.raises(KnobError, match="max_new_tokens is 0; expected 1 or more"):
        transcribe(tiny_policy(), rows, tmp_path, out, max_new_tokens=0, **knobs)


def test_what_a_cut_answer_lacks_is_not_mined_but_a_loop_is(corpus, tmp_path):
    looping = f"{TRUTH} {'好的 ' * 60}"
    hyps = [
        Hypothesis("u0", CUT_SHORT, cut=True),
        Hypothesis("u1", looping, cut=True),
    ]
    write_jsonl(tmp_path / "hyps.jsonl", hyps)
    tally = mine_file(corpus / "test.jsonl", [tmp_path / "hyps.jsonl"], tmp_path / "p", Mining())
    assert tally.as_dict()["dropped"] == {"omission": {CUT: 1}}
    assert tally.as_dict()["written"] == {"loop": 1}
    write_jsonl(tmp_path / "hyps.jsonl", [Hypothesis("u0", CUT_SHORT)])
    tally = mine_file(corpus / "test.jsonl", [tmp_path / "hyps.jsonl"], tmp_path / "p", Mining())
    assert tally.as_dict()["written"] == {"truncate_at_switch": 1}, "the control"


def test_cut_is_true_or_false_and_nothing_else():
    assert parse_row(Hypothesis, {"id": "a", "text": "", "cut": False}, "h:1").cut is False
    for value, field in ((1, "cut"), (True, "text")):
        with pytest.raises(InputError, match=f"field '{field}' should be"):
            parse_row(Hypothesis, {"id": "a", "text": "", field: value}, "h:1")


def test_a_score_says_how_many_answers_were_cut(corpus, tmp_path, capsys):
    hyps = [Hypothesis("u0", TRUTH), Hypothesis("u1", CUT_SHORT, cut=True)]
    write_jsonl(tmp_path / "hyps.jsonl", hyps)
    files = ["--truth", str(corpus / "test.jsonl"), "--hyp", str(tmp_path / "hyps.jsonl")]
    app(["score", *files], result_action="return_value")
    said = " ".join(capsys.readouterr().err.split())
    assert "hyps.jsonl: 1 of 2 answers met their token cap" in said
