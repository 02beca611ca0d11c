"""What files of each format score: the figures are counted by hand, and no id counts as a word."""

import json

import pytest

import earmark
from earmark.cli.compare import compare
from earmark.cli.score import score
from earmark.cli.transcribe import transcribe
from earmark.cli.validate import validate
from earmark.curate.verdict import Drop, Keep
from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.records import Hypothesis, Pair, Utterance
from earmark.speech.audio import write_audio

IDS = ("S01-0001", "S01-0002", "S02-0001")
SAID = ("我 今 天 有 meeting", "好 的", "see you 明 天")
WROTE = ("我 今 天 meeting", "好", "see you 明 天")
# 我今天有meeting (5), 好的 (2), see you 明天 (4); 有 and 的 are missing.
RATE = 2 / 11


def jsonl(rows, is_truth):
    return "".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in rows)


def kaldi(rows, is_truth):
    return "".join(f"{i} {t}\n" for i, t in rows)


def kaldi_with_tabs(rows, is_truth):
    return "".join(f"{i}\t{t}\n" for i, t in rows)


def tsv(rows, is_truth):
    return "id\ttext\n" + "".join(f"{i}\t{t}\n" for i, t in rows)


def tsv_with_audio(rows, is_truth):
    return "id\taudio\ttext\n" + "".join(f"{i}\t{i}.wav\t{t}\n" for i, t in rows)


def csv(rows, is_truth):
    text = "transcription" if is_truth else "prediction"
    return f"file_name,{text}\n" + "".join(f"{i}.wav,{t}\n" for i, t in rows)


def trn(rows, is_truth):
    return "".join(f"{t} ({i})\n" for i, t in rows)


def recogs(rows, is_truth):
    other = {True: "hyp", False: "ref"}[is_truth]
    mine = {True: "ref", False: "hyp"}[is_truth]
    return "".join(f"{i}:\t{mine}={t.split()}\n{i}:\t{other}=['x']\n" for i, t in rows)


def nemo(rows, is_truth):
    key, other = ("text", "pred_text") if is_truth else ("pred_text", "text")
    made = [{"audio_filepath": f"{i}.wav", key: t, other: "x", "duration": 1} for i, t in rows]
    return "".join(json.dumps(row) + "\n" for row in made)


def funasr(rows, is_truth):
    made = [
        {"key": i, "source": f"{i}.wav", "target": t} if is_truth else {"key": i, "text": t}
        for i, t in rows
    ]
    return "".join(json.dumps(row) + "\n" for row in made)


FORMS = (*(jsonl, kaldi, kaldi_with_tabs, tsv, tsv_with_audio, csv, trn, recogs, nemo, funasr),)


def files(folder, truth, hyp):
    """Write both sides, the hypotheses in the other order."""
    said, wrote = zip(IDS, SAID, strict=True), list(zip(IDS, WROTE, strict=True))
    (folder / "ref.txt").write_text(truth(said, True), "utf-8")
    (folder / "hyp.txt").write_text(hyp(reversed(wrote), False), "utf-8")
    return folder / "ref.txt", folder / "hyp.txt"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mixed", ["alike", "with truth of jsonl", "with hypotheses of jsonl"])
def test_a_file_of_any_format_scores_what_was_counted_by_hand(tmp_path, form, mixed):
    truth = jsonl if mixed == "with truth of jsonl" else form
    hyp = jsonl if mixed == "with hypotheses of jsonl" else form
    scored = earmark.score(*files(tmp_path, truth, hyp)).to_dict()
    assert scored["mixed_error_rate"] == pytest.approx(RATE)
    assert (scored["utterances"], scored["missing"]) == (3, 0)


def test_read_as_words_the_ids_would_count(tmp_path, capsys):
    """S01-0001 is two words: 17 and not 11 are said, and lines in another order do not match."""
    truth, hyp = files(tmp_path, kaldi, kaldi)
    score(truth=truth, hyp=hyp, json="-")
    assert json.loads(capsys.readouterr().out)["mixed_error_rate"] == pytest.approx(RATE)
    same = "".join(reversed(hyp.read_text("utf-8").splitlines(keepends=True)))
    hyp.write_text(same, "utf-8")
    wrong = earmark.score(f"{truth}@plain", f"{hyp}@plain").to_dict()
    assert wrong["mixed_error_rate"] == pytest.approx(2 / 17)
    validate(truth)
    assert "utterances (kaldi); 0 errors" in capsys.readouterr().out


def test_plain_text_with_a_line_less_is_refused_by_the_command(tmp_path):
    (tmp_path / "ref.txt").write_text("我们 go\n好 的\n对 吗\n", "utf-8")
    (tmp_path / "hyp.txt").write_text("好 的\n对 吗\n", "utf-8")
    with pytest.raises(InputError, match=r"hyp.txt has 2 rows and .*ref.txt has 3; rows without"):
        score(truth=tmp_path / "ref.txt", hyp=tmp_path / "hyp.txt")


