"""The chat translator: what it asks, what it keeps, and that it asks nothing twice."""

import json
from random import Random

import pytest

from chat_server import ChatServer, serving
from earmark.endpoint import KEY_VARIABLES, Endpoint
from earmark.errors import InputError, KnobError
from earmark.formats.files.answers import AnswerFile
from earmark.translators.chat import ChatTranslator, clean_answer


def translator(url, path, model="qwen"):
    return ChatTranslator(Endpoint(url, model, retries=0), AnswerFile(path), workers=2)


def test_the_answer_is_cleaned_and_what_is_left_is_named(tmp_path):
    chat = ChatServer(lambda prompt: "<think>hm\n</think>\n“我们去 Google 开会”\n")
    with serving(chat) as url:
        translation = translator(url, tmp_path / "a.jsonl").translate("let's meet", "zh")
    assert translation == ("我们去 Google 开会", ("google",))
    assert "Mandarin Chinese" in chat.prompts[0]
    assert chat.prompts[0].endswith("let's meet")


def test_part_and_whole_are_different_questions(tmp_path):
    chat = ChatServer(lambda prompt: "ok")
    with serving(chat) as url:
        asking = translator(url, tmp_path / "a.jsonl")
        asking.translate("我们开会", "en")
        asking.translate_part("我们开会", "en", Random(0))
        asking.translate("我们开会", "zh")
    assert len(set(chat.prompts)) == 3


def test_no_question_is_asked_twice_even_in_another_run(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLES[-1], "sk-secret")
    chat, path = ChatServer(), tmp_path / "a.jsonl"
    with serving(chat) as url:
        first = translator(url, path)
        answers = [first.translate("会议", "en"), first.translate("会议", "en")]
        answers.append(translator(url, path).translate("会议", "en"))
        translator(url, path, model="other").translate("会议", "en")
    assert len(chat.requests) == 2
    assert len(set(answers)) == 1
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [row["model"] for row in rows] == ["qwen", "other"]
    assert "sk-secret" not in path.read_text("utf-8")


def test_half_a_line_is_dropped_and_the_rest_kept(tmp_path, capfd):
    path = tmp_path / "a.jsonl"
    AnswerFile(path).put("qwen", "p", "答")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"model": "qwen", "prompt": "q", "answ')
    again = AnswerFile(path)
    assert (len(again), again.get("qwen", "p"), again.get("qwen", "q")) == (1, "答", None)
    again.put("qwen", "q", "再答")
    assert len(AnswerFile(path)) == 2
    assert "unfinished" in capfd.readouterr().err


@pytest.mark.parametrize("line", ["nonsense", "[1]", '{"model": "qwen"}'])
def test_a_file_of_something_else_is_refused_untouched(tmp_path, line):
    path = tmp_path / "a.jsonl"
    path.write_text(line + "\n", "utf-8")
    with pytest.raises(InputError, match=r"a\.jsonl:1: not a kept answer"):
        AnswerFile(path)
    assert path.read_text("utf-8") == line + "\n"


def test_answers_need_a_place(tmp_path):
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        AnswerFile(tmp_path)


def test_at_least_one_request_must_be_allowed(tmp_path):
    endpoint = Endpoint("http://localhost/v1", "qwen")
    with pytest.raises(KnobError, match="expected 1 or more"):
        ChatTranslator(endpoint, AnswerFile(tmp_path / "a.jsonl"), workers=0)


@pytest.mark.parametrize(
    ("answer", "text", "clean"),
    [
        ("你好", "hi", "你好"),
        ("“你好”", "“hi”", "“你好”"),
        ("<think>never closed", "hi", ""),
        ("two\nlines", "hi", "two lines"),
        ('"', "hi", '"'),
    ],
)
def test_cleaning(answer, text, clean):
    assert clean_answer(answer, text) == clean
