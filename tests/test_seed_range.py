"""A seed that no generator takes, or that is taken for another one, is refused by every command."""

import pytest

import earmark
from earmark.cli import app
from earmark.errors import KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.records import Hypothesis, Pair, Utterance
from earmark.tiny.train import train_tiny_base

ROWS = [f"u{i}" for i in range(4)]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Make a folder with truths, hypotheses and pairs the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.wav").write_bytes(b"")
    write_jsonl("truth.jsonl", [Utterance(name, "我想 review 一下", "a.wav") for name in ROWS])
    write_jsonl("hyp.jsonl", [Hypothesis(name, "我想一下") for name in ROWS])
    prompt = [{"role": "user", "content": "Write."}]
    scores = {"reward": [2.0, 1.0]}
    write_jsonl("pairs.jsonl", [Pair(name, prompt, "a", ["b"], scores=scores) for name in ROWS])
    return tmp_path


@pytest.mark.parametrize("seed", ["-1", "4294967296"])
@pytest.mark.parametrize(
    "command",
    [
        "score --truth truth.jsonl --hyp hyp.jsonl",
        "report --truth truth.jsonl --hyp hyp.jsonl --out out",
        "curate --pairs pairs.jsonl --by random --out out",
        "curate --pairs pairs.jsonl --by gap --out out",
        "pairs imitate --utterances truth.jsonl --out out",
        "pairs mined --utterances truth.jsonl --hyps hyp.jsonl --out out",
        "synthesize --count 1 --out out",
        "sentences --count 1 --out out",
        "train --pairs pairs.jsonl --model tiny-base --out out",
    ],
)
def test_a_seed_out_of_range_is_refused(files, command, seed):
    with pytest.raises(KnobError, match=f"seed should be a whole number from 0 .* found {seed}"):
        app([*command.split(), "--seed", seed], result_action="return_value")
    assert not (files / "out").exists()


def test_python_refuses_it_too(files):
    with pytest.raises(KnobError, match=r"seed should be a whole number from 0 .* found -1"):
        earmark.score(["我想 review 一下"], ["我想一下"], seed=-1)
    with pytest.raises(KnobError, match=r"seed should be a whole number from 0 .* found -1"):
        train_tiny_base(seed=-1)
