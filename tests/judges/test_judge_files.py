"""Judging files: scores written back, failures named, costly runs resumed, nothing lost."""

import json
import sys

import pytest

from earmark.cli import main
from earmark.errors import InputError, KnobError
from earmark.formats.reading import read
from earmark.judges import files as judging
from earmark.judges.cases import case_of, with_scores
from earmark.judges.choose import chosen_judges
from earmark.judges.files import judge_file
from earmark.judges.judge import Failed, Judge
from earmark.records import Candidate, Candidates, Pair

PROMPT = [{"role": "user", "content": [{"type": "audio", "audio": "a.wav"}]}]
TRUTH = "我想 review 一下"


def candidates(id_="a", *answers, **more):
    made = [Candidate(text) for text in answers or ("我想一下", TRUTH)]
    return Candidates(id_, PROMPT, made, **{"truth": TRUTH, **more})


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def row(id_, *answers, **more):
    made = [{"content": text} for text in answers]
    return {"id": id_, "prompt": PROMPT, "candidates": made, **more}


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_scores_are_written_beside_those_that_were_there(tmp_path):
    rows = write(tmp_path / "in.jsonl", [row("a", "我想一下", TRUTH, truth=TRUTH)])
    first, out = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    judge_file(rows, first, chosen_judges("mixed_error_rate,script"))
    judge_file(first, out, chosen_judges("loop,mixed_error_rate:cap=.1"))
    (found,) = read(Candidates, out)
    assert [each.scores for each in found.candidates] == [
        {"script": pytest.approx(-0.6), "loop": 0.0, "mixed_error_rate": -0.1},
        {"script": 0.0, "loop": 0.0, "mixed_error_rate": 0.0},
    ]
    assert found.made_by["judges"] == {
        "mixed_error_rate": "mixed_error_rate|v:1|cap:0.1|profile:default",
        "script": "script|v:1",
        "loop": "loop|v:1",
    }
    tally = json.loads((tmp_path / "2.jsonl.tally.json").read_text("utf-8"))
    assert tally["judges"]["mixed_error_rate"]["replaced"] == 1
    assert "replaced" not in tally["judges"]["loop"]


def test_both_sides_of_a_pair_are_scored(tmp_path):
    pairs = [
        {"id": "p", "prompt": PROMPT, "chosen": TRUTH, "rejected": ["我想一下", ""]},
        {"id": "q", "prompt": PROMPT, "chosen": "好", "rejected": "好好", "truth": "好"},
    ]
    source = write(tmp_path / "in.jsonl", pairs)
    judge_file(source, tmp_path / "out.jsonl", chosen_judges("mixed_error_rate"), truth="chosen")
    found = [pair.scores["mixed_error_rate"] for pair in read(Pair, tmp_path / "out.jsonl")]
    assert found == [[0.0, -0.2, -1.0], [0.0, -1.0]]
    # By the field of the row the first pair has no truth, and so no scores for either side.
    judge_file(source, tmp_path / "out.jsonl", chosen_judges("mixed_error_rate"))
    first, second = read(Pair, tmp_path / "out.jsonl")
    assert first.scores == {}
    assert second.scores == {"mixed_error_rate": [0.0, -1.0]}


def test_what_has_no_score_is_named_and_its_old_score_is_gone(tmp_path):
    rows = [row("a", "我想一下", truth=TRUTH), row("b", "我想一下")]
    rows[1]["candidates"][0]["scores"] = {"mixed_error_rate": -0.5, "human": 1}
    source, out = write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl"
    tally = judge_file(source, out, chosen_judges("mixed_error_rate,loop:weight=2"))
    assert lines(out)[1]["candidates"][0]["scores"] == {"human": 1, "loop": 0.0}
    assert lines(tmp_path / "out.jsonl.unjudged.jsonl") == [
        {
            "id": "b",
            "answer": 1,
            "judge": "mixed_error_rate",
            "why": "no truth is known; give the row a field 'truth'",
        },
        {
            "id": "b",
            "answer": 1,
            "judge": "total",
            "why": "there is no score of 'mixed_error_rate'",
        },
    ]
    assert tally.scored == {"mixed_error_rate": 1, "loop": 2, "total": 1}
    assert tally.as_dict()["answers"] == 2


