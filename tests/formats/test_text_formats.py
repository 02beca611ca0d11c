"""Kaldi's text files and plain text: what begins with an id, what with a word."""

import pytest

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.reading import load, read_test, recognise
from earmark.records import Hypothesis, Utterance


def written(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows(path, kind=Utterance, **how):
    return [(row.id, row.text) for row in load(kind, path, out=path, **how)]


def test_kaldi_text(tmp_path):
    path = written(tmp_path, "text", "u1 我们 go\nu2\n\nu3\tok  \n")
    assert rows(path) == [("u1", "我们 go"), ("u2", ""), ("u3", "ok")]


def test_ids_with_blanks_before_a_tab(tmp_path):
    path = written(tmp_path, "hyp.txt", "utt 1\t我们 go\nutt 2\tok then\nutt 3\t\n")
    assert rows(path, Hypothesis) == [("utt 1", "我们 go"), ("utt 2", "ok then"), ("utt 3", "")]


def test_plain_text_keeps_empty_lines(tmp_path):
    path = written(tmp_path, "hyp.txt", "\ufeff我们 go\r\n\nok\n")
    assert rows(path, Hypothesis) == [("1", "我们 go"), ("2", ""), ("3", "ok")]


def test_json_is_known_by_its_brace(tmp_path):
    path = written(tmp_path, "manifest", '\n{"id": "a", "text": "好"}\n')
    assert recognise(Source(path)).name == "jsonl"
    assert rows(path) == [("a", "好")]
    assert rows(path, format="plain")[1] == ("2", '{"id": "a", "text": "好"}')


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("text", "u1 a\nu1 b\n", r"text:2: id 'u1' was already used in line 1.*@plain"),
        ("x.txt", b"\xe6\x88\x91 a\n\xff\n", r"x.txt:2: expected UTF-8, found byte 0xff"),
        ("nothing", "", "the file is empty"),
        ("y.jsonl", '{"id": "a"}\n', r"y.jsonl:1: field 'text' is missing; a hypothesis needs it"),
        ("a.txt", "we go\nyou stay\n", r"no format claims.*kaldi.*plain.*append @FORMAT"),
        ("a.srt", "1\n00:00 --> 00:01\n我们\n", "no format claims this file.*nearest: plain"),
        ("a.bin", b"\0\1\2", "no format claims this file, which begins with"),
    ],
)
def test_bad_files_are_refused(tmp_path, name, text, message):
    with pytest.raises(InputError, match=message):
        rows(written(tmp_path, name, text), Hypothesis)


@pytest.mark.parametrize(
    ("name", "text", "nearest"),
    [
        ("a.jsonl", '{"ident": "a", "words": "x"}\n', ["jsonl", "nemo", "wenet"]),
        ("a.jsonl", '{"id": "a", "words": "x"}\n', ["jsonl", "rows", "lhotse"]),
        ("a.jsonl", '{"chosen": "a"}\n', ["jsonl", "trl", "llama-factory"]),
        ("a.txt", "we go\nyou stay\n", ["kaldi", "plain", "trn"]),
        ("a.bin", b"\0\1\2", ["parquet", "arrow"]),
        ("folder", None, ["shar", "kaldi", "arrow"]),
    ],
)
def test_the_nearest_formats_have_the_syntax_of_the_file(tmp_path, name, text, nearest):
    (tmp_path / "folder").mkdir()
    path = tmp_path / name if text is None else written(tmp_path, name, text)
    with pytest.raises(InputError, match="no format claims") as caught:
        rows(path)
    listed = str(caught.value).split("The nearest: ")[1].split("; ")
    assert [each.split(" (")[0] for each in listed] == nearest


def test_files_that_are_not_there(tmp_path):
    for name in ("absent.txt", "absent", "absent@kaldi"):
        with pytest.raises(InputError, match=r"absent.*: cannot be read: No such file"):
            rows(tmp_path / name)


def test_bad_rows_can_be_set_aside(tmp_path):
    path = written(tmp_path, "h.jsonl", '{"id": "a", "text": "b"}\n{"id": 3}\n')
    assert rows(path, Hypothesis, on_error="skip") == [("a", "b")]
    assert (tmp_path / "h.jsonl.skipped.jsonl").exists()


