"""Mined pairs: what a model wrote itself, where the cascade finds a failure."""

import pytest
from world import manifest, read_rows, tally_of, write_rows

from earmark.errors import InputError, KnobError
from earmark.failures.cascade import LABELS, Failure, name_failure
from earmark.formats.reading import read
from earmark.pairs.defaults import FAILURES, MINED
from earmark.pairs.files import mine_file
from earmark.pairs.mined import (
    FEW_ERRORS,
    NO_HYPOTHESIS,
    Mining,
    make_mining,
    mode_name,
    parse_labels,
)
from earmark.records import Pair
from earmark.translators.dictionaries.shipped import load_earmark

SHIPPED = load_earmark()
MINING = Mining(dictionary=SHIPPED)
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
    mine_file(truths, [hyps(tmp_path)], out, MINING)
    pairs = list(read(Pair, out))
    assert [pair.source for pair in pairs] == ["u0", "u1", "u3"]
    modes = [["global_translation"], ["omit_embedded"], ["error"]]
    assert [pair.failure_modes for pair in pairs] == modes
    assert [pair.rejected for pair in pairs] == [WRITTEN["u0"], WRITTEN["u1"], WRITTEN["u3"]]
    for pair in pairs:
        (failure,) = pair.made_by["failures"]
        expected = name_failure(pair.chosen, pair.rejected, dictionary=MINING.dictionary)
        assert (failure["label"], failure["detail"]) == expected[:2]
        assert failure["features"] == expected.features
        assert pair.made_by["hyps"] == ["h.jsonl"]
    assert "1 of 5 hypotheses belong to no utterance" in " ".join(capfd.readouterr().err.split())


def test_what_is_not_mined_is_counted(tmp_path, truths):
    out = tmp_path / "p.jsonl"
    mine_file(truths, [hyps(tmp_path)], out, MINING._replace(labels=FAILURES))
    assert tally_of(out)["dropped"] == {
        "any": {NO_HYPOTHESIS: 1},
        "error": {"not a failure that is mined": 1},
        "ok": {"not a failure that is mined": 1},
    }


def test_errors_are_mined_from_a_rate_on(tmp_path, truths):
    out = tmp_path / "p.jsonl"  # u3 has 2 errors in 5 words
    for least, modes in ((0.4, [["omit_embedded"], ["error"]]), (0.41, [["omit_embedded"]])):
        mining = make_mining(parse_labels("error, omission"), SHIPPED, least_errors=least)
        mine_file(truths, [hyps(tmp_path)], out, mining)
        assert [row["failure_modes"] for row in read_rows(out)] == modes
        assert read_rows(out)[0]["made_by"]["least_errors"] == least
    assert tally_of(out)["dropped"]["error"] == {FEW_ERRORS: 1}
    for least in (-0.1, float("nan"), float("inf")):
        with pytest.raises(KnobError, match="expected a rate"):
            make_mining(["error"], least_errors=least)


def test_the_rejected_answer_can_have_the_truths_style(tmp_path):
    truths = manifest(tmp_path, ["我们讨论 project 的预算", "We go 回家 Now."])
    written = {"u0": "我们讨论 Object 的预算。", "u1": "we no 回家 now"}
    out = tmp_path / "p.jsonl"
    mining = make_mining(["error"], SHIPPED, least_errors=0.1, match_style=True)
    mine_file(truths, [hyps(tmp_path, written)], out, mining)
    rows = read_rows(out)
    assert [row["rejected"] for row in rows] == ["我们讨论 object 的预算", "We no 回家 now."]
    assert rows[0]["made_by"]["match_style"] is True


def test_form_that_is_the_failure_is_left_as_it_is(tmp_path, truths):
    out, heard = tmp_path / "p.jsonl", {"u0": "**我们讨论 project 的预算**"}
    mining = make_mining(["format"], SHIPPED, match_style=True)
    with pytest.raises(InputError, match="the same as the chosen answer"):
        mine_file(truths, [hyps(tmp_path, heard)], out, mining)
    heard = {"u0": "Transcript: 我们讨论 project 的预算"}
    mine_file(truths, [hyps(tmp_path, heard)], out, mining)
    assert read_rows(out)[0]["rejected"] == heard["u0"]


def test_the_rejected_answer_is_what_the_model_really_wrote(tmp_path, truths):
    out, raw = tmp_path / "p.jsonl", "<|zh|>我们讨论项目的预算。"
    mine_file(truths, [hyps(tmp_path, {"u0": "我们讨论项目的预算"}, raw_text=raw)], out, MINING)
    (row,) = read_rows(out)
    assert row["rejected"] == raw
    assert row["made_by"]["failures"][0]["features"]["raw_format"] == ""


def test_several_systems_share_a_row(tmp_path, truths):
    files = [
        hyps(tmp_path, {"u0": "我们讨论项目的预算", "u1": "请把发给老师"}, "a.jsonl"),
        hyps(tmp_path, {"u0": "我们讨论的预算", "u1": "请把发给老师"}, "b.jsonl"),
    ]
    out = tmp_path / "p.jsonl"
    mine_file(truths, files, out, MINING, several=True)
    first, second = read_rows(out)
    assert first["rejected"] == ["我们讨论项目的预算", "我们讨论的预算"]
    assert first["failure_modes"] == ["global_translation", "omit_embedded"]
    assert len(first["made_by"]["failures"]) == 2
    assert second["rejected"] == ["请把发给老师"]
    reason = "the same as another rejected answer of the utterance"
    assert tally_of(out)["dropped"]["omit_embedded"] == {reason: 1}


def test_words_written_by_sound_are_errors_and_no_translations(tmp_path, truths):
    out, heard = tmp_path / "p.jsonl", {"u0": "我们讨论破街克特的预算"}
    mine_file(truths, [hyps(tmp_path, heard)], out, MINING)
    assert read_rows(out)[0]["failure_modes"] == [mode_name(Failure("error", "phonetic", {}))]
    with pytest.raises(InputError, match=r"not one pair .*; not a failure that is mined: 1"):
        mine_file(truths, [hyps(tmp_path, heard)], out, MINING._replace(labels=FAILURES))
    assert len(read_rows(out)) == 1


def test_the_same_seed_writes_the_same_bytes(tmp_path, truths):
    files = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        mine_file(truths, [hyps(tmp_path)], tmp_path / name, MINING, seed=seed)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1] != files[2]


def test_labels_are_those_of_the_cascade():
    assert parse_labels(",".join(FAILURES)) == FAILURES
    assert set(FAILURES) == set(LABELS) - {"ok", "error"}
    assert set(MINED) == set(LABELS) - {"ok"}
    for text, message in (("halucination", "did you mean 'hallucination'"), ("ok", "unknown")):
        with pytest.raises(KnobError, match=message):
            parse_labels(text)


def test_bad_hypotheses_are_refused(tmp_path, truths):
    path = write_rows(tmp_path / "h.jsonl", [{"id": "u0", "words": "x"}])
    with pytest.raises(InputError, match=r"h\.jsonl: no format claims this file"):
        mine_file(truths, [path], tmp_path / "p.jsonl", MINING)


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