def test_the_weighted_sum_by_hand(tmp_path):
    source = write(tmp_path / "in.jsonl", [row("a", "我想一下", truth=TRUTH)])
    out = tmp_path / "out.jsonl"
    judge_file(source, out, chosen_judges("mixed_error_rate,script:weight=.5"), total="reward")
    (answer,) = lines(out)[0]["candidates"]
    assert answer["scores"]["reward"] == pytest.approx(-0.2 - 0.5 * 0.6)
    judge_file(source, out, chosen_judges("mixed_error_rate,script"))
    assert lines(out)[0]["candidates"][0]["scores"].keys() == {"mixed_error_rate", "script"}
    with pytest.raises(KnobError, match="like a judge"):
        judge_file(source, out, chosen_judges("script"), total="script")


def test_a_judge_that_scores_nothing_is_an_error_and_nothing_is_replaced(tmp_path):
    source = write(tmp_path / "in.jsonl", [row("a", "我想一下"), row("b", "好")])
    out = tmp_path / "out.jsonl"
    out.write_text('{"id": "old", "candidates": []}\n', "utf-8")
    with pytest.raises(InputError, match=r"scored none of 2 answers.*\(2 times\): no truth"):
        judge_file(source, out, chosen_judges("loop,mixed_error_rate"))
    assert "old" in out.read_text("utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"id": "u", "text": "好", "audio": "a.wav"}], "expected candidates or pairs"),
        ([row("a", "好"), row("a", "好")], "id 'a' was already used"),
        ([row("a", "好", aliases="好")], "'aliases' should be a list of texts"),
        ([row("a")], "not one answer to judge"),
    ],
)
def test_rows_that_cannot_be_judged(tmp_path, rows, said):
    source = write(tmp_path / "in.jsonl", rows)
    with pytest.raises(InputError, match=said):
        judge_file(source, tmp_path / "out.jsonl", chosen_judges("loop"))
    assert not (tmp_path / "out.jsonl").exists()


def test_bad_rows_may_be_set_aside(tmp_path):
    source = write(tmp_path / "in.jsonl", [row("a", "好"), {"id": "b"}, row("c", "好")])
    judge_file(source, tmp_path / "out.jsonl", chosen_judges("loop"), on_error="skip")
    assert [each["id"] for each in lines(tmp_path / "out.jsonl")] == ["a", "c"]
    assert "prompt" in lines(tmp_path / "out.jsonl.skipped.jsonl")[0]["reason"]


def test_the_input_is_no_output(tmp_path):
    source = write(tmp_path / "in.jsonl", [row("a", "好")])
    with pytest.raises(InputError, match="this is an input"):
        judge_file(source, source, chosen_judges("loop"))


def test_paths_of_audio_follow_the_output(tmp_path):
    source = write(tmp_path / "in.jsonl", [row("a", "好")])
    judge_file(source, tmp_path / "deep" / "out.jsonl", chosen_judges("loop"))
    (message,) = lines(tmp_path / "deep" / "out.jsonl")[0]["prompt"]
    assert message["content"][0]["audio"] == "../a.wav"


class Costly:
    """A judge that counts what it was given, and stops the run after some rows."""

    def __init__(self, rows=10**9, version="v:1"):
        self.rows, self.seen = rows, []
        self.judge = Judge("costly", version, self.score, at_once=2, kept=True)

    def score(self, cases):
        for case in cases:
            if len(self.seen) == self.rows:
                raise KeyboardInterrupt
            self.seen.append(case.id)
        return [
            [Failed("odd") if "?" in a.text else float(len(a.text)) for a in c.answers]
            for c in cases
        ]


