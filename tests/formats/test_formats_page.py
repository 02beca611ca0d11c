"""docs/formats.md has each format, with rows that are read as what they say."""

import re
from pathlib import Path

import pytest

from earmark.formats import FORMATS
from earmark.formats.files.source import Source
from earmark.formats.reading import read, recognise
from earmark.records import Candidate, Candidates, Hypothesis, Pair, Utterance

PAGE = (Path(__file__).parents[2] / "docs/formats.md").read_text("utf-8")
BLOCK = re.compile(r'```\w+ title="(?P<title>[^"]+)"\n(?P<text>.*?)```', re.DOTALL)
FILES = {found["title"]: found["text"] for found in BLOCK.finditer(PAGE)}
TEXT, SHORT, HEARD = "我今天想 review 那个 proposal", "好的", "我今天想那个"
U1, U2 = "clips/u1.flac", "clips/u2.flac"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    for title, text in FILES.items():
        (folder / title).parent.mkdir(parents=True, exist_ok=True)
        (folder / title).write_text(text, "utf-8")
    return folder


def user(*content):
    return {"role": "user", "content": list(content)}


CLIP, ASKED = {"type": "audio", "audio": U1}, {"type": "text", "text": "Transcribe the audio."}
EXPECTED = {
    "utterances.jsonl": ("jsonl", [
        Utterance("u1", TEXT, U1, speaker="anna", extra={"dialect": "Penang"}),
        Utterance("u2", SHORT, U2, 0.5, 0.75),
    ]),
    "data/test": ("kaldi", [
        Utterance("u1", TEXT, U1, 0.0, 1.0, speaker="anna"),
        Utterance("u2", SHORT, U2, 0.5, 0.75, speaker="ben"),
    ]),
    "data/test/text": ("kaldi", [Hypothesis("u1", TEXT), Hypothesis("u2", SHORT)]),
    "manifest.json": ("nemo", [
        Utterance("u1", TEXT, U1, extra={"duration": 1.0, "pred_text": HEARD}),
        Utterance("u2-0.5", SHORT, U2, 0.5, 0.75, extra={"pred_text": SHORT}),
    ]),
    "cuts.jsonl": ("lhotse", [
        Utterance(
            "u2", SHORT, U2, 0.5, 0.75, "zh", "ben", extra={"gender": "m", "dialect": "Penang"}
        ),
    ]),
    "supervisions.jsonl": ("lhotse", [Utterance("s2", SHORT, None, 0.5, 0.75, "zh", "ben")]),
    "data.list": ("wenet", [Utterance("u1", TEXT, U1), Utterance("u2", SHORT, U2, 0.5, 0.75)]),
    "train.jsonl": ("funasr", [
        Utterance("u1", TEXT, U1, extra={"source_len": 98, "target_len": 8}),
    ]),
    "result.jsonl": ("funasr", [Hypothesis("u1", "我今天想那个 proposal")]),
    "hyp.trn": ("trn", [
        Hypothesis("anna-u1", "我 今 天 想 review 那 个 proposal"), Hypothesis("ben-u2", "好 的"),
    ]),
    "recogs-test-greedy_search.txt": ("recogs", [
        Hypothesis("u1", "我 今 天 想 那 个 proposal"),
    ]),
    "seame_dev_man_wer_score.json": ("audiobench", [
        Utterance(
            "1",
            "我 今 天 想 review 那 个 proposal",
            extra={"prediction": "我 今 天 想 那 个", "wer": 0.25},
        ),
        Utterance("2", "", extra={"prediction": "好 的", "wer": 2.0}),
    ]),
    "test.tsv": ("tsv", [Utterance("u1", TEXT, U1, extra={"dialect": "Penang"})]),
    "metadata.csv": ("csv", [Utterance("u1", TEXT, U1, speaker="anna")]),
    "metadata.jsonl": ("rows", [Utterance("u1", TEXT, U1, speaker="anna")]),
    "ref.txt": ("plain", [Utterance("1", TEXT), Utterance("2", SHORT)]),
    "pairs.jsonl": ("jsonl", [
        Pair("u1/1", [user(CLIP, ASKED)], TEXT, HEARD, ["omit_embedded"], {}, "mixed", "u1"),
    ]),
    "preference.jsonl": ("trl", [Pair("preference-1", [user(CLIP, ASKED)], TEXT, HEARD)]),
    "unpaired.jsonl": ("trl", [Pair("unpaired-1", [user(CLIP)], "", HEARD)]),
    "rlhf.jsonl": ("ms-swift", [Pair("rlhf-1", [user(CLIP, ASKED)], TEXT, HEARD)]),
    "sharegpt.json": ("llama-factory", [Pair("sharegpt-1", [user(CLIP, ASKED)], TEXT, HEARD)]),
    "alpaca.json": ("llama-factory", [Pair("alpaca-1", [user(CLIP, ASKED)], TEXT, HEARD)]),
    "candidates.jsonl": ("jsonl", [Candidates(
        "u1",
        [user(CLIP, ASKED)],
        [
            Candidate(TEXT, {"mixed_error_rate": 0.0}),
            Candidate(HEARD, {"mixed_error_rate": -0.25}),
        ],
        truth=TEXT,
    )]),
}  # fmt: skip


@pytest.mark.parametrize("title", EXPECTED)
def test_the_rows_of_the_page_are_read_as_what_they_say(folder, title):
    name, records = EXPECTED[title]
    assert recognise(Source(folder / title)).name == name
    assert list(read(type(records[0]), folder / title)) == records


def test_the_other_side_of_files_that_have_both(folder):
    (truth,) = read(Utterance, folder / "recogs-test-greedy_search.txt")
    assert truth.text == "我 今 天 想 review 那 个 proposal"
    assert [hyp.text for hyp in read(Hypothesis, folder / "manifest.json")] == [HEARD, SHORT]


def test_every_block_is_tested_and_every_format_has_a_heading():
    parts = {title for title in FILES if not title.startswith("data/test/")}
    assert parts == EXPECTED.keys() - {"data/test", "data/test/text"}
    assert set(re.findall(r"^### (\S+)$", PAGE, re.MULTILINE)) == FORMATS.keys()
