"""What single curators decide, against values worked out by hand."""

import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest

import curation_world as world
import earmark
from earmark.curate.first_word_leak import accuracy, first_word
from earmark.curate.informativeness import volume
from earmark.curate.length_leak import lengthening
from earmark.curate.minhash import clusters, shingles, signature, similarity
from earmark.curate.portrait import MOST_VALUES, Portrait, facts_of
from earmark.errors import KnobError
from earmark.records import Pair
from earmark.speech.audio import write_audio

PROMPT = [{"role": "user", "content": "x"}]


def scored(*numbers, id_="p", **fields):
    rejected = [f"r{n}" for n in range(len(numbers) - 1)]
    return Pair(id_, PROMPT, "c", rejected, scores={"reward": list(numbers)}, **fields)


def whys(result):
    return [drop.why for drop in result.dropped]


def test_a_pair_loses_the_rejected_answers_that_are_not_worse():
    result = earmark.curate([scored(2.0, 1.0, 2.0, 3.0)], "order:criterion=reward")
    assert result[0].rejected == ["r0"]
    assert result[0].scores == {"reward": [2.0, 1.0]}
    assert result.steps[0]["changed"] == 1
    assert whys(earmark.curate([scored(1.0, 1.0)], "order")) == [
        "chosen scores 1, not above the rejected answer with 1 (reward)"
    ]
    wide = earmark.curate([scored(9.0, 1.0)], "order:most=5")
    assert whys(wide) == ["the margin is 8, more than 5 (reward)"]


def test_percentiles_are_those_of_each_source():
    """numpy's 25th percentile of 0..4 is 1, the 75th of 10..14 is 13."""
    pairs = [scored(float(n), -99.0, id_=f"a{n}", source="a") for n in range(5)]
    pairs += [scored(10.0 + n, -99.0, id_=f"b{n}", source="b") for n in range(5)]
    result = earmark.curate(pairs, "percentile:least=25+b=75")
    assert [pair.id for pair in result] == ["a1", "a2", "a3", "a4", "b3", "b4"]
    assert result[0].made_by["curated"] == [
        {
            "by": "percentile",
            "criterion": "reward",
            "least": "25+b=75",
            "per": "source",
            "of": "chosen",
            "threshold": 1.0,
        }
    ]
    new = [*result, scored(0.5, -99.0, id_="new", source="a")]
    again = earmark.curate(new, "percentile:least=25+b=75")
    assert [pair.id for pair in again] == [pair.id for pair in result]
    assert whys(again) == ["reward 0.5 is below 1, the percentile 25 of a"]
    margin = earmark.curate(pairs, "percentile:least=50:per=:of=margin")
    assert len(margin) == 5


def test_the_copy_with_the_highest_score_is_kept():
    copies = [scored(float(n % 7), -1.0, id_=f"p{n}") for n in range(10)]
    assert [p.id for p in earmark.curate(copies, "duplicates:criterion=reward")] == ["p6"]
    assert [p.id for p in earmark.curate(copies, "duplicates")] == ["p0"]
    assert len(earmark.curate(copies, "duplicates:of=pair")) == 1
    clips = [
        Pair(f"p{n}", [{"role": "user", "content": [{"type": "audio", "audio": name}]}], "a", "b")
        for n, name in enumerate(["a.wav", "A.wav", "a.wav"])
    ]
    assert [p.id for p in earmark.curate(clips, "duplicates")] == ["p0", "p1"]


def jaccard(one, other, unit="characters"):
    a, b = set(shingles(one, unit).tolist()), set(shingles(other, unit).tolist())
    return len(a & b) / len(a | b)


def test_minhash_estimates_the_jaccard_similarity():
    rng = Random(0)
    errors = []
    for _ in range(30):
        one = world.text(rng, 30)
        cut = rng.randrange(len(one))
        other = one[:cut] + world.text(rng, 4) + one[cut:]
        for unit in ("characters", "words"):
            estimate = similarity(signature(one, unit), signature(other, unit))
            errors.append(estimate - jaccard(one, other, unit))
    # The standard deviation of an estimate is at most sqrt(1 / 4 / 128) = 0.044.
    assert max(map(abs, errors)) < 0.15
    assert abs(float(np.mean(errors))) < 0.02


def test_near_duplicates_are_found_and_others_are_not():
    rng = Random(1)
    texts = [world.text(rng, 25) for _ in range(40)]
    near = [text + "!" for text in texts[:20]]
    found = clusters([*texts, *near], 0.8, "characters")
    assert found[:40].tolist() == list(range(40))
    assert found[40:].tolist() == list(range(20))
    assert clusters([], 0.8, "words").tolist() == []
    assert clusters(["", "", "x"], 0.8, "characters").tolist() == [0, 0, 2]
    pairs = [Pair(f"p{n}", PROMPT, text, "b") for n, text in enumerate([*texts, *near])]
    kept = earmark.curate(pairs, "near_duplicates:of=chosen")
    assert [pair.id for pair in kept] == [f"p{n}" for n in range(40)]


