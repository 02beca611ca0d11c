"""Bad input: a message with file, line and what to do; good input: read back as it was written."""

import json
import os
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.files.set_aside import skipped_path
from earmark.formats.reading import load, read
from earmark.formats.schema.fields import parse_row, to_row
from earmark.records import Hypothesis, Pair, Utterance
from earmark.storage.atomic import atomic_writer, write_text

PAIR = {"id": "p", "prompt": [], "chosen": "a", "rejected": "b"}


def lines(path, *rows):
    raw = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    path.write_bytes(b"\n".join(raw) + b"\n")
    return path


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
UTTERANCES = st.builds(
    Utterance,
    id=TEXT.filter(str.strip),
    text=st.none() | TEXT,
    audio=st.none() | TEXT,
    start_s=st.none() | st.floats(0, 1e6),
    language=st.sampled_from([None, "zh", "en", "mixed"]),
)


@given(UTTERANCES)
def test_a_row_round_trips_through_json(utterance):
    row = json.loads(json.dumps(to_row(utterance)))
    assert parse_row(Utterance, row, "here") == utterance
    assert None not in row.values()


def test_files_round_trip(tmp_path):
    path = tmp_path / "new/p.jsonl"
    pair = Pair("p", [{"role": "user", "content": "写"}], "a", ["b", "c"], ["empty", "loop"])
    assert write_jsonl(path, [pair, {"id": "q", "prompt": [], "chosen": "a", "rejected": "b"}]) == 2
    assert next(read(Pair, path)) == pair
    assert "写" in path.read_text("utf-8"), "text stays readable in the file"
    assert [p.name for p in path.parent.iterdir()] == ["p.jsonl"]


def test_bom_crlf_and_blank_lines_are_harmless(tmp_path):
    path = tmp_path / "u.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": "a", "text": "x"}\r\n\r\n  \n{"id": "b"}')
    assert [(row.id, row.text) for row in read(Utterance, path)] == [("a", "x"), ("b", None)]


