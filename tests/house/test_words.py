"""The word list finds what it names, in prose and not in code, and the checked files pass it."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("words", ROOT / ".ci/words.py")
assert SPEC is not None
assert SPEC.loader is not None
words = importlib.util.module_from_spec(SPEC)
sys.modules["words"] = words
SPEC.loader.exec_module(words)
PHRASES, _ = words.read_rules(ROOT / ".ci/words.toml")


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.bad[0])
def test_each_phrase_matches_its_examples_only(phrase):
    assert phrase.use
    assert phrase.bad
    for text in phrase.bad:
        assert phrase.pattern.search(text), text
    for text in phrase.good:
        assert not phrase.pattern.search(text), text


def found(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return [(hit.line, hit.text) for hit in words.search(path, PHRASES)]


def test_comments_and_strings_of_python_are_read_and_code_is_not(tmp_path):
    source = (
        '"""A run that was stopped goes\n'
        'on later."""\n'
        "told = asked = behind(1)\n"
        "x = (  # what none\n"
        "    # reads\n"
        '    "the rows go "\n'
        '    f"on from {told}"\n'
        ")\n"
        '"see `told`"\n'
        "'no number'\n"
    )
    assert found(tmp_path, "a.py", source) == [
        (1, "goes on"),
        (4, "none reads"),
        (6, "go on"),
        (10, "no number"),
    ]


def test_code_of_markdown_is_not_read(tmp_path):
    text = "It goes\non.\n\n```sh\nrun goes on\n```\n\nSee `lest` and mend it.\n"
    assert found(tmp_path, "a.md", text) == [(1, "goes on"), (8, "mend")]


def test_comments_of_yaml_are_read_and_values_are_not(tmp_path):
    assert found(tmp_path, "a.yaml", "said: nobody knows\nx: 1  # lest\n") == [(2, "lest")]


def test_a_named_path_is_checked_and_its_line_printed(tmp_path, capsys):
    (tmp_path / "a.md").write_text("Fine.\n\nIt goes on.\n")
    assert words.main([str(tmp_path)]) == 1
    assert f"{tmp_path}/a.md:3: 'goes on': write resume" in capsys.readouterr().out


def test_the_project_is_written_in_plain_words(capsys):
    assert words.main([]) == 0, capsys.readouterr().out