IDS = "S01-0001 我 今 天 有 meeting\nS01-0002 好 的\nS02-0001 see you 明 天\n"


def pair(folder, truth, hyp, names=("ref.txt", "hyp.txt"), **how):
    files = [written(folder, name, text) for name, text in zip(names, (truth, hyp), strict=True)]
    return read_test(files[0], [files[1]], **how)


def test_lines_begin_with_ids_where_both_sides_have_the_same(tmp_path):
    found = pair(tmp_path, IDS, "".join(reversed(IDS.splitlines(keepends=True))))
    assert [truth.id for truth in found.truths] == ["S01-0001", "S01-0002", "S02-0001"]
    assert [hyp.id for hyp in found.hyps[0]] == ["S02-0001", "S01-0002", "S01-0001"]


def test_lines_begin_with_words_where_they_have_no_ids(tmp_path):
    found = pair(tmp_path, "我们 go\nok 的\n", "我们 go\nok\n")
    assert [(t.id, t.text) for t in found.truths] == [("1", "我们 go"), ("2", "ok 的")]
    # The same first words on both sides, which a perfect system has.
    found = pair(tmp_path, "我们 go\n你 stay\n", "我们 go\n你 stay\n")
    assert found.truths[0].text == "我们 go"


@pytest.mark.parametrize(
    ("truth", "hyp", "message"),
    [
        (IDS, IDS.replace("S02-0001", "S02-0009"), "begin with ids, but 2 of them are in one file"),
        (IDS, IDS[: IDS.index("S02")], "begin with ids, but 1 of them"),
        (IDS, "我 今 天 有 meeting\n好 的\nsee you 明 天\n", "append @kaldi .* @plain"),
        ("anna hello\nben bye\n", "anna hallo\nben bye\n", "may be ids or what was said"),
        ("我们 go\n好 的\n对 吗\n", "我们 go\n好 的\n", "has 2 rows and .* has 3; .*matched by"),
    ],
)
def test_what_may_be_ids_or_words_is_refused(tmp_path, truth, hyp, message):
    with pytest.raises(InputError, match=message):
        pair(tmp_path, truth, hyp)


def test_a_format_of_each_file(tmp_path):
    truth = written(tmp_path, "ref.txt", IDS)
    hyps = [
        written(tmp_path, "h.jsonl", '{"id": "S01-0001", "text": "我"}\n'),
        f"{written(tmp_path, 'h.txt', IDS[: IDS.index('S02')])}@kaldi",
    ]
    found = read_test(truth, hyps)
    assert [len(found.truths), *map(len, found.hyps)] == [3, 1, 2]
    # Lines that begin with ids of a truth of another format.
    truth_json = written(
        tmp_path, "t.jsonl", '{"id": "anna", "text": "好"}\n{"id": "ben", "text": "x"}'
    )
    partial = written(tmp_path, "partial.txt", "ben y\n")
    assert [(row.id, row.text) for row in read_test(truth_json, [partial]).hyps[0]] == [
        ("ben", "y")
    ]
    # A format for all others than those that name their own.
    found = read_test(f"{truth}@kaldi", [f"{hyps[0]}@jsonl", hyps[1]], format="kaldi")
    assert [row.text for row in found.hyps[0]] == ["我"]
    assert found.truths[1] == Utterance("S01-0002", "好 的")


def test_a_partial_hypothesis_of_a_truth_that_is_kaldis(tmp_path):
    found = pair(tmp_path, "anna 我们 go\nben 好的\n", "ben 好吗\n", ("text", "hyp"))
    assert [(row.id, row.text) for row in found.hyps[0]] == [("ben", "好吗")]
    with pytest.raises(InputError, match="begin with ids, but 3 of them are in one file"):
        pair(tmp_path, "anna 我们 go\nben 好的\n", "carl 好吗\n", ("text", "hyp"))


def test_a_doubled_id_does_not_make_ids_words(tmp_path):
    lines = [f"u{i} 好 的" for i in range(30)]
    lines[20] = lines[3]
    with pytest.raises(InputError, match=r"ref.txt:21: id 'u3' was already used in line 4"):
        pair(tmp_path, "\n".join(lines), "\n".join(lines))