def test_compare_counts_the_missing_of_each_side_and_takes_what_both_have(tmp_path, capsys):
    """Of u0..u9 the first has u0..u7 with one word wrong in u0, the second u1..u9 all right."""
    truths = [Utterance(f"u{i}", "我 去 meeting 了") for i in range(10)]
    first = [Hypothesis(t.id, t.text if i else "我 去 meting 了") for i, t in enumerate(truths[:8])]
    first[1] = Hypothesis("u1", "我 去 了")
    second = [Hypothesis(t.id, t.text) for t in truths[1:]]
    for name, rows in (("t", truths), ("first", first), ("second", second)):
        write_jsonl(tmp_path / f"{name}.jsonl", rows)
    hyps = [tmp_path / "first.jsonl", tmp_path / "second.jsonl"]
    compare(truth=tmp_path / "t.jsonl", hyp=hyps, json="-")
    compared = json.loads(capsys.readouterr().out)
    # u1..u7 are in both: one deletion among 28 words, and none in the second.
    assert compared["utterances"] == 7
    found = compared["mixed_error_rate"]
    assert found["difference"] == pytest.approx(-1 / 28)
    assert compared["left_out"] == {"utterances": 3, "first_missing": 2, "second_missing": 1}


@pytest.mark.parametrize(
    "made_by", [{"decoding": "greedy"}, {"decoding": {"max_new_tokens": [1, 2]}}, {"decoding": 7}]
)
def test_what_others_record_of_their_decoding_ends_in_no_traceback(tmp_path, capsys, made_by):
    truth, hyp = tmp_path / "t.jsonl", tmp_path / "h.jsonl"
    write_jsonl(truth, map(Utterance, IDS, SAID))
    hyps = [Hypothesis(i, t, made_by=made_by) for i, t in zip(IDS, WROTE, strict=True)]
    write_jsonl(hyp, hyps)
    score(truth=truth, hyp=hyp, per_utterance=tmp_path / "rows.jsonl", json="-")
    assert json.loads(capsys.readouterr().out)["mixed_error_rate"] == pytest.approx(RATE)
    compare(truth=truth, hyp=[hyp, hyp], json="-")
    assert json.loads(capsys.readouterr().out)["utterances"] == 3
    truths = list(map(Utterance, IDS, SAID))
    assert earmark.score(truths, hyps).to_dict()["mixed_error_rate"] == pytest.approx(RATE)
    assert earmark.compare(truths, hyps, hyps).utterances == 3


def corpora(folder):
    """Write the same utterances as JSON lines, a NeMo manifest, a Kaldi folder and a table."""
    clips = [f"{id_}.wav" for id_ in IDS]
    rows = list(zip(IDS, clips, SAID, strict=True))
    write_jsonl(folder / "u.jsonl", [Utterance(i, t, a) for i, a, t in rows])
    write_jsonl(
        folder / "m.json", [{"audio_filepath": a, "text": t, "duration": 1} for _, a, t in rows]
    )
    (folder / "m.tsv").write_text(
        "id\taudio\ttext\n" + "".join("\t".join(row) + "\n" for row in rows), "utf-8"
    )
    (folder / "data").mkdir()
    (folder / "data/text").write_text(kaldi(zip(IDS, SAID, strict=True), True), "utf-8")
    scp = "".join(f"{i} {folder / a}\n" for i, a, _ in rows)
    (folder / "data/wav.scp").write_text(scp, "utf-8")
    return [folder / name for name in ("u.jsonl", "m.json", "m.tsv", "data")]


def test_pairs_are_the_same_whatever_the_format_of_the_corpus(tmp_path, rng):
    for id_ in IDS:
        write_audio(tmp_path / f"{id_}.wav", rng.normal(0, 0.1, 16000).astype("float32"))
    made = [list(earmark.imitate(corpus, mix={"loop": 1.0})) for corpus in corpora(tmp_path)]
    assert [pair.chosen for pair in made[0]] == list(SAID)
    shown = [[(pair.id, pair.chosen, pair.rejected) for pair in pairs] for pairs in made]
    assert shown[1:] == shown[:1] * 3


class Reached(Exception):
    """The model would be loaded now: all clips were found and can be read."""


@pytest.mark.parametrize("number", range(4), ids=["jsonl", "nemo", "tsv", "kaldi"])
def test_clips_of_any_corpus_are_transcribed(tmp_path, rng, monkeypatch, number):
    def load(*_, **__):
        raise Reached

    monkeypatch.setattr("earmark.cli.transcribing.local.load_policy", load)
    path = corpora(tmp_path)[number]
    for id_ in IDS[:2]:
        write_audio(tmp_path / f"{id_}.wav", rng.normal(0, 0.1, 16000).astype("float32"))
    with pytest.raises(InputError, match=r"'S02-0001': .*S02-0001.wav: no such audio file"):
        transcribe(model="model", utterances=path, out=tmp_path / "h.jsonl")
    write_audio(tmp_path / f"{IDS[2]}.wav", rng.normal(0, 0.1, 16000).astype("float32"))
    with pytest.raises(Reached):
        transcribe(model="model", utterances=path, out=tmp_path / "h.jsonl")


@pytest.mark.parametrize("form", ["jsonl", "trl", "ms-swift", "llama-factory", "parquet"])
def test_pairs_of_any_format_are_curated(tmp_path, form):
    prompt = [{"role": "user", "content": [{"type": "audio", "audio": "/a.wav"}]}]
    pairs = [Pair(f"p{i}", prompt, text, "呃") for i, text in enumerate(SAID)]
    path = earmark.write(pairs, tmp_path / f"p.{form}", format=form)

    def short(pairs):
        return [Keep(p) if len(p.chosen) < 10 else Drop(p, "long") for p in pairs]

    result = earmark.curate(path, short)
    assert [pair.id for pair in result] == ["p1"]
    assert [drop.pair.id for drop in result.dropped] == ["p0", "p2"]