def test_first_words_of_the_published_data_give_all_away():
    """The audit of arXiv 2512.06097: 470 of 999 rejected answers begin "You're asking about"."""
    pairs = [
        Pair(f"p{n}", PROMPT, f"I totally get it {n}", f"You're asking about {n}")
        for n in range(60)
    ]
    pairs += [Pair(f"q{n}", PROMPT, f"We know {n}", f"We ask {n}") for n in range(40)]
    before = Portrait()
    for pair in pairs:
        before.add(facts_of(pair))
    assert before.as_dict()["guessed_by_first_word"] == pytest.approx(0.6 + 0.4 * 0.5)
    kept = earmark.curate(pairs, "first_word_leak:most=0.8:seen=10")
    after = Portrait()
    for pair in kept:
        after.add(facts_of(pair))
    assert [p.id for p in kept if p.id.startswith("q")] == [f"q{n}" for n in range(40)]
    assert len(kept) == 40 + 9, "nine of a word are fewer than are looked at"
    assert after.as_dict()["guessed_by_first_word"] < 0.6
    assert "you're" in whys(kept)[0] or "'i'" in whys(kept)[0]
    assert accuracy({}) is None
    assert first_word("") == ""


def test_the_shorter_answer_is_no_longer_the_chosen_one():
    """83 % of the published pairs: with 17 longer ones at most 25 shorter ones are 60 %."""
    pairs = [Pair(f"s{n}", PROMPT, "a", "a " * (n + 2)) for n in range(83)]
    pairs += [Pair(f"l{n}", PROMPT, "a b c", "a") for n in range(17)]
    kept = earmark.curate(pairs, "length_leak:most=0.6")
    assert sum(lengthening(pair) < 0 for pair in kept) == 25
    assert [pair.id for pair in kept][:25] == [f"s{n}" for n in range(25)], "the least different"
    assert sum(pair.id.startswith("l") for pair in kept) == 17


def test_groups_are_balanced_by_the_smallest():
    pairs = [
        Pair(f"p{n}", PROMPT, "a", "b", language="zh" if n % 5 else "mixed") for n in range(50)
    ]
    kept = earmark.curate(pairs, "balance:per=language:ratio=1.5")
    assert sum(pair.language == "mixed" for pair in kept) == 10
    assert sum(pair.language == "zh" for pair in kept) == 15
    other = earmark.curate(pairs, "balance:per=language:ratio=1.5:seed=1")
    assert [pair.id for pair in other] != [pair.id for pair in kept]


def test_consistency_and_informativeness_by_hand():
    """det of the population covariance of (1,1), (3,1), (1,3): (8/9)^2 - (4/9)^2 = 48/81."""
    scores = {"safe": [4, 1, 3, 1], "helpful": [4, 1, 1, 3]}
    good = Pair("good", [{"role": "user", "content": "1"}], "c", ["x", "y", "z"], scores=scores)
    tied = replace(
        good,
        id="tied",
        prompt=[{"role": "user", "content": "2"}],
        scores={**scores, "helpful": [3, 1, 1, 3]},
    )
    run = "consistency:criteria=safe+helpful"
    assert [pair.id for pair in earmark.curate([good, tied], run)] == ["good"]
    assert volume(np.array([[4, 4], [1, 1], [3, 1], [1, 3]]), refined=True) == pytest.approx(
        48 / 81
    )
    line = replace(
        good,
        id="line",
        prompt=[{"role": "user", "content": "3"}],
        scores={"safe": [9, 1, 2, 3], "helpful": [9, 1, 2, 3]},
    )
    two = Pair(
        "two",
        [{"role": "user", "content": "4"}],
        "c",
        ["x"],
        scores={"safe": [2, 1], "helpful": [2, 1]},
    )
    result = earmark.curate([good, line, two], "informativeness:criteria=safe+helpful:most=0.6")
    assert [pair.id for pair in result] == ["good"]
    assert set(whys(result)) == {"the scores of the prompt's answers have no covariance"}
    tight = earmark.curate([good], "informativeness:criteria=safe+helpful:most=0.5")
    assert whys(tight) == ["det of the scores' covariance is 0.593, above 0.5"]


