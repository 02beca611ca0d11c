"""JSON that means two things, or that no step could use, is refused with its line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import InputError
from earmark.formats.files.lines import parse_line
from earmark.formats.reading import read
from earmark.records import Utterance
from earmark.strict_json import DEEPEST, parse_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_what_json_writes_is_parsed(value, ascii_only):
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only), "here") == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": "a", "text": "b", "id": "a"}', "the key 'id' is given twice"),
        ('{"id": "a", "made_by": {"x": 1, "x": 2}}', "the key 'x' is given twice"),
        (f'{{"end_s": {"9" * 5000}}}', "a number of 5000 digits; at most 300"),
        (f'{{"end_s": -{"9" * 400}}}', "a number of 400 digits; at most 300"),
        ("[" * 200_000, "nested deeper than 64 brackets at column 65"),
        ('{"a":' * 200_000 + "1" + "}" * 200_000, "nested deeper than 64 brackets"),
        ('{"id": "\\ud83d"}', "\\\\ud83d is half of a character"),
        ('{"id": "a", "\\uDE00": 1}', "\\\\ude00 is half of a character"),
        ('{"id": "\\ud83d\\ud83d\\ude00"}', "\\\\ud83d is half of a character"),
        ("\u3000", "not JSON: Expecting value at column 1"),
        ('{"id": 1', "not JSON: Expecting ',' delimiter at column 9"),
        ("", "not JSON"),
    ],
    ids=lambda value: value[:24],
)
def test_what_is_refused(text, message):
    with pytest.raises(InputError, match=rf"^u\.jsonl:7: .*{message}") as caught:
        parse_json(text, "u.jsonl:7")
    assert len(str(caught.value)) < 300


def test_what_is_close_to_it_passes():
    assert parse_json('{"a": "\\ud83d\\ude00 \\\\ud83d"}', "here") == {"a": "😀 \\ud83d"}
    assert parse_json("9" * 300, "here") == int("9" * 300)
    deep = "[" * DEEPEST + "]" * DEEPEST
    assert parse_json(deep, "here") is not None
    assert parse_json(json.dumps(["[{" * 100, '"[[[' * 100, deep[1:] + "\\["]), "here")
    assert parse_json("[NaN, Infinity]", "here")[1] == float("inf")


def test_bytes_that_are_not_utf_8_are_named():
    with pytest.raises(InputError, match="u:1: expected UTF-8, found byte 0xff at column 3"):
        parse_line(b'{"\xff": 1}', "u:1")


def test_long_values_are_not_quoted_whole(tmp_path):
    path = tmp_path / "u.jsonl"
    for row in ({"id": ["x" * 10_000]}, {"x" * 10_000: 1}, {"id": "a", "start_s": "9" * 10_000}):
        path.write_text(json.dumps(row) + "\n")
        with pytest.raises(InputError) as caught:
            list(read(Utterance, path))
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "value", ['"0.1"', "true", "[1]", "NaN", "-Infinity", "1e999", "9" * 400, '"\\ud83d"']
)
def test_a_time_that_is_no_number_is_refused_by_line(tmp_path, value):
    path = tmp_path / "u.jsonl"
    path.write_text(f'{{"id": "a"}}\n{{"id": "b", "start_s": {value}}}\n')
    with pytest.raises(InputError, match=r"u\.jsonl:2: "):
        list(read(Utterance, path))
    bad = []
    assert [row.id for row in read(Utterance, path, None, bad)] == ["a"]
    assert [row.line for row in bad] == [2]


def test_a_line_of_ideographic_space_is_blank(tmp_path):
    path = tmp_path / "u.jsonl"
    path.write_text('\u3000\n{"id": "a"}\n \u3000\u2003\r\n{"id": "b"}\n', "utf-8")
    assert [row.id for row in read(Utterance, path)] == ["a", "b"]
    path.write_text("\u3000\na 我们\nb\u3000\n\u3000c\n", "utf-8")
    rows = list(read(Utterance, path, format="kaldi"))
    assert [(row.id, row.text) for row in rows] == [("a", "我们"), ("b", ""), ("c", "")]
