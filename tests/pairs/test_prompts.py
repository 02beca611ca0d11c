"""The prompt: a pool that names no language, a seeded draw, and audio that can be found."""

import re
from random import Random

import pytest
from world import TEXTS, manifest, read_rows, write_rows

from earmark.errors import InputError
from earmark.failures.mode import Tools
from earmark.pairs.files import imitate_file
from earmark.pairs.imitate import Imitation
from earmark.pairs.mix import parse_mix
from earmark.pairs.prompts import Prompter, load_prompts
from earmark.records import Utterance

PLAN = Imitation(parse_mix("run_on=1")[0], Tools())
LANGUAGE_NAMES = re.compile(
    r"english|chinese|mandarin|language|translat|中文|英文|英语|汉语|汉字|普通话|国语|语言|翻译",
    re.IGNORECASE,
)


def test_the_pool_has_twenty_short_prompts_of_each_language_and_names_none():
    pool = load_prompts()
    english = [prompt for prompt in pool if prompt.isascii()]
    chinese = [prompt for prompt in pool if not prompt.isascii()]
    assert pool == english + chinese
    assert len(english) == len(chinese) == 20
    assert len(set(pool)) == 40
    assert not [prompt for prompt in pool if LANGUAGE_NAMES.search(prompt)]
    assert all(3 <= len(prompt.split()) <= 9 for prompt in english)
    assert all(5 <= len(re.findall(r"[㐀-鿿]", prompt)) <= 14 for prompt in chinese)


def test_every_prompt_is_drawn_and_none_much_more_often():
    prompter = Prompter(load_prompts(), ".", "p.jsonl")
    rng, utterance = Random(0), Utterance("u", audio="a.wav")
    drawn = [prompter.prompt(utterance, rng)[0]["content"][1]["text"] for _ in range(4000)]
    counts = [drawn.count(prompt) for prompt in load_prompts()]
    assert min(counts) > 50
    assert max(counts) < 150


def test_a_pool_of_ones_own(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text("Write it down.\n\n写下来。\n", "utf-8")
    out = tmp_path / "p.jsonl"
    imitate_file(manifest(tmp_path), out, PLAN, prompts=path)
    texts = {row["prompt"][0]["content"][1]["text"] for row in read_rows(out)}
    assert texts == {"Write it down.", "写下来。"}
    path.write_text("\n", "utf-8")
    with pytest.raises(InputError, match="no prompt"):
        load_prompts(path)


def test_a_clip_can_be_found_from_where_the_pairs_are(tmp_path):
    data = tmp_path / "data"
    manifest(data, start_s=0.5, end_s=2.25)
    for out in (data / "p.jsonl", tmp_path / "p.jsonl", tmp_path / "runs" / "a" / "p.jsonl"):
        imitate_file(data / "utterances.jsonl", out, PLAN)
        for row in read_rows(out):
            (message,) = row["prompt"]
            clip, request = message["content"]
            assert message["role"] == "user"
            assert request["type"] == "text"
            assert not clip["audio"].startswith("/")
            assert (out.parent / clip["audio"]).resolve().parent == data / "audio"
            assert (out.parent / clip["audio"]).is_file()
            assert (clip["start_s"], clip["end_s"]) == (0.5, 2.25)


def test_an_absolute_path_stays(tmp_path):
    clip = tmp_path / "elsewhere.wav"
    clip.touch()
    rows = [{"id": "u", "text": TEXTS[0], "audio": str(clip)}]
    imitate_file(write_rows(tmp_path / "d" / "u.jsonl", rows), tmp_path / "p.jsonl", PLAN)
    content = read_rows(tmp_path / "p.jsonl")[0]["prompt"][0]["content"]
    assert content[0] == {"type": "audio", "audio": str(clip)}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "x", "text": " ", "audio": "audio/u0.wav"}, "the transcript is empty"),
        ({"id": "x", "audio": "audio/u0.wav"}, "the transcript is empty"),
        ({"id": "x", "text": "好"}, "field 'audio' is missing"),
        ({"id": "x", "text": "好", "audio": "gone.wav"}, "audio file not found"),
        ({"id": "x", "text": 3}, "field 'text' should be"),
    ],
)
def test_a_row_that_makes_no_pair_is_refused_or_set_aside(tmp_path, row, message):
    good = read_rows(manifest(tmp_path))
    path = write_rows(tmp_path / "bad.jsonl", [*good, row])
    out = tmp_path / "p.jsonl"
    with pytest.raises(InputError, match=rf"bad\.jsonl:7: .*{message}"):
        imitate_file(path, out, PLAN)
    assert not out.exists()
    imitate_file(path, out, PLAN, on_error="skip")
    assert len(read_rows(out)) == len(good)
    (aside,) = read_rows(tmp_path / "p.jsonl.skipped.jsonl")
    assert message in aside["reason"]
