import json
import subprocess
import sys

import pytest
from evaluate_systems import corpus, noisy

from earmark.formats.files.lines import write_jsonl
from earmark.records import Hypothesis, Utterance
from earmark.translators.dictionaries.shipped import load_earmark

FIELDS = {
    "signature", "utterances", "missing", "mixed_error_rate", "counts", "interval", "by_language",
    "capped_mixed_error_rate", "mixed_error_rate_without_loops", "points_of_interest",
    "failure_modes", "composition",
}  # fmt: skip


def earmark(*words):
    return python("from earmark.cli import main; main()", *words)


def python(program, *words):
    command = [sys.executable, "-c", program, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("score")
    truths = corpus(60)
    write_jsonl(folder / "T.jsonl", truths)
    write_jsonl(folder / "A.jsonl", noisy(truths, 0.5)[3:])
    write_jsonl(folder / "B.jsonl", noisy(truths, 0.1, seed=4))
    return folder


def test_json_alone_on_standard_output(files):
    rows = files / "rows.jsonl"
    ran = earmark(
        "score", "--truth", files / "T.jsonl", "--hyp", files / "A.jsonl", "--json", "-",
        "--per-utterance", rows,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout, parse_constant=pytest.fail)
    assert result.keys() >= FIELDS
    assert result["missing"] == 3
    assert result["by_language"].keys() == {"zh", "en", "other"}
    low, high = result["interval"]
    assert low < result["mixed_error_rate"] < high
    lines = [
        json.loads(line, parse_constant=pytest.fail)
        for line in rows.read_text("utf-8").splitlines()
    ]
    assert len(lines) == 60
    assert sum(line["counts"]["insertions"] for line in lines) == result["counts"]["insertions"]


def test_a_table_with_all_three_kinds_of_error(files):
    out = files / "score.json"
    ran = earmark(
        "score", "--truth", files / "T.jsonl", "--hyp", files / "A.jsonl", "--json", out,
        "--show", "1",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    heading = next(line for line in ran.stdout.splitlines() if "truth tokens" in line)
    assert all(f" {kind} " in heading for kind in "SDI")
    assert "mixed error rate" in ran.stdout
    assert "\nhyp " in ran.stdout
    result = json.loads(out.read_text("utf-8"))
    assert f"{100 * result['mixed_error_rate']:.2f} %" in ran.stdout


def test_compare_gives_the_paired_difference(files):
    hyps = ("--hyp", files / "A.jsonl", "--hyp", files / "B.jsonl")
    ran = earmark("compare", "--truth", files / "T.jsonl", *hyps, "--json", "-")
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout, parse_constant=pytest.fail)
    assert result["mixed_error_rate"]["interval"][1] < 0
    table = earmark("compare", "--truth", files / "T.jsonl", *hyps)
    assert "matched pairs, utterance segments" in table.stdout


def test_plain_text_and_kaldi_text(files):
    (files / "truth.txt").write_text("我们 go\n好的\n", "utf-8")
    (files / "hyp.txt").write_text("我们 go\n好吗\n", "utf-8")
    plain = earmark("score", "--truth", files / "truth.txt", "--hyp", files / "hyp.txt", "--json=-")
    assert json.loads(plain.stdout)["counts"]["substitutions"] == 1
    (files / "text").write_text("a 我们 go\nb 好的\n", "utf-8")
    (files / "hyp").write_text("b 好吗\n", "utf-8")
    kaldi = earmark("score", "--truth", files / "text", "--hyp", files / "hyp", "--json", "-")
    assert json.loads(kaldi.stdout)["missing"] == 1


def test_mistakes_end_in_one_message(files):
    write_jsonl(files / "C.jsonl", [Hypothesis("u5", "好"), Hypothesis("nobody", "好")])
    wrong = earmark("score", "--truth", files / "T.jsonl", "--hyp", files / "C.jsonl")
    assert wrong.returncode == 1
    assert "1 of 2 hypotheses have no truth (nobody)" in " ".join(wrong.stderr.split())
    assert "Traceback" not in wrong.stderr
    kept = earmark(
        "score", "--truth", files / "T.jsonl", "--hyp", files / "C.jsonl", "--on-error", "skip",
        "--json", "-",
    )  # fmt: skip
    assert json.loads(kept.stdout)["unmatched"] == 1
    for flags in (("--profile", "defautl"), ("--json", "--show"), ("--resamples", "0")):
        bad = earmark("score", "--truth", files / "T.jsonl", "--hyp", files / "A.jsonl", *flags)
        assert bad.returncode == 1
        assert "error: " in bad.stderr


def test_scoring_needs_neither_torch_nor_transformers(files):
    program = (
        "import sys\n"
        "from earmark.cli import app\n"
        "app(sys.argv[1:], result_action='return_value')\n"
        "heavy = {'torch', 'transformers', 'matplotlib', 'soundfile'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    ran = python(program, "score", "--truth", files / "T.jsonl", "--hyp", files / "A.jsonl")
    assert ran.returncode == 0, ran.stderr
    assert "signature" in ran.stdout


def test_marks_are_stripped_and_a_mapping_applied_and_both_are_signed(files):
    write_jsonl(files / "M.jsonl", [Utterance("a", "我们 gonna 去"), Utterance("b", "好")])
    write_jsonl(
        files / "N.jsonl",
        [Hypothesis("a", "<|zh|>我们 going to 去"), Hypothesis("b", "[laughter] 好")],
    )
    (files / "words.tsv").write_text("gonna\tgoing to\n", "utf-8")
    ran = earmark(
        "score", "--truth", files / "M.jsonl", "--hyp", files / "N.jsonl", "--json", "-",
        "--mapping", files / "words.tsv", "--strip-marks", "whisper", "--strip-marks", "sensevoice",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert result["mixed_error_rate"] == 0
    assert "+map:words.tsv@" in result["signature"]
    assert "|stripped:sensevoice+whisper|" in result["signature"]
    wrong = earmark(
        "score", "--truth", files / "M.jsonl", "--hyp", files / "N.jsonl", "--strip-marks", "wisper"
    )
    assert wrong.returncode == 1
    assert "did you mean 'whisper'" in wrong.stderr


def dictionary_of(files, *options):
    ran = earmark(
        "score", "--truth", files / "T.jsonl", "--hyp", files / "B.jsonl", "--json", "-", *options
    )
    assert ran.returncode == 0, ran.stderr
    parts = json.loads(ran.stdout)["signature"].split("|")
    return [part for part in parts if part.startswith("dictionary:")]


def test_the_signature_names_the_dictionary_with_its_version(files):
    words = files / "words.tsv"
    words.write_text("会议\tmeeting\n", "utf-8")
    assert dictionary_of(files) == [load_earmark().name]
    assert dictionary_of(files, "--dictionary", "none") == []
    (both,) = dictionary_of(files, "--dictionary", f"{words}+earmark")
    assert both.startswith("dictionary:words.tsv:1@")
    assert both.endswith(f"+{load_earmark().signature}")


def test_a_dictionary_that_does_not_exist_is_refused(files):
    ran = earmark(
        "score", "--truth", files / "T.jsonl", "--hyp", files / "B.jsonl", "--dictionary", "earmrk"
    )
    assert ran.returncode
    assert "no dictionary 'earmrk'" in " ".join(ran.stderr.split())
