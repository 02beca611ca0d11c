"""Pairs by rule: the mix, the draw, what is never written, and what is told about it."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as configure
from hypothesis import strategies as st
from world import TEXTS, manifest, read_rows, tally_of, write_rows

from earmark import __version__
from earmark.endpoint import EndpointError, UnreachableError
from earmark.errors import InputError, KnobError
from earmark.failures import MODES
from earmark.failures.mode import Tools
from earmark.formats.reading import read
from earmark.pairs.defaults import PAPER_MIX
from earmark.pairs.files import imitate_file
from earmark.pairs.imitate import Imitation
from earmark.pairs.mix import parse_mix
from earmark.pairs.rows import SAME_AS_ANOTHER, SAME_AS_CHOSEN, Rejected, different
from earmark.pairs.tally import Tally, tally_path
from earmark.progress import console
from earmark.records import Pair
from earmark.text import tokenize
from earmark.translators.dictionaries.dictionary import Dictionary
from earmark.translators.dictionaries.shipped import load_earmark

EVERY_MODE = ",".join(f"{mode}=1" for mode in MODES)


def imitation(mix=EVERY_MODE, translator=None, **knobs):
    return Imitation(parse_mix(mix)[0], Tools(translator or load_earmark()), **knobs)


def build(tmp_path, texts=TEXTS, plan=None, name="pairs.jsonl", **knobs):
    out = tmp_path / name
    imitate_file(manifest(tmp_path, texts), out, plan or imitation(), **knobs)
    return out


def test_chosen_is_the_truth_and_rejected_fails_in_the_mode_named(tmp_path):
    out = build(tmp_path, plan=imitation(each=True))
    pairs = list(read(Pair, out))
    truths = {f"u{n}": text for n, text in enumerate(TEXTS)}
    assert {pair.failure_modes[0] for pair in pairs} == set(MODES)
    for pair in pairs:
        assert pair.chosen == truths[pair.source]
        assert tokenize(pair.rejected) != tokenize(pair.chosen)
        assert pair.made_by["builder"] == "imitate"
        assert pair.made_by["version"] == __version__
        assert pair.made_by["translator"] == load_earmark().name


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path):
    files = [
        build(tmp_path, name=f"{n}.jsonl", seed=seed).read_bytes()
        for n, seed in enumerate([7, 7, 8])
    ]
    assert files[0] == files[1] != files[2]


def test_a_pair_does_not_change_when_utterances_are_added(tmp_path):
    few = build(tmp_path / "few", TEXTS[:3], imitation(per_utterance=3))
    many = build(tmp_path / "many", TEXTS, imitation(per_utterance=3))
    after = {row["id"]: row for row in read_rows(many)}
    assert all(after[row["id"]] == row for row in read_rows(few))


def test_the_default_mix_is_the_papers_and_is_drawn_so(tmp_path):
    texts = ["我们讨论 project 的预算"] * 1000
    out = build(tmp_path, texts, imitation(PAPER_MIX))
    modes = Counter(row["failure_modes"][0] for row in read_rows(out))
    assert set(modes) == {"global_translation", "partial_translation"}
    assert modes["global_translation"] / 1000 == pytest.approx(0.8, abs=0.05)


def test_a_mode_that_cannot_be_imitated_makes_no_pair_and_is_counted(tmp_path):
    out = build(tmp_path, plan=imitation("omit_embedded=1"))
    mixed = [f"u{n}" for n, text in enumerate(TEXTS) if n not in (3, 4)]
    assert [row["source"] for row in read_rows(out)] == mixed
    tally = tally_of(out)
    assert tally["written"] == {"omit_embedded": 4}
    assert tally["dropped"] == {"omit_embedded": {"needs both languages in the truth": 2}}
    assert (tally["utterances"], tally["pairs"], tally["rejected"]) == (6, 4, 4)


def test_everything_asked_for_is_written_or_dropped_with_a_reason(tmp_path):
    for several in (False, True):
        out = build(tmp_path, plan=imitation(per_utterance=9), several=several)
        tally = tally_of(out)
        dropped = sum(n for reasons in tally["dropped"].values() for n in reasons.values())
        assert tally["rejected"] + dropped == 9 * len(TEXTS)
        assert tally["pairs"] == len(read_rows(out))


def test_several_rejected_share_one_row(tmp_path):
    out = build(tmp_path, plan=imitation("run_on=1,empty=1,refusal=1", each=True), several=True)
    rows = read_rows(out)
    assert [row["id"] for row in rows] == [f"u{n}" for n in range(len(TEXTS))]
    for row in rows:
        assert row["failure_modes"] == ["run_on", "empty", "refusal"]
        assert len(row["rejected"]) == 3


def test_a_rejected_equal_to_the_chosen_or_to_another_is_never_written():
    tally = Tally()
    rejected = [
        Rejected("我们 走吧！", "quotes"),
        Rejected("走", "loop"),
        Rejected("走。", "empty"),
    ]
    kept = list(different("我们走吧", rejected, tally))
    assert [one.text for one in kept] == ["走"]
    assert tally.dropped == {("quotes", SAME_AS_CHOSEN): 1, ("empty", SAME_AS_ANOTHER): 1}


def test_a_translation_that_changes_nothing_is_dropped_and_told(tmp_path):
    class Parrot:
        name, workers = "parrot", 1

        def translate(self, text, to):
            return Dictionary([]).translate(text, to)

        def translate_part(self, text, to, rng):
            return Dictionary([]).translate(text, to)

    with pytest.raises(InputError, match="not one usable row"):
        imitate_file(write_rows(tmp_path / "u.jsonl", []), tmp_path / "p.jsonl", imitation())
    plan = imitation("global_translation=1,loop=1", Parrot(), each=True)
    tally = tally_of(build(tmp_path, plan=plan))
    assert tally["written"] == {"loop": len(TEXTS)}
    assert sum(tally["dropped"]["global_translation"].values()) == len(TEXTS)


class Failing:
    """A translator that knows some texts, and fails on the others."""

    name, workers = "failing", 1

    def __init__(self, known=(), error=EndpointError):
        self.known, self.error, self.asked = known, error, 0

    def translate(self, text, to):
        self.asked += 1
        if text in self.known:
            return load_earmark().translate(text, to)
        raise self.error("status 500: no")

    def translate_part(self, text, to, rng):
        return self.translate(text, to)


def skipping(translator):
    return imitation("global_translation=1", translator, on_error="skip")


def test_when_every_translation_fails_the_old_files_are_kept(tmp_path):
    out = build(tmp_path, plan=imitation())
    kept = [path.read_bytes() for path in (out, tally_path(out))]
    with pytest.raises(InputError, match=r"not one pair could be made, so nothing was written "):
        build(tmp_path, plan=skipping(Failing()))
    assert [path.read_bytes() for path in (out, tally_path(out))] == kept
    with pytest.raises(InputError, match=r"of 6 utterances; the translator gave no usable .*: 6$"):
        build(tmp_path, plan=skipping(Failing()), name="new.jsonl")
    assert not (tmp_path / "new.jsonl").exists()
    assert not tally_path(tmp_path / "new.jsonl").exists()


def test_when_some_fail_the_others_are_written_and_the_first_failure_is_noted(tmp_path, capsys):
    out = build(tmp_path, plan=skipping(Failing(TEXTS[:1])))
    assert [row["source"] for row in read_rows(out)] == ["u0"]
    why = {"the translator gave no usable answer": 5}
    assert tally_of(out)["dropped"] == {"global_translation": why}
    notes = capsys.readouterr().err
    assert notes.count("status 500: no") == 1
    assert "utterance 'u1': status 500: no; left out" in notes


def test_a_server_that_is_gone_stops_the_run_even_with_skip(tmp_path):
    translator = Failing(TEXTS[:1], UnreachableError)
    with pytest.raises(UnreachableError, match=r"'u1': status 500: no\. Answers so far") as caught:
        build(tmp_path, plan=skipping(translator))
    assert translator.asked == 2
    assert "--on-error skip" not in str(caught.value)


def test_the_table_of_a_tally_has_what_the_file_has(tmp_path, capsys):
    tally = Tally(utterances=12, pairs=1)
    tally.write("loop")
    for _ in range(11):
        tally.drop("global_translation", "needs words that the translator knows")
    console.print(tally.table("p.jsonl"))
    rows = [line.split() for line in capsys.readouterr().err.splitlines()]
    assert any(row[1:] == ["loop", "│", "1", "│", "│", "│"] for row in rows)
    assert any(row[1:6] == ["global_translation", "│", "│", "11", "│"] for row in rows)
    assert any(row[1:7] == ["all", "│", "1", "│", "11", "│"] for row in rows)


@configure(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(MODES)), st.floats(0.01, 100), min_size=1))
def test_any_weights_are_scaled_to_sum_to_one_and_that_is_said(weights):
    mix, remark = parse_mix(", ".join(f"{mode} = {weight}" for mode, weight in weights.items()))
    assert sum(mix.weights) == pytest.approx(1)
    assert mix.modes == tuple(weights)
    assert (remark is None) == (abs(sum(weights.values()) - 1) <= 1e-6)


def test_a_weight_of_zero_is_never_drawn():
    mix, _ = parse_mix("loop=0,empty=1")
    assert {mix.draw(Random(seed)) for seed in range(200)} == {"empty"}


@pytest.mark.parametrize(
    ("mix", "message"),
    [
        ("global_translaton=1", "did you mean 'global_translation'"),
        ("loop=-0.5,empty=1.5", "a number from 0 up"),
        ("loop=nan", "a number from 0 up"),
        ("loop=inf", "a number from 0 up"),
        ("loop", "a number from 0 up"),
        ("loop=1,loop=2", "named twice"),
        ("loop=0", "all 0"),
        ("", "unknown failure mode ''"),
    ],
)
def test_a_mix_that_makes_no_sense_is_refused(mix, message):
    with pytest.raises(KnobError, match=message):
        parse_mix(mix)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (imitation(per_utterance=0), "expected 1 or more"),
        (Imitation(parse_mix("loop=1")[0], Tools(longest=3)), "longest is 3"),
        (Imitation(parse_mix(PAPER_MIX)[0], Tools()), "need a translator"),
    ],
)
def test_knobs_that_make_no_sense_are_refused_before_a_file_is_touched(tmp_path, plan, message):
    with pytest.raises(KnobError, match=message):
        imitate_file(tmp_path / "absent.jsonl", tmp_path / "out.jsonl", plan)


def test_the_tally_says_how_much_of_the_corpus_the_dictionary_covers(tmp_path):
    words = Dictionary([("会议", "meeting"), ("我们", "we"), ("明天", "tomorrow")], "words")
    texts = ["我们明天去 meeting", "we 会议 quaint"]
    out = build(tmp_path, texts, imitation("partial_translation=1", words))
    tally = tally_of(out)
    assert tally["dictionary"] == {
        "en": {"words": 3, "known": 2},
        "zh": {"words": 7, "known": 6},
    }


def test_a_tally_without_a_dictionary_says_nothing_of_one():
    assert "dictionary" not in Tally().as_dict()


def test_a_table_names_the_share_that_is_known():
    tally = Tally(utterances=1, pairs=1)
    tally.cover("zh", 8, 6)
    with console.capture() as shown:
        console.print(tally.table("pairs"))
    assert "75.0%" in " ".join(shown.get().split())
