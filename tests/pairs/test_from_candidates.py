"""`earmark pairs from-candidates`: the file of pairs, the tally, what is refused and left out."""

import json

import pytest

import earmark
from earmark.cli.pairs import from_candidates
from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.pairs.candidates.files import relate_file
from earmark.pairs.relations.relation import Preferred, Unpaired
from earmark.records import Candidate, Candidates


def heard(path):
    content = [{"type": "audio", "audio": path}, {"type": "text", "text": "Answer."}]
    return [{"role": "user", "content": content}]


ROWS = [
    Candidates(
        "q1",
        heard("clips/q1.flac"),
        [
            Candidate("Paris", {"rm": 2.0, "bleu": 1}, logprob=-3.5, tokens=2),
            Candidate("paris.", {"rm": 1.0, "bleu": 1}),
            Candidate("London", {"rm": -1.0, "bleu": 0}, made_by={"model": "tiny"}),
            Candidate("Rome"),
        ],
        truth="Paris",
        language="en",
        source="trivia",
        annotations={"task": "qa"},
        made_by={"model": "qwen", "temperature": 1.0},
        extra={"round": 1, "chosen": "x"},
    ),
    Candidates("q2", heard("clips/q2.flac"), [Candidate("yes", {"rm": 0.5, "bleu": 0})]),
    Candidates(
        "q3",
        heard("clips/q3.flac"),
        [
            Candidate("a b", {"rm": 0.1, "bleu": 0}, audio="clips/v1.flac"),
            Candidate("c d", {"rm": 0.4, "bleu": 0}, audio="clips/v2.flac"),
        ],
    ),
]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in" / "candidates.jsonl"
    write_jsonl(path, ROWS)
    return path


def test_pairs_keep_all_that_is_known_of_the_row_and_of_both_sides(source, tmp_path):
    out = tmp_path / "pairs.jsonl"
    relate_file(source, out, "best_worst:by=rm")
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert rows[0] == {
        "id": "q1/1",
        "prompt": heard("in/clips/q1.flac"),
        "chosen": "Paris",
        "rejected": "London",
        "scores": {"rm": [2.0, -1.0], "bleu": [1, 0]},
        "language": "en",
        "source": "trivia",
        "made_by": {
            "builder": "from-candidates",
            "relation": "best_worst",
            "knobs": {"by": "rm"},
            "sampled": {"model": "qwen", "temperature": 1.0},
            "version": earmark.__version__,
            "chosen": {"candidate": 1, "logprob": -3.5, "tokens": 2},
            "rejected": {"candidate": 3, "made_by": {"model": "tiny"}},
        },
        "annotations": {"task": "qa"},
        "round": 1,
        "row_chosen": "x",
        "truth": "Paris",
    }
    assert rows[1]["prompt"] == heard("in/clips/v2.flac")
    assert rows[1]["rejected_prompt"] == heard("in/clips/v1.flac")
    assert len(rows) == 2


def test_the_tally_and_the_dropped_file_account_for_everything(source, tmp_path):
    out = tmp_path / "pairs.jsonl"
    tally = relate_file(source, out, "all_pairs", {"by": "rm"})
    expected = {
        "prompts": 3,
        "pairs": 2,
        "rejected": 2,
        "written": {"pair": 2},
        "dropped": {
            "candidate": {"no score for 'rm'": 1},
            "pair": {
                "the same as another pair of the prompt once normalised": 1,
                "the same as the chosen answer once normalised": 1,
            },
            "prompt": {"one candidate only": 1},
        },
    }
    assert tally.as_dict() == expected
    written = json.loads((tmp_path / "pairs.jsonl.tally.json").read_text("utf-8"))
    assert written == {"relation": "all_pairs", "knobs": {"by": "rm"}, **expected}
    dropped = (tmp_path / "pairs.jsonl.dropped.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in dropped] == [
        {"id": "q1", "candidate": 4, "why": "no score for 'rm'"},
        {"id": "q2", "why": "one candidate only"},
    ]


