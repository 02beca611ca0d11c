"""Sentences of a chat model: what it is asked, what is kept, what is set aside and why."""

import pytest

from chat_server import ChatServer, serving
from earmark.endpoint import KEY_VARIABLES, Endpoint, EndpointError
from earmark.errors import InputError, KnobError
from earmark.formats.files.answers import AnswerFile
from earmark.voices.sentences.check import key_of
from earmark.voices.sentences.draw import split_of
from earmark.voices.sentences.written_by_llm import (
    MOST_IN_VAIN,
    lines_of,
    request,
    write_sentences,
)

NUMBERS = "一二三四五六七八九十"


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def numbered(number):
    return "".join(NUMBERS[int(digit)] for digit in str(number))


def writing(answer):
    """Answer the nth request with what `answer` makes of n."""
    seen = {}
    return ChatServer(lambda prompt: answer(seen.setdefault(prompt, len(seen))))


def write(chat, path, count, language="mixed", **options):
    options = {"workers": 1, **options}
    with serving(chat) as url:
        endpoint = Endpoint(url, "writer", retries=0)
        return write_sentences(endpoint, AnswerFile(path), count, language, **options)


def test_good_lines_are_kept_and_bad_ones_set_aside_with_the_reason(tmp_path):
    lines = [
        "1. 那个 report 你 submit 了没有？",
        "我们下午三点在楼下开会",
        "please send me the report today",
        "那个 report 你 submit 了没有?",
        "我们 have 25 people 在 meeting room",
        "那个 PPT 你 send 给老板了吗",
        "我們下午 have 一個 meeting",
        "okay 吧",
        "我觉得 " + "we should really think about it again and again " * 3 + "吧",
        "“我们 meeting 改到三点了。”",
    ]
    chat = writing(lambda n: "\n".join(lines) if n == 0 else "我今天很 busy 真的很忙")
    written = write(chat, tmp_path / "a.jsonl", 3)
    assert [row.text for row in written.kept] == [
        "那个 report 你 submit 了没有？",
        "我们 meeting 改到三点了",
        "我今天很 busy 真的很忙",
    ]
    assert [row.reason for row in written.aside] == [
        "not mixed: no English word",
        "not mixed: no Mandarin character",
        "a duplicate",
        "a character that is not allowed: '2'",
        "capitals that a voice may spell out: PPT",
        "Traditional characters: 們個",
        "too short: 2 tokens, expected 4 to 25",
        "too long: 31 tokens, expected 4 to 25",
    ]
    assert written.reasons()["not mixed"] == 2
    row = written.kept[0]
    assert row.extra["written_by"] == "writer"
    assert (row.extra["code_mixing_index"], row.extra["switches"]) == (0.25, 4)
    assert row.split == split_of(key_of(row.text))


def test_the_prompt_states_the_constraint_and_the_form():
    mixed = request(0, "mixed").prompt
    assert "equivalence constraint" in mixed
    assert "word order of both languages agrees" in mixed
    assert "one sentence a line" in mixed
    alone = request(0, "en").prompt
    assert "in English alone" in alone
    assert "equivalence" not in alone
    kinds = {(asked.matrix, asked.switch) for asked in (request(n, "mixed") for n in range(40))}
    assert kinds == {(m, s) for m in ("zh", "en") for s in ("intrasentential", "tag")}
    assert request(5, "mixed", 1) == request(5, "mixed", 1) != request(5, "mixed", 2)


def test_splits_are_disjoint_and_a_second_one_needs_no_new_requests(tmp_path):
    def answer(n):
        return "\n".join(f"第{numbered(12 * n + i)}个 report 你 submit 了没有" for i in range(12))

    chat, path = writing(answer), tmp_path / "a.jsonl"
    train = write(chat, path, 20, split="train")
    asked = len(chat.requests)
    test = write(chat, path, 5, split="test")
    assert len(chat.requests) == asked
    assert {row.split for row in train.kept} == {"train"}
    assert {row.split for row in test.kept} == {"test"}
    assert not {row.id for row in train.kept} & {row.id for row in test.kept}
    assert train.other_splits > 0


def test_several_requests_at_once_write_what_one_by_one_writes(tmp_path):
    def answer(prompt):
        return "\n".join(f"{word} 我已经 submit 了哦" for word in prompt.split()[-30:])

    one = write(ChatServer(answer), tmp_path / "a.jsonl", 15, workers=1)
    four = write(ChatServer(answer), tmp_path / "b.jsonl", 15, workers=4)
    assert [row.id for row in one.kept] == [row.id for row in four.kept]


@pytest.mark.parametrize(
    ("language", "line", "other"),
    [
        ("zh", "我们下午三点在楼下开会", "我们 meeting 在三点"),
        ("en", "see you at lunch", "see you 明天 lunch"),
    ],
)
def test_monolingual_sentences(tmp_path, language, line, other):
    chat = writing(lambda n: f"{other}\n{line}")
    written = write(chat, tmp_path / "a.jsonl", 1, language)
    assert [row.text for row in written.kept] == [line]
    assert written.kept[0].language == language
    assert written.kept[0].extra["switch_type"] == "none"
    assert written.aside[0].reason.endswith("alone")


def test_a_model_that_repeats_itself_is_given_up_with_the_count(tmp_path):
    chat = writing(lambda n: "那个 report 你 submit 了没有")
    with pytest.raises(InputError, match=r"no new sentence in 20 requests; 1 of 2 were kept"):
        write(chat, tmp_path / "a.jsonl", 2)
    assert len(chat.requests) == 1 + MOST_IN_VAIN


def test_a_server_that_fails_is_named_and_another_run_continues(tmp_path):
    path = tmp_path / "a.jsonl"
    chat = writing(lambda n: f"第{numbered(n)}个 report 你 submit 了没有")
    chat.script = ["well", "well", 400]
    with pytest.raises(EndpointError, match="the request was refused: status 400"):
        write(chat, path, 9)
    assert len(AnswerFile(path)) == 2
    again = writing(lambda n: f"第{numbered(n + 2)}个 report 你 submit 了没有")
    continued = write(again, path, 9)
    assert len(again.requests) == 7
    whole = writing(lambda n: f"第{numbered(n)}个 report 你 submit 了没有")
    assert write(whole, tmp_path / "b.jsonl", 9).kept == continued.kept


def test_an_interrupted_run_lets_no_request_wait(tmp_path, monkeypatch):
    def interrupted(endpoint, prompt):
        raise KeyboardInterrupt

    monkeypatch.setattr("earmark.voices.sentences.written_by_llm.complete", interrupted)
    endpoint = Endpoint("http://localhost:1/v1", "writer")
    with pytest.raises(KeyboardInterrupt):
        write_sentences(endpoint, AnswerFile(tmp_path / "a.jsonl"), 1, "mixed", workers=2)
    assert endpoint.stop.is_set()


@pytest.mark.parametrize(
    ("count", "workers", "message"),
    [(0, 1, "count should be at least 1"), (1, 0, "requests at once should be at least 1")],
)
def test_numbers_that_make_no_sense_are_refused(tmp_path, count, workers, message):
    with pytest.raises(KnobError, match=message):
        write(writing(lambda n: ""), tmp_path / "a.jsonl", count, workers=workers)


def test_marks_of_lists_and_quotes_are_stripped():
    answer = "<think>x\ny</think>\n- “okay，我们走吧。”\n\n* I’m 在路上…\n12、 走吧"
    assert lines_of(answer) == ["okay，我们走吧", "I'm 在路上", "走吧"]