def test_a_costly_run_that_was_stopped_is_resumed(tmp_path):
    rows = [row(f"r{n}", "答" * (n + 1), "?" if n == 1 else "x") for n in range(6)]
    source, out = write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl"
    stopped, again, whole = Costly(rows=4), Costly(), Costly()
    with pytest.raises(KeyboardInterrupt):
        judge_file(source, out, chosen_judges(stopped.judge))
    assert not out.exists()
    partial = tmp_path / "out.jsonl.partial"
    partial.write_bytes(partial.read_bytes() + b'{"judge": "costly|v:1", "ro')
    judge_file(source, out, chosen_judges(again.judge))
    # r1 has an answer without a score, which is tried again.
    assert again.seen == ["r1", "r4", "r5"]
    assert not partial.exists()
    judge_file(source, tmp_path / "whole.jsonl", chosen_judges(whole.judge))
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_scores_of_another_version_are_not_used(tmp_path):
    source = write(tmp_path / "in.jsonl", [row(f"r{n}", "答") for n in range(4)])
    with pytest.raises(KeyboardInterrupt):
        judge_file(source, tmp_path / "out.jsonl", chosen_judges(Costly(rows=2).judge))
    newer = Costly(version="v:2")
    judge_file(source, tmp_path / "out.jsonl", chosen_judges(newer.judge))
    assert newer.seen == ["r0", "r1", "r2", "r3"]


def test_a_partial_file_of_something_else_is_refused(tmp_path):
    source = write(tmp_path / "in.jsonl", [row("a", "答")])
    (tmp_path / "out.jsonl.partial").write_text('{"id": "mine"}\n', "utf-8")
    with pytest.raises(InputError, match="found another file"):
        judge_file(source, tmp_path / "out.jsonl", chosen_judges(Costly().judge))


def test_rows_are_judged_as_they_come(tmp_path, monkeypatch):
    """No more rows are held than are judged at once."""
    source = write(tmp_path / "in.jsonl", [row(f"r{n}", "好") for n in range(300)])
    taken, judged = [], []
    rows_in = judging.rows_in

    def counting(*args):
        for each in rows_in(*args):
            taken.append(each.id)
            yield each

    def watch(case):
        judged.append(len(taken))
        return [0.0] * len(case.answers)

    monkeypatch.setattr(judging, "rows_in", counting)
    judge_file(source, tmp_path / "out.jsonl", chosen_judges(watch))
    assert judged[0] == 64
    assert len(judged) == 300


def test_a_judge_of_ones_own_is_held_to_the_contract(tmp_path):
    """A Judge object may give anything: what is not a finite number is not written."""
    source = write(tmp_path / "in.jsonl", [row("a", "x", "y", "z"), row("b", "x")])
    odd = Judge("odd", "v:1", lambda cases: [[True, float("nan"), 2], []][: len(cases)])
    judge_file(source, tmp_path / "out.jsonl", chosen_judges(odd))
    first, second = lines(tmp_path / "out.jsonl")
    assert [c.get("scores") for c in first["candidates"]] == [{"odd": 1.0}, None, {"odd": 2.0}]
    assert '{"odd": 1.0}' in (tmp_path / "out.jsonl").read_text("utf-8")
    assert "scores" not in second["candidates"][0]
    few = Judge("few", "v:1", lambda cases: [[1.0]])
    with pytest.raises(KnobError, match="scored 1 rows of 2"):
        judge_file(source, tmp_path / "out.jsonl", chosen_judges(few))