def test_answers_are_equal_by_words_or_by_characters(source, tmp_path):
    tally = relate_file(source, tmp_path / "p.jsonl", "all_pairs:by=rm", equal_by="characters")
    assert tally.pairs == 4
    with pytest.raises(KnobError, match="equal_by should be words or characters, found 'sound'"):
        relate_file(source, tmp_path / "p.jsonl", "all_pairs:by=rm", equal_by="sound")


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        ("best_worst", "best_worst:by: name a criterion; the candidates have bleu, rm"),
        ("best_worst:by=blue", "no candidate of 3 rows has the criterion 'blue'; did you mean 'bl"),
        ("unanimous:by=rm+wer", "unanimous:by: no candidate of 3 rows has the criterion 'wer'"),
        ("lexicographic", "relation 'lexicographic' needs by; give each as lexicographic:by=VALUE"),
        ("lexicographic:by=rm++bleu", r"lexicographic:by should be criteria, as in a\+b"),
        ("margin:by=rm", "relation 'margin' needs least"),
        ("margin:by=rm:least=far", "margin:least should be a number, found None"),
        (
            "weak_model:weak=tyni",
            "of 3 rows has the model 'tyni'; did you mean 'tiny'",
        ),
        ("weak_model:weak=tiny:judged=ok", "no candidate of 3 rows has the criterion 'ok'"),
        ("worst_best", "no relation 'worst_best'; did you mean 'best_worst'"),
        ("best_worst:on=rm", "relation 'best_worst' has no knob 'on'"),
        ("best_worst,all_pairs", "expected one relation; several criteria have '\\+'"),
        ("json:nothing", "'json' has no 'nothing'"),
    ],
)
def test_a_relation_that_the_file_cannot_serve_is_refused_before_work(
    source, tmp_path, relation, message
):
    with pytest.raises(KnobError, match=message):
        relate_file(source, tmp_path / "p.jsonl", relation)
    assert not list(tmp_path.glob("p.jsonl*"))


def test_candidates_without_any_score_are_named(tmp_path):
    path = tmp_path / "c.jsonl"
    earmark.write([Candidates("a", [], [Candidate("x"), Candidate("y")])], path)
    with pytest.raises(KnobError, match="no candidate has a score; give the candidates scores fir"):
        relate_file(path, tmp_path / "p.jsonl", "best_worst")


BAD = [
    (
        {"candidates": [{"content": "b", "scores": {"rm": float("nan")}}]},
        "finite number, found nan",
    ),
    ({"candidates": [{"content": "b", "scores": {"rm": 1e999}}]}, "finite number, found inf"),
    ({"candidates": [{"content": "b", "audio": "v.flac"}]}, "the prompt has 0, expected 1"),
    ({"prompt": [{"role": "robot", "content": "x"}]}, "the role of a prompt message should be"),
    ({"candidates": 3}, "should be a list of candidates"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_a_bad_row_stops_the_work_or_is_set_aside(tmp_path, change, message):
    good = [{"content": "a", "scores": {"rm": 1}}, {"content": "b", "scores": {"rm": 0}}]
    said = [{"role": "user", "content": "Say a."}]
    rows = [{"id": n, "prompt": said, "candidates": good} for n in ("1", "2", "3")]
    rows[1] |= change
    path, out = tmp_path / "c.jsonl", tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), "utf-8")
    with pytest.raises(InputError, match=r"c\.jsonl:2: ") as error:
        relate_file(path, out, "best_worst")
    assert message in str(error.value)
    assert not out.exists()
    tally = relate_file(path, out, "best_worst", on_error="skip")
    assert (tally.utterances, tally.pairs) == (2, 2)
    (aside,) = (tmp_path / "p.jsonl.skipped.jsonl").read_text("utf-8").splitlines()
    assert json.loads(aside)["line"] == 2
    assert message in json.loads(aside)["reason"]


def test_a_file_without_one_pair_says_why_and_leaves_what_was_there(source, tmp_path):
    out = tmp_path / "p.jsonl"
    relate_file(source, out, "best_worst:by=rm")
    before = out.read_bytes(), (tmp_path / "p.jsonl.dropped.jsonl").read_bytes()
    with pytest.raises(InputError, match=r"not one pair could be made.*scores differ by less than"):
        relate_file(source, out, "margin:by=rm:least=50")
    assert (out.read_bytes(), (tmp_path / "p.jsonl.dropped.jsonl").read_bytes()) == before


