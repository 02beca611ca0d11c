"""Every command refuses an output that is an input, a side file that is one, and foreign files."""

import json
import os
from pathlib import Path

import pytest

from earmark.cli import app
from earmark.cli.options.json_out import write_json
from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.records import Hypothesis, Pair, Utterance
from earmark.train.run_folder import check_run_folder
from earmark.voices.corpus import is_corpus

INPUT = "this is an input"
OTHER = "expected nothing here, or a file with"
FOLDER = "expected a new or empty folder"
TEXT = "我 今天 有 meeting"


def run(*words: object) -> None:
    app(list(map(str, words)), exit_on_error=False, result_action="return_value")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Return a folder with a manifest, hypotheses, pairs, a word list and a model of a sort."""
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    write_jsonl(tmp_path / "u", [Utterance("a", TEXT, "a.wav")])
    write_jsonl(tmp_path / "h", [Hypothesis("a", "我 今天 有")])
    prompt = [{"role": "user", "content": "Write it down."}]
    write_jsonl(tmp_path / "p", [Pair("a", prompt, TEXT, "我")])
    (tmp_path / "dictionary").write_text("会议\tmeeting\n", "utf-8")
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text('{"model_type": "x"}')
    (tmp_path / "notes").write_text("mine\n")
    os.link(tmp_path / "p", tmp_path / "p2")
    (tmp_path / "u2").symlink_to("u")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


SCORE = ["score", "--truth", "u", "--hyp", "h"]
COMPARE = ["compare", "--truth", "u", "--hyp", "h", "--hyp", "h"]
REPORT = ["report", "--truth", "u", "--hyp", "h"]
IMITATE = ["pairs", "imitate", "--utterances", "u", "--dictionary", "dictionary"]
CHAT = ["pairs", "imitate", "--utterances", "u", "--translator", "chat", "--chat-model", "m"]
MINED = ["pairs", "mined", "--utterances", "u", "--hyps", "h"]
TRANSCRIBE = ["transcribe", "--model", "model", "--utterances", "u"]
SERVED = [*TRANSCRIBE, "--endpoint", "http://localhost:1/v1"]
JUDGE = ["--by", "loop"]
CURATE = ["curate", "--by", "random"]
WRITTEN = ["sentences", "--endpoint", "http://localhost:1/v1", "--model", "m"]
REFUSED = [
    ([*SCORE, "--json", "u"], INPUT),
    ([*SCORE, "--json", "h"], INPUT),
    ([*SCORE, "--per-utterance", "u2"], INPUT),
    ([*SCORE, "--dictionary", "dictionary", "--json", "dictionary"], INPUT),
    ([*SCORE, "--json", "notes"], OTHER),
    ([*SCORE, "--json", "new", "--per-utterance", "new"], "the same file as the output"),
    ([*COMPARE, "--json", "h"], INPUT),
    ([*COMPARE, "--json", "model/config.json"], OTHER),
    ([*REPORT, "--out", "u"], INPUT),
    ([*REPORT, "--out", "new", "--markdown", "h"], INPUT),
    ([*REPORT, "--out", "notes"], OTHER),
    ([*REPORT, "--out", "model"], "a folder; expected the path of a file"),
    ([*IMITATE, "--out", "u"], INPUT),
    ([*IMITATE, "--out", "u2"], INPUT),
    ([*IMITATE, "--out", "dictionary"], INPUT),
    ([*IMITATE, "--out", "a.wav"], OTHER),
    ([*CHAT, "--out", "new", "--chat-answers", "u"], INPUT),
    ([*CHAT, "--out", "new", "--chat-answers", "notes"], OTHER),
    ([*MINED, "--out", "h"], INPUT),
    ([*MINED, "--out", "notes"], OTHER),
    ([*CURATE, "--pairs", "p", "--out", "p"], INPUT),
    ([*CURATE, "--pairs", "p", "--out", "p2"], INPUT),
    ([*CURATE, "--pairs", "p", "--out", "u"], OTHER),
    (["judge", "p", "p", *JUDGE], INPUT),
    (["judge", "p", "p2", *JUDGE], INPUT),
    (["judge", "p", "notes", *JUDGE], OTHER),
    (["judge", "p", "new", *JUDGE, "--check", "--json", "p"], INPUT),
    (["judge", "p", "new", *JUDGE, "--check", "--json", "new"], "the same file as the output"),
    ([*TRANSCRIBE, "--out", "u"], INPUT),
    ([*TRANSCRIBE, "--out", "u2"], INPUT),
    ([*TRANSCRIBE, "--out", "notes"], OTHER),
    ([*TRANSCRIBE, "--out", "/dev/null"], "a device or a pipe; expected a file"),
    ([*SERVED, "--out", "u"], INPUT),
    ([*SERVED, "--out", "h"], OTHER),
    (["train", "--pairs", "p", "--model", "model", "--out", "model"], INPUT),
    (["train", "--pairs", "p", "--model", "model", "--out", "."], FOLDER),
    (["train", "--pairs", "p", "--model", "model", "--out", "p"], "a file is there"),
    (
        ["train", "--pairs", "p", "--model", "x", "--references", "model", "--out", "model"],
        INPUT,
    ),
    (["export", "--adapter", "model", "--out", "model"], "something is there already"),
    (["export", "--adapter", "model", "--out", "notes"], "something is there already"),
    (["sentences", "--out", "u"], OTHER),
    ([*WRITTEN, "--out", "notes"], OTHER),
    ([*WRITTEN, "--out", "new", "--answers", "u"], OTHER),
    ([*WRITTEN, "--out", "new", "--answers", "new"], "the same file as the output"),
    (["synthesize", "--out", "."], FOLDER),
    (["synthesize", "--out", "model"], FOLDER),
    (["tiny-base", "--out", "model"], FOLDER),
    (["demo", "--out", "."], FOLDER),
]


@pytest.mark.parametrize(
    ("words", "message"), REFUSED, ids=lambda x: " ".join(x) if type(x) is list else ""
)
def test_a_command_refuses_to_destroy_anything(here, monkeypatch, words, message):
    monkeypatch.chdir(here)
    before = contents(here)
    with pytest.raises(InputError, match=message):
        run(*words)
    assert contents(here) == before
    assert (here / "u2").is_symlink()


SIDE_FILES = [
    ([*SCORE, "--on-error", "skip", "--json", "u.skipped.jsonl"], None, "same file as"),
    ([*IMITATE, "--out", "new"], "new.tally.json", OTHER),
    ([*IMITATE, "--out", "new", "--on-error", "skip"], "new.skipped.jsonl", OTHER),
    ([*CHAT, "--out", "new"], "new.chat.jsonl", OTHER),
    ([*MINED, "--out", "new", "--on-error", "skip"], "new.h.skipped.jsonl", OTHER),
    ([*CURATE, "--pairs", "p", "--out", "new"], "new.dropped.jsonl", OTHER),
    ([*CURATE, "--pairs", "p", "--out", "new"], "new.tally.json", OTHER),
    (["judge", "p", "new", *JUDGE], "new.unjudged.jsonl", OTHER),
    (["judge", "p", "new", *JUDGE], "new.tally.json", OTHER),
    (["judge", "p", "new", *JUDGE], "new.partial", OTHER),
    (["judge", "p", "new", *JUDGE, "--on-error", "skip"], "new.skipped.jsonl", OTHER),
    ([*TRANSCRIBE, "--out", "new"], "new.partial", OTHER),
    ([*TRANSCRIBE, "--out", "new"], "new.skipped.jsonl", OTHER),
    ([*SERVED, "--out", "new", "--candidates", "2"], "new.2", OTHER),
    (
        ["train", "--pairs", "p", "--model", "model", "--out", "new", "--on-error", "skip"],
        "new.skipped.jsonl",
        OTHER,
    ),
]


@pytest.mark.parametrize(("words", "side", "message"), SIDE_FILES)
def test_side_files_are_outputs_too(here, monkeypatch, words, side, message):
    monkeypatch.chdir(here)
    if side:
        (here / side).write_text("mine, too")
    before = contents(here)
    with pytest.raises(InputError, match=message):
        run(*words)
    assert contents(here) == before


def test_a_side_file_that_is_an_input_is_refused(here, monkeypatch):
    monkeypatch.chdir(here)
    (here / "p").rename(here / "new.skipped.jsonl")
    with pytest.raises(InputError, match=rf"new\.skipped\.jsonl: {INPUT}"):
        run(
            "curate",
            "--by",
            "random",
            "--pairs",
            "new.skipped.jsonl",
            "--out",
            "new",
            "--on-error",
            "skip",
        )


def test_a_command_writes_over_what_it_wrote(here, monkeypatch):
    monkeypatch.chdir(here)
    for _ in range(2):
        run(*SCORE, "--json", "score.json", "--per-utterance", "rows.jsonl")
        run(*COMPARE, "--json", "compared.json")
        run(*REPORT, "--out", "page.html", "--markdown", "table.md")
        run(*IMITATE, "--out", "pairs.jsonl")
        run(*MINED, "--out", "mined.jsonl", "--on-error", "skip")
        run(*CURATE, "--pairs", "p", "--out", "kept.jsonl")
    assert json.loads((here / "kept.jsonl").read_text("utf-8"))["id"] == "a"


def test_what_is_written_to_a_device_goes_nowhere_else(here, monkeypatch, capfd):
    monkeypatch.chdir(here)
    before = contents(here)
    run(*CURATE, "--pairs", "p", "--out", "/dev/stdout")
    run(*CURATE, "--pairs", "p", "--out", "/dev/null")
    run(*SCORE, "--json", "/dev/null")
    found = capfd.readouterr()
    assert json.loads(found.out.splitlines()[0])["id"] == "a"
    assert "/dev/stdout: not a file, so nothing is written beside it" in found.err
    assert contents(here) == before


def test_json_goes_through_a_link_and_keeps_the_mode(tmp_path):
    (tmp_path / "real").write_text("{}")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to("real")
    write_json({"a": 1}, str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "real").read_text()) == {"a": 1}
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o600


RUN = {"earmark": "0.1.0", "settings": {}, "pairs": {}}


@pytest.mark.parametrize("found", [RUN, {**RUN, "finished": True}])
def test_a_run_folder_is_trained_into_again(tmp_path, found):
    (tmp_path / "run.json").write_text(json.dumps(found))
    (tmp_path / "adapter_config.json").touch()
    check_run_folder(tmp_path)


@pytest.mark.parametrize("found", ['{"name": "x"}', json.dumps({**RUN, "exported": {}})])
def test_a_model_without_a_run_of_ours_is_not(tmp_path, found):
    (tmp_path / "run.json").write_text(found)
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(InputError, match=FOLDER):
        check_run_folder(tmp_path)


def test_a_corpus_is_known_by_its_rows(tmp_path):
    row = {"id": "train-mixed-00000", "audio": "audio/train-mixed-00000.flac", "text": "x"}
    manifest = tmp_path / "utterances.jsonl"
    write_jsonl(manifest, [row])
    (tmp_path / "base.jsonl").touch()
    assert is_corpus(tmp_path)
    write_jsonl(manifest, [{**row, "id": "mine"}])
    assert not is_corpus(tmp_path)
    manifest.write_text("[1]\n")
    assert not is_corpus(tmp_path)


def test_an_interrupted_corpus_can_be_made_again(tmp_path):
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio/train-zh-00007.flac").touch()
    assert is_corpus(tmp_path)
    (tmp_path / "audio/song.flac").touch()
    assert not is_corpus(tmp_path)


@pytest.mark.parametrize("found", ["{", "[]"])
def test_a_run_that_is_damaged_is_named_and_left(tmp_path, found):
    (tmp_path / "run.json").write_text(found)
    with pytest.raises(InputError, match=r"run\.json: cut off or damaged"):
        check_run_folder(tmp_path)
    assert (tmp_path / "run.json").read_text() == found