@pytest.mark.parametrize(
    ("kind", "row", "message"),
    [
        (Utterance, {"id": "b", "end": 3}, "'end' is not read as a span; did you mean 'end_s'"),
        (Utterance, {**PAIR, "id": "b"}, "a row with 'chosen' is a pair; expected an utterance"),
        (Hypothesis, {**PAIR, "text": "b"}, "a row with 'chosen' is a pair; expected a hypothesis"),
        (Hypothesis, {"id": "b", "txt": "x"}, "field 'text' is missing.*did you mean 'txt'"),
        (Pair, {**PAIR, "rejected": ["a", None]}, "'rejected' should be a text or a list of texts"),
        (Pair, {**PAIR, "rejected": 7}, "'rejected' should be a text or a list of texts, found 7"),
        (Pair, {k: v for k, v in PAIR.items() if k != "rejected"}, "field 'rejected' is missing"),
        (Hypothesis, {"id": "b"}, "field 'text' is missing; a hypothesis needs it"),
        (Utterance, {"text": "x"}, "field 'id' is missing"),
        (Utterance, {"id": "  "}, "the id is empty"),
        (Utterance, {"id": 7}, "field 'id' should be str, found 7"),
        (Utterance, {"id": "b", "start_s": "0.5"}, "field 'start_s' should be .*, found '0.5'"),
        (Utterance, {"id": "b", "start_s": True}, "field 'start_s' should be .*, found True"),
        (Pair, {**PAIR, "chosen": None}, "field 'chosen' should be str, found None"),
        (Utterance, {"id": "a"}, "id 'a' was already used in line 1; ids must be unique"),
        (Utterance, ["a"], "expected a JSON object, found list"),
        (Utterance, b'{"id": "b",', "not JSON: .* at column"),
        (Utterance, b'{"id": "\xff"}', "expected UTF-8, found byte 0xff at column 9; convert"),
        (Utterance, "{}".encode("utf-16"), "expected UTF-8"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path, kind, row, message):
    good = PAIR | {"id": "a"} if kind is Pair else {"id": "a", "text": "x"}
    path = lines(tmp_path / "rows.jsonl", good, row)
    with pytest.raises(InputError, match=message) as caught:
        list(read(kind, path))
    assert str(caught.value).startswith(f"{path}:2: ")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none.jsonl: cannot be read: No such file"):
        list(read(Utterance, tmp_path / "none.jsonl"))


def test_skip_sets_bad_rows_aside_with_their_reason(tmp_path, capsys):
    path = lines(tmp_path / "u.jsonl", {"id": "a"}, {"id": "a"}, b"\xff", {"id": "b"})
    out = tmp_path / "out.jsonl"
    records = load(Utterance, path, out=out, on_error="skip")
    assert [record.id for record in records] == ["a", "b"]
    aside = [json.loads(line) for line in skipped_path(out).read_text("utf-8").splitlines()]
    assert [row["line"] for row in aside] == [2, 3]
    assert "already used" in aside[0]["reason"]
    assert aside[0]["raw"] == '{"id": "a"}'
    assert "2 of 4 rows set aside" in capsys.readouterr().err


def test_reasons_are_printed_where_no_file_can_keep_them(tmp_path, capsys):
    path = lines(tmp_path / "u.jsonl", {"id": "a"}, *[b"\xff"] * 7)
    assert len(load(Utterance, path, out="/dev/stdout", on_error="skip")) == 1
    shown = capsys.readouterr().err
    assert "7 of 8 rows left out: " in shown
    assert shown.count("expected UTF-8") == 5
    assert "; and 2 more" in shown


def test_stop_is_the_default_and_nothing_is_set_aside(tmp_path):
    path = lines(tmp_path / "u.jsonl", {"id": "a"}, {"id": "a"})
    with pytest.raises(InputError, match="already used"):
        load(Utterance, path, out=tmp_path / "out.jsonl")
    assert not skipped_path(tmp_path / "out.jsonl").exists()


def test_other_fields_are_kept_and_noted_once(tmp_path, capsys):
    rows = [{"id": f"u{i}", "text": "好", "duration": i, "dialect": {"a": [1]}} for i in range(3)]
    path = lines(tmp_path / "u.jsonl", *rows)
    records = list(read(Utterance, path))
    assert [record.extra for record in records] == [
        {"duration": i, "dialect": {"a": [1]}} for i in range(3)
    ]
    noted = capsys.readouterr().err
    assert noted.count("duration") == noted.count("dialect") == 1
    assert "u.jsonl:1: fields that an utterance does not have are kept: duration, dialect" in noted
    write_jsonl(path, records)
    assert [json.loads(line) for line in path.read_text("utf-8").splitlines()] == rows


def test_a_field_of_the_name_extra_is_one_of_the_others(tmp_path):
    path = lines(tmp_path / "u.jsonl", {"id": "a", "text": "b", "extra": {"c": 1}})
    (record,) = read(Utterance, path)
    assert record.extra == {"extra": {"c": 1}}
    assert to_row(record) == {"id": "a", "text": "b", "extra": {"c": 1}}


def test_an_extra_field_with_the_name_of_one_of_ours_is_refused():
    with pytest.raises(InputError, match="'a': its extra field 'text' has the name of a field of"):
        to_row(Utterance("a", extra={"text": "b"}))


@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_a_file_without_one_good_row_is_refused(tmp_path, on_error):
    path = lines(tmp_path / "u.jsonl", b"")
    with pytest.raises(InputError, match="not one usable row"):
        load(Utterance, path, out=tmp_path / "out.jsonl", on_error=on_error)


def test_a_check_may_refuse_what_a_row_alone_cannot_know(tmp_path):
    def check(row, where):
        raise InputError(f"{where}: no sound for {row.id}")

    path = lines(tmp_path / "u.jsonl", {"id": "a"})
    with pytest.raises(InputError, match=r"u.jsonl:1: no sound for a"):
        list(read(Utterance, path, check))
    bad = []
    assert list(read(Utterance, path, check, bad)) == []
    assert asdict(bad[0])["reason"].endswith("no sound for a")


def test_a_file_appears_only_when_it_is_complete(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def stop_in_the_middle():
        with atomic_writer(path) as file:
            file.write("half of the n")
            assert path.read_text() == "old"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stop_in_the_middle()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_is_named_and_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"a.txt: .*No space left on device.*Free some space"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        write_text(tmp_path / "file" / "a.txt", "x")