def test_an_output_that_is_the_input_is_refused(source):
    with pytest.raises(InputError, match="input"):
        relate_file(source, source, "best_worst:by=rm")


def test_an_answer_of_sound_is_left_out_and_counted():
    sound = [{"type": "audio", "audio": "a.flac"}]
    parts = [{"type": "text", "text": "wo"}, {"type": "text", "text": "rd"}]
    given = [Candidate(sound, {"s": 9}), Candidate(parts, {"s": 2}), Candidate("x", {"s": 1})]
    found = earmark.pairs_from_candidates([Candidates("r", [], given)])
    assert [(pair.chosen, pair.rejected) for pair in found] == [("word", "x")]
    why = "an answer that is not text alone, which a pair cannot hold"
    assert found.to_dict()["dropped"] == {"candidate": {why: 1}}


def test_an_empty_rejected_answer_says_that_it_is_meant_and_an_empty_chosen_one_is_dropped():
    given = [Candidate("x", {"s": 2}), Candidate("", {"s": 1})]
    (pair,) = earmark.pairs_from_candidates([Candidates("r", [], given)])
    assert (pair.rejected, pair.failure_modes) == ("", ["empty"])
    given = [Candidate("x", {"s": 1}), Candidate("", {"s": 2})]
    with pytest.raises(InputError, match="the chosen answer is empty: 1"):
        earmark.pairs_from_candidates([Candidates("r", [], given)])


def first_wins(row, *, skip: bool = False):
    """Prefer the first candidate to the second."""
    if skip:
        yield Unpaired("skipped", "prompt")
    elif len(row.candidates) > 1:
        yield Preferred(*row.candidates[:2])


def odd(row):
    """Yield what is no verdict."""
    yield row


def test_a_relation_of_the_users_own_is_a_function_or_a_name(source, tmp_path, monkeypatch):
    found = earmark.pairs_from_candidates(source, first_wins)
    assert [pair.id for pair in found] == ["q3/1"]
    assert str(found).count("1 pairs of 3 prompts") == 1
    assert repr(found) == "Pairs(1 of 3 prompts, 1 dropped)"
    monkeypatch.chdir(tmp_path)
    code = "from earmark.pairs.relations.relation import Preferred\n"
    code += "def last(row):\n    yield Preferred(row.candidates[-1], row.candidates[0])\n"
    (tmp_path / "own_relation.py").write_text(code, "utf-8")
    relate_file(source, "p.jsonl", "own_relation:last")
    assert "Rome" in (tmp_path / "p.jsonl").read_text("utf-8")
    with pytest.raises(InputError, match=r"should yield Preferred.* found Candidates"):
        earmark.pairs_from_candidates(source, odd)
    with pytest.raises(InputError, match="not one pair could be made: of 3 prompts; skipped: 3"):
        earmark.pairs_from_candidates(source, first_wins, skip=True)


def test_the_python_door_gives_what_the_command_writes(source, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(source.parent)
    out = source.parent / "pairs.jsonl"
    from_candidates(source, out, relation="lexicographic:by=bleu+rm:least=0.2")
    assert "2 pairs of 3 prompts" in capsys.readouterr().err
    found = earmark.pairs_from_candidates(source, "lexicographic:by=bleu+rm", least=0.2)
    assert list(found) == earmark.read(out)
    with pytest.raises(InputError, match="two rows of candidates have the id 'q1'"):
        earmark.pairs_from_candidates([ROWS[0], ROWS[0]], "best_worst:by=rm")


def test_no_more_than_a_row_is_in_memory(source, tmp_path, monkeypatch):
    """Each row is written before the next one is read."""
    seen = []

    def watched(row):
        seen.append(row.id)
        yield Preferred(row.candidates[0], Candidate("other"))

    def written(pair, *folders):
        seen.append(f"moved {pair.id}")
        return pair

    monkeypatch.setattr("earmark.pairs.candidates.files.moved", written)
    relate_file(source, tmp_path / "p.jsonl", watched)
    assert seen == ["q1", "moved q1/1", "q2", "moved q2/1", "q3", "moved q3/1"]
