"""YAML as it is written: texts stay texts, keys are names and given once, nothing is expanded."""

import time
from itertools import pairwise

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark import strict_yaml
from earmark.errors import InputError
from earmark.strict_yaml import Text, parse_yaml, read_yaml

WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029")
)
VALUE = st.recursive(
    WORD, lambda inner: st.lists(inner) | st.dictionaries(WORD, inner), max_leaves=9
)


@settings(max_examples=40)
@given(VALUE)
def test_texts_that_yaml_writes_are_read(value):
    written = yaml.safe_dump(value, allow_unicode=True, default_style='"')
    assert parse_yaml(written, "here") == value


WORDS = "no yes on off n Y true False 3 3.10 010 0x1F 1_000 1e3 12:30 2026-11-01 .inf .nan null ="


@pytest.mark.parametrize("text", WORDS.split())
def test_texts_stay_texts(text):
    assert parse_yaml(f"a: {text}\nb: [{text}]", "here") == {"a": text, "b": [text]}
    assert parse_yaml(text, "here") == text


def test_words_that_are_no_numbers_may_be_keys():
    assert parse_yaml("no: 不\nyes: 对\non: 开\n'1': 一\n\"null\": 空\n3d: 立体", "here") == {
        "no": "不",
        "yes": "对",
        "on": "开",
        "1": "一",
        "null": "空",
        "3d": "立体",
    }


def test_what_is_left_out_is_none():
    assert parse_yaml("a:\nb: ~\nc: ''\nd: '~'", "here") == {
        "a": None,
        "b": None,
        "c": "",
        "d": "~",
    }
    assert parse_yaml("# nothing\n", "here") is None


def test_lines_are_known():
    data = parse_yaml("a: x\n\nb:\n  - y\n", "here")
    assert [key.line for key in data] == [1, 3]
    assert (data["a"].line, data["b"][0].line) == (1, 4)
    assert isinstance(data["a"], Text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "f:3: the key 'a' is given twice"),
        ("a: {x: 1,\n x: 2}", "f:2: the key 'x' is given twice"),
        ("a: b\n1: x", "f:2: expected a name as a key, found the number '1'; quote it"),
        ("3.10: x", "f:1: expected a name as a key, found the number '3.10'"),
        ("-0x1f: x", "f:1: expected a name as a key, found the number '-0x1f'"),
        (".nan: x", "f:1: expected a name as a key, found the number '.nan'"),
        ("~: x", "f:1: expected a name as a key, found null: '~'"),
        ("null: x", "f:1: expected a name as a key, found null: 'null'"),
        ("? \n: x", "f:1: expected a name as a key, found null: ''"),
        ("? [a, b]\n: c", "f:1: expected a name as a key, found a list, a mapping or none"),
        ("{a: b}: c", "f:1: expected a name as a key, found a list"),
        ("a: &x b\nc: *x", r"f:2: \*x: aliases are not read; write it out"),
        ("a: &x [*x]", r"f:1: \*x: aliases are not read"),
        ("a:\n  <<: {b: c}\n  d: !!python/name:os.system", "f:3: the tag .*os.system is not read"),
        ("a: !!int 3", "f:1: the tag tag:yaml.org,2002:int is not read; remove it"),
        ("a\n---\nb", "f:2: a second document begins; expected one"),
        ("a: [", "f:2: not YAML: did not find expected node content"),
        ("a:\n\tb", "f:2: not YAML: found character that cannot start any token"),
        ("a: \x1b[2J", "f: not YAML: unacceptable character"),
        ("[" * 200_000, "f:1: nested deeper than 16 levels"),
        ("- " * 200_000, "f:1: nested deeper than 16 levels"),
    ],
    ids=lambda text: text[:24],
)
def test_what_is_refused(text, message):
    with pytest.raises(InputError, match=f"^{message}"):
        parse_yaml(text, "f")


def test_a_bomb_of_aliases_ends_at_once():
    names = "abcdefghijklmnopqrstuvwxyz"
    bomb = "a: &a [" + "x, " * 9 + "]\n"
    for old, new in pairwise(names):
        bomb += f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    start = time.monotonic()
    with pytest.raises(InputError, match=r"f:2: .*aliases are not read"):
        parse_yaml(bomb, "f")
    assert time.monotonic() - start < 1


def test_without_libyaml_it_is_the_same(monkeypatch):
    monkeypatch.setattr(strict_yaml, "PARSER", yaml.SafeLoader)
    assert parse_yaml("不: no\n对: [yes, 3.10]\n了:\n", "f") == {
        "不": "no",
        "对": ["yes", "3.10"],
        "了": None,
    }
    for text in ("1: x", "a: 1\na: 2", "a: &x b\nc: *x", "a: [", "a: !!int 3", "[" * 500):
        with pytest.raises(InputError, match=r"^f:[12]: "):
            parse_yaml(text, "f")


def test_files_are_utf_8_and_bounded(tmp_path, monkeypatch):
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeff不: no\n".encode())
    assert read_yaml(path) == {"不": "no"}
    path.write_bytes("a: b\n不: no\n".encode("gbk"))
    with pytest.raises(InputError, match=r"a\.yaml:2: expected UTF-8, found byte 0xb2"):
        read_yaml(path)
    path.write_bytes(b"a: " + b"x" * 4 * 2**20)
    with pytest.raises(InputError, match=r"a\.yaml: more than 4 MB, too much for a YAML file"):
        read_yaml(path)
    with pytest.raises(InputError, match=r"b\.yaml: cannot be read: No such file"):
        read_yaml(tmp_path / "b.yaml")