def test_a_candidate_answers_its_own_clip_and_may_be_sound():
    sound = {"type": "audio", "audio": "said.wav", "start_s": 1.0}
    made = [
        Candidate("好", audio="b.wav"),
        Candidate([{"type": "text", "text": "好"}, sound]),
        Candidate([sound]),
    ]
    record = Candidates("a", PROMPT, made, truth="好", extra={"aliases": ["好的", "好"]})
    case = case_of(record)
    assert case.truths == ("好", "好的")
    assert [answer.text for answer in case.answers] == ["好", "好", None]
    assert case.answers[0].prompt == [
        {"role": "user", "content": [{"type": "audio", "audio": "b.wav"}]}
    ]
    assert case.answers[1].prompt is None
    assert case.answers[2].sounds == (sound,)
    spoken = Candidates("a", [{"role": "user", "content": "hi"}], [Candidate("x", audio="b.wav")])
    with pytest.raises(InputError, match="the prompt has 0 clips"):
        case_of(spoken)


def test_the_rejected_side_has_its_own_prompt():
    other = [{"role": "user", "content": [{"type": "audio", "audio": "b.wav"}]}]
    case = case_of(Pair("p", PROMPT, "好", ["坏", "差"], rejected_prompt=other), truth="chosen")
    assert [answer.prompt for answer in case.answers] == [None, other, other]
    assert case.truths == ("好",)


def test_scores_of_a_pair_are_whole_or_none():
    pair = Pair("p", PROMPT, "好", "坏", scores={"a": [1.0, 0.0], "b": [1.0, 0.0]})
    found = with_scores(pair, [{"a": 2.0}, {}], {"a": "v:1"})
    assert found.scores == {"b": [1.0, 0.0]}


def test_the_command(tmp_path, monkeypatch, capsys):
    from_row = row("a", "我想一下", TRUTH, truth=TRUTH)
    source, out = write(tmp_path / "in.jsonl", [from_row]), tmp_path / "out.jsonl"
    command = ["earmark", "judge", str(source), str(out), "--by", "mixed_error_rate,loop:weight=2"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    said = capsys.readouterr()
    assert "mixed_error_rate" in said.out
    assert "1 rows, 2 answers judged" in said.err
    assert lines(out)[0]["candidates"][1]["scores"]["total"] == 0.0
    monkeypatch.setattr(sys, "argv", [*command[:-1], "mixed_eror_rate"])
    with pytest.raises(SystemExit):
        main()
    assert "did you mean 'mixed_error_rate'?" in capsys.readouterr().err


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["earmark", "judge", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_the_check_of_judges(tmp_path, monkeypatch, capsys):
    pairs = [
        {"id": f"p{n}", "prompt": PROMPT, "chosen": TRUTH, "rejected": "我想一下", "truth": TRUTH}
        for n in range(3)
    ]
    source, out = write(tmp_path / "in.jsonl", pairs), tmp_path / "out.jsonl"
    report = tmp_path / "check.json"
    by = "mixed_error_rate,loop:weight=2"
    assert run(monkeypatch, source, out, "--by", by, "--check", "--json", report) == 0
    assert "separation of good and bad" in capsys.readouterr().out
    found = json.loads(report.read_text("utf-8"))
    assert found["separation"]["mixed_error_rate"]["auroc"]["value"] == 1.0
    assert found["separation"]["loop"]["auroc"]["value"] == 0.5
    assert found["separation"]["total"]["good"] == 3
    # The scores that the rows have, and judges that write nothing, give the same.
    assert run(monkeypatch, out, "--check", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out) == found
    before = sorted(path.name for path in tmp_path.iterdir())
    assert run(monkeypatch, source, "--by", by, "--check", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out) == found
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["in.jsonl", "out.jsonl"], "needs --by JUDGE"),
        (["in.jsonl", "--by", "loop"], "needs the file to write"),
        (["in.jsonl", "out.jsonl", "--check"], "writes no rows"),
        (["in.jsonl", "--check"], "the rows have no scores"),
        (["in.jsonl", "in.jsonl", "--by", "loop"], "this is an input"),
    ],
)
def test_commands_that_make_no_sense(tmp_path, monkeypatch, capsys, words, said):
    write(tmp_path / "in.jsonl", [row("a", "好")])
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *words) in (1, 2)
    assert said in " ".join(capsys.readouterr().err.split())