def test_answers_of_a_prompt_may_lie_in_several_pairs():
    scores = {"safe": [4, 1, 3, 1], "helpful": [4, 1, 1, 3]}
    prompt = [{"role": "user", "content": "1"}]
    apart = [
        Pair(
            f"p{n}",
            prompt,
            "c",
            f"r{n}",
            scores={name: [numbers[0], numbers[n]] for name, numbers in scores.items()},
        )
        for n in (1, 2, 3)
    ]
    run = "consistency:criteria=safe+helpful,informativeness:criteria=safe+helpful:most=0.6"
    assert len(earmark.curate(apart, run)) == 3
    assert len(earmark.curate(apart[:2], run)) == 0


def test_unanimous_pairs_are_a_subset_of_those_of_every_criterion():
    pairs = world.pairs(100)
    kept = {pair.id for pair in earmark.curate(pairs, "unanimous")}
    for name in ("reward", "safe"):
        alone = {pair.id for pair in earmark.curate(pairs, "unanimous", criteria=name)}
        assert kept <= alone


def test_languages_and_scripts():
    pairs = [
        Pair(str(n), PROMPT, text, "x", language="mixed")
        for n, text in enumerate(["我们开会", "我們開會 today", "let's go", "12", "我们 go"])
    ]
    assert [p.id for p in earmark.curate(pairs, "language:keep=mixed")] == ["1", "4"]
    assert [p.id for p in earmark.curate(pairs, "language:script=simplified")] == ["0", "2", "4"]
    assert whys(earmark.curate(pairs[:1], "language:agrees=true")) == [
        "the chosen answer is zh, and the pair's language mixed"
    ]


def tone(seconds, silent_s=0.0, loud=0.5):
    sound = loud * np.sin(np.arange(round(16000 * seconds)) / 5)
    return np.concatenate([sound, np.zeros(round(16000 * silent_s))]).astype(np.float32)


CLIPS = {
    "good": (tone(2.0), None),
    "fast": (tone(0.5), "words in 0.50 s, more than 9 a second"),
    "slow": (tone(40.0), "words in 40.00 s, less than 0.3 a second"),
    "silent": (tone(0.4, 4.0), "of the clip is silence, more than 0.8"),
    "clipped": (np.clip(tone(2.0, loud=3.0), -1, 1), "of the samples are clipped, more than 0.01"),
}


def test_clips_are_held_against_their_texts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pairs = []
    for name, (sound, _) in CLIPS.items():
        write_audio(tmp_path / f"{name}.wav", sound)
        pairs.append(spoken(name, f"{name}.wav"))
    pairs += [spoken("gone", "gone.wav"), Pair("text", PROMPT, "a", "b")]
    result = earmark.curate(pairs, "audio")
    assert [pair.id for pair in result] == ["good"]
    why = {drop.pair.id: drop.why for drop in result.dropped}
    for name, (_, message) in CLIPS.items():
        assert message is None or message in why[name]
    assert why["gone"].startswith("the clip cannot be used: ")
    assert "gone.wav: no such audio file" in why["gone"]
    assert why["text"] == "the prompt holds no clip"
    span = spoken("span", "slow.wav", start_s=1.0, end_s=3.0)
    assert len(earmark.curate([span], "audio")) == 1
    assert len(earmark.curate([spoken("fast", "fast.wav")], "audio:says=nothing")) == 1
    with pytest.raises(KnobError, match="slowest should be at most fastest"):
        earmark.curate(pairs, "audio:slowest=10")


def spoken(name, audio, **span):
    parts = [{"type": "audio", "audio": audio, **span}, {"type": "text", "text": "Write."}]
    return Pair(name, [{"role": "user", "content": parts}], "我们今天 review 那个方案", "x")


def test_paths_of_clips_start_at_the_file(tmp_path):
    (tmp_path / "data").mkdir()
    write_audio(tmp_path / "data/good.wav", tone(2.0))
    earmark.write([spoken("p", str(tmp_path / "data/good.wav"))], tmp_path / "data/pairs.jsonl")
    result = earmark.curate(tmp_path / "data/pairs.jsonl", "audio")
    assert len(result) == 1


def test_a_portrait_counts_order_and_is_bounded():
    portrait = Portrait()
    for n in range(MOST_VALUES + 50):
        pair = scored(float(n % 3), 1.0, id_=f"p{n}", source=f"s{n}")
        portrait.add(facts_of(pair))
    found = portrait.as_dict()
    assert found["by"]["source"]["others"] == 50
    order = found["order"]["reward"]
    assert order["chosen_below_rejected"] == pytest.approx(84 / 250)
    assert order["above"] + order["equal"] + order["below"] == 250
    portrait.add(facts_of(scored(math.nan, 1.0)))
    assert portrait.as_dict()["order"] == found["order"]
