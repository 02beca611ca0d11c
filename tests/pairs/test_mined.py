"""Mined pairs: what a model wrote itself, where the cascade finds a failure."""

import pytest
from world import manifest, read_rows, tally_of, write_rows

from earmark.errors import InputError, KnobError
from earmark.failures.cascade import LABELS, name_failure
from earmark.formats.reading import read
from earmark.pairs.files import mine_file
from earmark.pairs.mined import FAILURES, NO_HYPOTHESIS, Mining, parse_labels
from earmark.records import Pair
from earmark.translators.shipped import load_earmark

TRUTHS = [
    "我们讨论 project 的预算",
    "请把 report 发给老师",
    "今天天气不错",
    "we met at the library",
    "走吧",
]
WRITTEN = {
    "u0": "我们讨论项目的预算",
    "u1": "请把发给老师",
    "u2": "今天天气不错",
    "u3": "we meet at a library",
    "u9": "nobody said this",
}


@pytest.fixture
def truths(tmp_path):
    return manifest(tmp_path, TRUTHS)


def hyps(tmp_path, written=WRITTEN, name="h.jsonl", **fields):
    rows = [{"id": id_, "text": text, **fields} for id_, text in written.items()]
    return write_rows(tmp_path / name, rows)


def test_a_failure_becomes_a_pair_with_its_label_and_features(tmp_path, truths, capfd):
    out = tmp_path / "p.jsonl"
    mine_file(truths, [hyps(tmp_path)], out, Mining())
    pairs = list(read(Pair, out))
    assert [pair.source for pair in pairs] == ["u0", "u1"]
    assert [pair.failure_modes for pair in pairs] == [["global_translation"], ["omit_embedded"]]
    assert [pair.rejected for pair in pairs] == [WRITTEN["u0"], WRITTEN["u1"]]
    for pair in pairs:
        (failure,) = pair.made_by["failures"]
        expected = name_failure(pair.chosen, pair.rejected)
        assert (failure["label"], failure["detail"]) == expected[:2]
        assert failure["features"] == expected.features
        assert pair.made_by["hyps"] == ["h.jsonl"]
    assert "1 of 5 hypotheses belong to no utterance" in " ".join(capfd.readouterr().err.split())


def test_what_is_not_mined_is_counted(tmp_path, truths):
    out = tmp_path / "p.jsonl"
    mine_file(truths, [hyps(tmp_path)], out, Mining())
    assert tally_of(out)["dropped"] == {
        "any": {NO_HYPOTHESIS: 1},
        "error": {"not a failure that is mined": 1},
        "ok": {"not a failure that is mined": 1},
    }


def test_ordinary_errors_are_mined_when_asked_for(tmp_path, truths):
    out = tmp_path / "p.jsonl"
    mine_file(truths, [hyps(tmp_path)], out, Mining(parse_labels("error, omission")))
    assert [row["failure_modes"] for row in read_rows(out)] == [["omit_embedded"], ["error"]]


def test_the_rejected_answer_is_what_the_model_really_wrote(tmp_path, truths):
    out, raw = tmp_path / "p.jsonl", "<|zh|>我们讨论项目的预算。"
    mine_file(truths, [hyps(tmp_path, {"u0": "我们讨论项目的预算"}, raw_text=raw)], out, Mining())
    (row,) = read_rows(out)
    assert row["rejected"] == raw
    assert row["made_by"]["failures"][0]["features"]["raw_format"] == ""


def test_several_systems_share_a_row(tmp_path, truths):
    files = [
        hyps(tmp_path, {"u0": "我们讨论项目的预算", "u1": "请把发给老师"}, "a.jsonl"),
        hyps(tmp_path, {"u0": "我们讨论的预算", "u1": "请把发给老师"}, "b.jsonl"),
    ]
    out = tmp_path / "p.jsonl"
    mine_file(truths, files, out, Mining(), several=True)
    first, second = read_rows(out)
    assert first["rejected"] == ["我们讨论项目的预算", "我们讨论的预算"]
    assert first["failure_modes"] == ["global_translation", "omit_embedded"]
    assert len(first["made_by"]["failures"]) == 2
    assert second["rejected"] == ["请把发给老师"]
    reason = "the same as another rejected answer of the utterance"
    assert tally_of(out)["dropped"]["omit_embedded"] == {reason: 1}


def test_mishearings_are_kept_out_by_their_sound(tmp_path, truths):
    out, heard = tmp_path / "p.jsonl", {"u0": "我们讨论破街克特的预算"}
    for lexicon in (None, load_earmark()):
        with pytest.raises(InputError, match=r"not one pair .*; not a failure that is mined: 1"):
            mine_file(truths, [hyps(tmp_path, heard)], out, Mining(lexicon=lexicon))
    assert not out.exists()


def test_the_same_seed_writes_the_same_bytes(tmp_path, truths):
    files = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        mine_file(truths, [hyps(tmp_path)], tmp_path / name, Mining(), seed=seed)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1] != files[2]


def test_labels_are_those_of_the_cascade():
    assert parse_labels(",".join(FAILURES)) == FAILURES
    assert set(FAILURES) == set(LABELS) - {"ok", "error"}
    for text, message in (("halucination", "did you mean 'hallucination'"), ("ok", "unknown")):
        with pytest.raises(KnobError, match=message):
            parse_labels(text)


def test_bad_hypotheses_are_refused(tmp_path, truths):
    path = write_rows(tmp_path / "h.jsonl", [{"id": "u0", "words": "x"}])
    with pytest.raises(InputError, match=r"h\.jsonl: no format claims this file"):
        mine_file(truths, [path], tmp_path / "p.jsonl", Mining())


def test_bad_hypotheses_of_each_file_are_set_aside_in_a_file_of_their_own(tmp_path, truths):
    good = {"id": "u0", "text": WRITTEN["u0"]}
    files = [
        write_rows(tmp_path / name, [good, {"id": "u1", "text": [name]}])
        for name in ("a.jsonl", "b.jsonl")
    ]
    mine_file(truths, files, tmp_path / "p.jsonl", Mining(), several=True, on_error="skip")
    for name in ("a.jsonl", "b.jsonl"):
        (row,) = read_rows(tmp_path / f"p.jsonl.{name}.skipped.jsonl")
        assert name in row["raw"]
