"""`earmark report` on files: names, formats, refusals, and what it leaves on the disk."""

from pathlib import Path

import pytest

from earmark.cli.options.scoring import ScoringOptions
from earmark.cli.report import report, system_names
from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.records import Hypothesis, Utterance


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "heldout" / "utterances.jsonl"
    write_jsonl(path, [Utterance("1", "我要去 meeting"), Utterance("2", "see you 明天")])
    for name, texts in {
        "base": ("我要去会议", "see you"),
        "dpo": ("我要去 meeting", "see you"),
    }.items():
        rows = [Hypothesis(str(i), text) for i, text in enumerate(texts, start=1)]
        write_jsonl(tmp_path / f"{name}.jsonl", rows)
    return path


def test_a_page_and_a_table_are_written(
    truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hyps = [tmp_path / "base.jsonl", tmp_path / "dpo.jsonl"]
    out, markdown = tmp_path / "page.html", tmp_path / "table.md"
    report(truth=truth, hyp=hyps, out=out, markdown=markdown)
    html = out.read_text("utf-8")
    assert "<h1>heldout: base, dpo</h1>" in html
    assert "the rows do not say how they were made" in html
    assert markdown.read_text("utf-8").startswith("| system | mixed error rate |")
    assert "mixed error rate" in " ".join(capsys.readouterr().out.split())


def test_kaldi_text_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("a 我 要\nb hello\n", "utf-8")
    (tmp_path / "hyp.kaldi").write_text("a 我\nb hello\n", "utf-8")
    report(truth=tmp_path / "text", hyp=[tmp_path / "hyp.kaldi"], out=tmp_path / "page.html")
    assert "33.3" in (tmp_path / "page.html").read_text("utf-8")


def test_names_can_be_given(truth: Path, tmp_path: Path) -> None:
    hyps = [tmp_path / "base.jsonl", tmp_path / "dpo.jsonl"]
    out = tmp_path / "page.html"
    report(truth=truth, hyp=hyps, name=["before", "after"], title="Mine", out=out)
    assert "<h1>Mine</h1>" in out.read_text("utf-8")
    assert "compared with before" in out.read_text("utf-8")


def test_the_control_is_the_run_that_was_trained_by_sft(truth: Path, tmp_path: Path) -> None:
    (tmp_path / "tuned").mkdir()
    (tmp_path / "tuned/log.jsonl").write_text('{"step": 1, "loss": 0.5}')
    (tmp_path / "tuned/run.json").write_text('{"objective": {"name": "sft"}}')
    write_jsonl(tmp_path / "tuned.jsonl", [Hypothesis("1", "我要去"), Hypothesis("2", "see you")])
    hyps = [tmp_path / f"{name}.jsonl" for name in ("base", "tuned", "dpo")]
    out = tmp_path / "page.html"
    report(truth=truth, hyp=hyps, run=[tmp_path / "tuned"], out=out)
    assert "<bdi>dpo</bdi> minus <bdi>tuned</bdi>" in out.read_text("utf-8")
    report(truth=truth, hyp=hyps, control="dpo", out=out)
    assert "<bdi>tuned</bdi> minus <bdi>dpo</bdi>" in out.read_text("utf-8")
    with pytest.raises(KnobError, match="the control 'dpp' is not a system after the first"):
        report(truth=truth, hyp=hyps, control="dpp", out=out)


@pytest.mark.parametrize(
    ("paths", "names", "reason"),
    [
        (["a.jsonl", "b.jsonl"], ["one"], "1 --name for 2 --hyp"),
        (["a.jsonl", "a.jsonl"], [], "two systems are called 'a'"),
        (["a.jsonl", "b.jsonl"], ["x", "x"], "two systems are called 'x'"),
        (["a.jsonl", "a.txt"], [], "two systems are called 'a'"),
    ],
)
def test_names_that_do_not_tell_apart_are_refused(
    paths: list[str], names: list[str], reason: str
) -> None:
    with pytest.raises(KnobError, match=reason):
        system_names([Path(path) for path in paths], names)


def test_bad_input_is_refused_and_nothing_is_written(truth: Path, tmp_path: Path) -> None:
    hyps, out = [tmp_path / "base.jsonl"], tmp_path / "page.html"
    with pytest.raises(InputError, match=r"log\.jsonl: not found"):
        report(truth=truth, hyp=hyps, run=[tmp_path], out=out)
    with pytest.raises(KnobError, match="no profile is called 'defualt'"):
        report(truth=truth, hyp=hyps, scoring=ScoringOptions(profile="defualt"), out=out)
    with pytest.raises(KnobError, match="--examples is -1; expected 0 or more"):
        report(truth=truth, hyp=hyps, examples=-1, out=out)
    write_jsonl(tmp_path / "base.jsonl", [Hypothesis("9", "好")])
    with pytest.raises(InputError, match="not one of 1 hypotheses has the id of a truth"):
        report(truth=truth, hyp=hyps, out=out)
    assert not out.exists()
