"""What is no answer of the model: no hypothesis, or a clip that was set aside."""

import json

import pytest
from evaluate_systems import corpus, noisy

import earmark
from earmark.cli.options.scoring import ScoringOptions
from earmark.errors import InputError
from earmark.evaluate.compare import compare, compare_records
from earmark.evaluate.score import score
from earmark.formats.files.lines import write_jsonl
from earmark.pairs.files import mine_file
from earmark.pairs.mined import Mining
from earmark.records import Hypothesis, Utterance
from earmark.report.scoring import score_set
from earmark.report.test_set import TestSet

TRUTHS = [Utterance(f"u{i}", "我今天想 review 那个 proposal 然后回家") for i in range(20)]


def system(aside=0, missing=0, wrong=4):
    """Write all truths down: the last ones are missing, the first set aside, others spoilt."""
    hyps = []
    for i, truth in enumerate(TRUTHS[: len(TRUTHS) - missing]):
        if i < aside:
            hyps.append(Hypothesis(truth.id, "", set_aside="no sound"))
        else:
            spoilt = i < aside + wrong
            hyps.append(
                Hypothesis(truth.id, truth.text.replace("今天", "") if spoilt else truth.text)
            )
    return hyps


def test_what_was_set_aside_is_left_out_and_named_in_the_signature():
    whole = score(TRUTHS[3:], system(aside=3)[3:]).to_dict()
    found = score(TRUTHS, system(aside=3))
    scored = found.to_dict()
    assert scored["mixed_error_rate"] == whole["mixed_error_rate"]
    assert (scored["utterances"], scored["set_aside"], scored["missing"]) == (17, 3, 0)
    assert scored["failure_modes"]["empty"]["utterances"] == 0
    assert "|set-aside:3-left-out|" in found.signature
    assert "3 set aside (left out)" in " ".join(str(found).split())


def test_what_was_set_aside_can_be_counted_as_a_class_of_its_own():
    found = score(TRUTHS, system(aside=3), set_aside="count")
    scored = found.to_dict()
    missing = score(TRUTHS, system(aside=3)[3:]).to_dict()
    assert scored["counts"] == missing["counts"]
    assert scored["failure_modes"]["set aside"]["utterances"] == 3
    assert missing["failure_modes"]["missing"]["utterances"] == missing["missing"] == 3
    for each in (scored, missing):
        assert each["failure_modes"]["empty"]["utterances"] == 0
    assert "|set-aside:3-deletions|" in found.signature
    assert "set-aside" not in score(TRUTHS, system()).signature
    with pytest.raises(InputError, match="all 20 utterances were set aside"):
        score(TRUTHS, system(aside=20))


def test_a_partial_file_is_compared_where_it_has_something():
    truths = corpus(200)
    whole = noisy(truths, 0.2, seed=1)
    half = [hyp for i, hyp in enumerate(noisy(truths, 0.2, seed=1)) if i % 2]
    compared = compare_records(truths, whole, half)
    assert compared.rates["mixed_error_rate"].difference == 0
    assert (compared.utterances, compared.left_out) == (100, (100, 0, 100))
    assert "|missing:left-out|" in compared.signature
    assert "(0 are missing in first, 100 in second)" in " ".join(str(compared).split())
    assert compared.to_dict()["left_out"]["second_missing"] == 100
    # The same as for the utterances that both have.
    kept = [truth for i, truth in enumerate(truths) if i % 2]
    others = [hyp for i, hyp in enumerate(noisy(truths, 0.1, seed=2)) if i % 2]
    alone = compare_records(kept, half, others)
    partial = compare_records(truths, half, others)
    assert partial.rates == alone.rates
    with pytest.raises(InputError, match="no utterance has a hypothesis of both systems: of 200"):
        compare_records(truths, whole[:100], whole[100:])


def test_systems_with_different_clips_set_aside_are_compared_on_the_others():
    one, two = system(aside=3), system(aside=1, wrong=0)
    compared = compare_records(TRUTHS, one, two)
    assert compared.utterances == 17
    assert "|set-aside:3-left-out|" in compared.signature
    assert earmark.compare(TRUTHS, one, two).utterances == 17
    with pytest.raises(InputError, match="set-aside:3-left-out"):
        compare(score(TRUTHS, one), score(TRUTHS, two))


def test_a_report_has_the_same_utterances_for_all_systems():
    hyps = {"base": system(aside=3), "dpo": system(missing=2, wrong=0)}
    scored = score_set(TestSet("test", TRUTHS, hyps))
    assert {name: each["utterances"] for name, each in scored.scores.items()} == {
        "base": 17, "dpo": 17,
    }  # fmt: skip
    assert scored.comparisons["dpo"]["left_out"]["utterances"] == 2
    assert all(outcome.keys() == hyps.keys() for outcome in scored.outcomes.values())
    assert scored.scores["dpo"]["failure_modes"]["missing"]["utterances"] == 2


@pytest.mark.parametrize("unmatched", ["stop", "skip"])
def test_hypotheses_of_which_none_has_a_truth_are_refused(unmatched):
    hyps = [Hypothesis(f"x{i}", "好") for i in range(9)]
    message = "not one of 9 hypotheses has the id of a truth: x0, x1, x2, x3, x4, ... here, u0, u1"
    with pytest.raises(InputError, match=message):
        score(TRUTHS, hyps, unmatched=unmatched)


@pytest.mark.parametrize(
    ("made_by", "cap"),
    [({"decoding": "greedy"}, None), ({"decoding": {"max_new_tokens": [1, 2]}}, "cap:[1, 2]")],
)
def test_what_others_record_of_their_decoding_may_be_anything(made_by, cap):
    hyps = [Hypothesis(truth.id, truth.text, made_by=made_by) for truth in TRUTHS]
    signature = score(TRUTHS, hyps).signature
    assert (cap in signature.split("|")) if cap else ("cap:" not in signature)


def test_nothing_is_mined_from_what_was_set_aside(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    truths = [Utterance(t.id, t.text, "a.wav", extra={"dialect": "x"}) for t in TRUTHS[:2]]
    write_jsonl(tmp_path / "u.jsonl", truths)
    write_jsonl(
        tmp_path / "h.jsonl", [Hypothesis("u0", "", set_aside="no sound"), Hypothesis("u1", "我")]
    )
    mine_file(tmp_path / "u.jsonl", [tmp_path / "h.jsonl"], tmp_path / "p.jsonl", Mining())
    (pair,) = map(json.loads, (tmp_path / "p.jsonl").read_text("utf-8").splitlines())
    assert (pair["source"], pair["dialect"]) == ("u1", "x")
    tally = json.loads((tmp_path / "p.jsonl.tally.json").read_text())
    assert tally["dropped"] == {"any": {"set aside when it was transcribed": 1}}


def test_the_option_of_the_commands():
    assert ScoringOptions().keywords["set_aside"] == "leave-out"
