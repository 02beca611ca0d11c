"""Pairs as TRL, ms-swift and LLaMA-Factory write them: every form, and what is wrong with some."""

import json

import pytest

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.reading import read, recognise
from earmark.pairs.pair_file import open_pairs
from earmark.records import Pair

ASSISTANT = "assistant"
ASKED = [{"role": "user", "content": "Write."}]


def said(text, role=ASSISTANT):
    return [{"role": role, "content": text}]


def written(folder, row, name="p.jsonl"):
    path = folder / name
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", "utf-8")
    return path


FORMS = {
    "standard": ("trl", {"prompt": "Write.", "chosen": "a", "rejected": "b"}),
    "conversational": ("trl", {"prompt": ASKED, "chosen": said("a"), "rejected": said("b")}),
    "implicit prompt": ("trl", {"chosen": ASKED + said("a"), "rejected": ASKED + said("b")}),
    "one message": ("trl", {"prompt": ASKED, "chosen": said("a")[0], "rejected": said("b")[0]}),
    "messages": ("ms-swift", {"messages": ASKED + said("a"), "rejected_response": "b"}),
    "rejected messages": (
        "ms-swift",
        {"messages": ASKED + said("a"), "rejected_messages": ASKED + said("b")},
    ),
    "sharegpt": (
        "llama-factory",
        {
            "conversations": [{"from": "human", "value": "Write."}],
            "chosen": {"from": "gpt", "value": "a"},
            "rejected": {"from": "gpt", "value": "b"},
        },
    ),
    "openai": (
        "llama-factory",
        {"messages": ASKED, "chosen": said("a")[0], "rejected": said("b")[0]},
    ),
    "alpaca": ("llama-factory", {"instruction": "Write.", "chosen": "a", "rejected": "b"}),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_pair_of_every_form(tmp_path, form):
    name, row = FORMS[form]
    path = written(tmp_path, row)
    assert recognise(Source(path)).name == name
    assert list(read(Pair, path)) == [Pair("p-1", ASKED, "a", "b")]
    # The same rows where training reads them, by their places in the file, and in one array.
    assert list(open_pairs(path, out=tmp_path / "run")) == [Pair("p-1", ASKED, "a", "b")]
    path.write_text(json.dumps([row, row]), "utf-8")
    pairs = open_pairs(path, out=tmp_path / "run")
    assert (len(pairs), pairs[1]) == (2, Pair("p-2", ASKED, "a", "b"))


LABELLED = {
    "trl": lambda label: {"prompt": ASKED, "completion": said("a"), "label": label},
    "trl texts": lambda label: {"prompt": "Write.", "completion": "a", "label": label},
    "ms-swift": lambda label: {"messages": ASKED + said("a"), "label": label},
    "sharegpt": lambda label: {
        "conversations": [{"from": "human", "value": "Write."}, {"from": "gpt", "value": "a"}],
        "kto_tag": label,
    },
    "alpaca": lambda label: {"instruction": "Write.", "output": "a", "kto_tag": label},
}


@pytest.mark.parametrize("form", LABELLED)
def test_one_answer_with_a_label(tmp_path, form):
    good, bad = (
        next(read(Pair, written(tmp_path, LABELLED[form](label)))) for label in (True, False)
    )
    assert good == Pair("p-1", ASKED, "a", [])
    assert bad == Pair("p-1", ASKED, "", "a")
    with pytest.raises(InputError, match=r"p.jsonl:1: a label should be true or false, found 1"):
        list(read(Pair, written(tmp_path, LABELLED[form](1))))


def test_an_implicit_prompt_of_texts_ends_where_the_answers_differ(tmp_path):
    row = {"chosen": "The sky is blue.", "rejected": "The sky is green."}
    (pair,) = read(Pair, written(tmp_path, row))
    assert pair.prompt == [{"role": "user", "content": "The sky is"}]
    assert (pair.chosen, pair.rejected) == (" blue.", " green.")


def test_system_texts_and_histories(tmp_path):
    row = {"instruction": "Write.", "input": "Now.", "system": "Be brief.", "chosen": "a"}
    row |= {"rejected": "b", "history": [["Hi", "Ho"]], "id": 7, "lang": "en"}
    (pair,) = read(Pair, written(tmp_path, row))
    assert [(m["role"], m["content"]) for m in pair.prompt] == [
        ("system", "Be brief."), ("user", "Hi"), ("assistant", "Ho"), ("user", "Write.\nNow."),
    ]  # fmt: skip
    assert (pair.id, pair.extra) == ("7", {"lang": "en"})


def test_sounds_take_their_places(tmp_path, monkeypatch):
    row = {"messages": said("<audio>Then <audio>.", "user") + said("a"), "rejected_response": "b"}
    (pair,) = read(Pair, written(tmp_path, {**row, "audios": ["x.wav", "/y.wav"]}))
    kinds = [
        (part["type"], part.get("audio", part.get("text"))) for part in pair.prompt[0]["content"]
    ]
    assert kinds == [("audio", "x.wav"), ("text", "Then "), ("audio", "/y.wav"), ("text", ".")]
    with pytest.raises(InputError, match="1 sounds for 2 <audio> in the messages"):
        list(read(Pair, written(tmp_path, {**row, "audios": ["x.wav"]})))
    # A path that is there from where the command runs, and not from the file's folder.
    here = tmp_path / "here"
    here.mkdir()
    (here / "x.wav").write_bytes(b"")
    monkeypatch.chdir(here)
    (pair,) = read(Pair, written(tmp_path, {**row, "audios": ["x.wav", "/y.wav"]}))
    assert pair.prompt[0]["content"][0]["audio"] == str(here / "x.wav")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": said("x", "tool"), "chosen": said("a"), "rejected": said("b")}, "role 'tool'"),
        ({"prompt": 7, "chosen": "a", "rejected": "b"}, "the prompt should be a text or messages"),
        ({"prompt": ASKED, "chosen": said("a") * 2, "rejected": said("b")}, "an answer should be"),
        ({"prompt": ASKED, "chosen": said("a", "user"), "rejected": said("b")}, "the assistant's"),
        ({"prompt": ASKED, "chosen": "a", "rejected": 7}, "an answer should be a text or one"),
        ({"prompt": [{"role": "user", "content": [{"type": "audio"}]}], "chosen": said("a"),
          "rejected": said("b")}, "the prompt has a place for sound, but the row has none"),
        ({"chosen": "a", "rejected": said("b")}, "there is no prompt, and chosen and rejected"),
        ({"messages": ASKED, "rejected_response": "b"}, "should end with the assistant's answer"),
        ({"messages": ASKED + said("a"), "rejected_messages": said("b")}, "differ from 'messages'"),
        ({"messages": [7], "rejected_response": "b"}, "'messages' should be a list of messages"),
        ({"conversations": [{"from": "observation", "value": "x"}], "chosen": "a",
          "rejected": "b"}, "role 'observation'"),
        ({"instruction": "x", "chosen": "a", "rejected": None}, "an answer should be a text"),
        ({"instruction": "x", "history": [1], "chosen": "a", "rejected": "b"}, "'history' should"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_line(tmp_path, row, message):
    with pytest.raises(InputError, match=rf"p\.jsonl:1: .*{message}"):
        list(read(Pair, written(tmp_path, row)))
