"""Rows of candidates, and pairs with two prompts: what is refused, moved, recognised."""

import json
from pathlib import Path

import pytest

import earmark
from earmark.errors import InputError
from earmark.formats import FORMATS
from earmark.formats.files.moving import moved
from earmark.formats.files.source import Source
from earmark.formats.reading import read, recognise
from earmark.formats.schema.fields import parse_row, to_row
from earmark.formats.schema.kinds import kind_of
from earmark.records import Candidate, Candidates, Pair


def heard(path):
    return [{"role": "user", "content": [{"type": "audio", "audio": path}]}]


ROW = {"id": "u1", "prompt": heard("a.flac"), "candidates": [{"content": "好"}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"candidates": "好"}, "field 'candidates' should be a list of candidates, found '好'"),
        ({"candidates": ["好"]}, "candidate 1: expected a JSON object, found str"),
        (
            {"candidates": [{"content": "好"}, {"scores": {}}]},
            "candidate 2: field 'content' is missing; a candidate needs it",
        ),
        (
            {"candidates": [{"content": 3}]},
            "candidate 1: field 'content' should be a text or a list of parts, found 3",
        ),
        (
            {"candidates": [{"content": "好", "scores": {"bleu": "high"}}]},
            "candidate 1: field 'scores' should be criteria with a number each",
        ),
        (
            {"candidates": [{"content": "好", "scores": {"bleu": True}}]},
            "candidate 1: field 'scores' should be criteria with a number each",
        ),
        (
            {"candidates": [{"content": "好", "logprob": float("nan")}]},
            "candidate 1: field 'logprob' should be float",
        ),
        ({"id": " "}, "the id is empty; every row of candidates needs one of its own"),
        ({"truth": 1}, "field 'truth' should be str"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_its_place(change, message):
    with pytest.raises(InputError, match="f:3") as error:
        parse_row(Candidates, ROW | change, "f:3")
    assert message in str(error.value)


def test_a_row_of_another_kind_is_named():
    with pytest.raises(InputError, match="a row with 'chosen' is a pair"):
        parse_row(Candidates, {"id": "p", "prompt": [], "chosen": "好"}, "f:1")
    with pytest.raises(InputError, match="earmark pairs from-candidates makes one"):
        parse_row(Pair, ROW, "f:1")


def test_fields_that_are_not_ours_are_kept_in_the_row_and_in_its_candidates():
    row = ROW | {"round": 2, "candidates": [{"content": "好", "beam": 4, "scores": {"bleu": 1}}]}
    record = parse_row(Candidates, row, "f:1")
    assert record.extra == {"round": 2}
    assert record.candidates == [Candidate("好", {"bleu": 1}, extra={"beam": 4})]
    assert to_row(record) == row


def test_an_extra_field_with_the_name_of_a_field_is_refused():
    bad = Candidates("u1", [], [Candidate("好", extra={"scores": 1})])
    with pytest.raises(InputError, match="its extra field 'scores' has the name of a field of a c"):
        to_row(bad)


def test_every_clip_of_a_record_moves_with_it():
    sound = [{"type": "audio", "audio": "said.flac"}]
    row = Candidates("u1", heard("a.flac"), [Candidate(sound, audio="b.flac"), Candidate("好")])
    found = moved(row, Path("/corpus"), Path("/pairs"))
    assert found.prompt == heard("../corpus/a.flac")
    assert found.candidates[0].audio == "../corpus/b.flac"
    assert found.candidates[0].content[0]["audio"] == "../corpus/said.flac"
    assert found.candidates[1] == Candidate("好")
    pair = Pair("p", heard("a.flac"), "好", "坏", rejected_prompt=heard("b.flac"))
    assert moved(pair, Path("/corpus"), Path("/x")).rejected_prompt == heard("../corpus/b.flac")


def test_the_kind_of_a_file_is_seen(tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps(ROW), "utf-8")
    source = Source(path)
    assert recognise(source).name == "jsonl"
    assert kind_of(source, FORMATS["jsonl"]) == "candidates"
    (row,) = earmark.read(path)
    assert isinstance(row, earmark.Candidates)
    earmark.write([row], tmp_path / "again.jsonl")
    assert earmark.read(tmp_path / "again.jsonl") == [row]


@pytest.mark.parametrize("name", ["trl", "ms-swift", "llama-factory"])
def test_formats_of_one_prompt_refuse_a_pair_with_two(name, tmp_path):
    pair = Pair("p", heard("/a.flac"), "好", "坏", rejected_prompt=heard("/b.flac"))
    with pytest.raises(InputError, match="pair 'p': its rejected answer belongs to another prompt"):
        FORMATS[name].write([pair], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["jsonl", "parquet", "arrow"])
def test_the_others_hold_it_and_the_annotations(name, tmp_path):
    pair = Pair(
        *("p", heard("/a.flac"), "好", "坏"),
        rejected_prompt=heard("/b.flac"),
        annotations={"task": "chat", "hard": [1, 2]},
    )
    FORMATS[name].write([pair], tmp_path / "out")
    assert list(read(Pair, tmp_path / "out")) == [pair]
