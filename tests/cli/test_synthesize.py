"""`earmark synthesize` makes a corpus that `earmark validate` finds nothing wrong with."""

import pytest

from earmark.cli import app
from earmark.cli.synthesize import synthesize
from earmark.cli.validate import check_path
from earmark.formats.reading import read
from earmark.records import Utterance


@pytest.mark.parametrize("language", ["mixed", "zh", "en", "all"])
def test_a_corpus_of_each_language(tmp_path, capsys, language):
    synthesize(out=tmp_path, count=6, language=language, voices="heldout", split="test", workers=1)
    rows = list(read(Utterance, tmp_path / "utterances.jsonl"))
    expected = {"mixed", "zh", "en"} if language == "all" else {language}
    assert {row.language for row in rows} == expected
    assert {row.split for row in rows} == {"test"}
    findings = check_path(tmp_path, "auto", 10, 3.0)
    assert findings.problems == []
    assert findings.rows == 6
    assert "6 utterances" in capsys.readouterr().err


def test_the_command_line_reads_the_same_knobs(tmp_path, capsys):
    call = f"synthesize --out {tmp_path} --count 2 --language zh --seed 3 --split dev --workers 1"
    app(call.split(), result_action="return_value")
    rows = list(read(Utterance, tmp_path / "utterances.jsonl"))
    assert [(row.language, row.split) for row in rows] == [("zh", "dev")] * 2
    with pytest.raises(SystemExit):
        app(["synthesize", "--language", "french"])
    assert "mixed" in capsys.readouterr().err
