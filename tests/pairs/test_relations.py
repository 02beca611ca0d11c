"""Each relation on a case worked by hand from its paper, and what must hold of all candidates."""

from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import KnobError
from earmark.pairs.candidates.choose import Survey, named_relation, settled
from earmark.pairs.candidates.relate import new_tally, relate
from earmark.pairs.relations import RELATIONS
from earmark.pairs.relations.lexicographic import ahead
from earmark.pairs.relations.relation import Preferred, Unpaired
from earmark.pairs.relations.success_and_cost import winners
from earmark.records import Candidate, Candidates

WHERE = [{"role": "user", "content": [{"type": "audio", "audio": "v0"}]}]


def row(*candidates, **known):
    return Candidates("r", WHERE, list(candidates), **known)


def scored(text, audio=None, model=None, **scores):
    return Candidate(text, scores, audio, made_by={"model": model} if model else {})


def paired(name, given, **knobs):
    """Return the texts of the pairs that a relation yields, as chosen>rejected."""
    found = RELATIONS[name](given, **knobs)
    return [f"{v.chosen.content}>{v.rejected.content}" for v in found if isinstance(v, Preferred)]


def reasons(name, given, **knobs):
    return [v.why for v in RELATIONS[name](given, **knobs) if isinstance(v, Unpaired)]


FIVE = row(*(scored(t, s=n) for t, n in zip("abcde", [0.2, 0.9, 0.5, 0.1, 0.9], strict=True)))


def test_best_against_worst_of_five_answers():
    # Magpie, arXiv 2406.08464: best and worst of five by a reward model; the first of equals.
    assert paired("best_worst", FIVE, by="s") == ["b>d"]
    equal = row(scored("a", s=1), scored("b", s=1.0))
    assert reasons("best_worst", equal, by="s") == ["all candidates have equal scores"]


def test_all_pairs_are_all_i_and_j_whose_scores_differ():
    # StackExchange in the code of DPO, arXiv 2305.18290: 5 * 4 / 2 = 10, less the tie of b and e.
    found = paired("all_pairs", FIVE, by="s")
    assert found == ["b>a", "c>a", "a>d", "e>a", "b>c", "b>d", "c>d", "e>c", "e>d"]
    assert reasons("all_pairs", FIVE, by="s") == ["equal scores"]


def test_a_margin_keeps_what_differs_by_so_much():
    given = row(scored("a", s=-2), scored("b", s=1), scored("c", s=3))
    assert paired("margin", given, by="s", least=3) == ["b>a", "c>a"]
    assert reasons("margin", given, by="s", least=3) == ["scores differ by less than 3"]
    with pytest.raises(KnobError, match="least should be 0 or more, found -1"):
        list(RELATIONS["margin"](given, by="s", least=-1))


def test_unanimity_of_four_criteria():
    # GenSR-Pref, arXiv 2508.17229: better on NISQA, OVRL, SBERT and SIM at once, or no pair.
    by = ("nisqa", "ovrl", "sbert", "sim")

    def heard(text, *numbers):
        return Candidate(text, dict(zip(by, numbers, strict=True)))

    given = row(
        heard("a", 4.3, 3.3, 0.80, 0.92),
        heard("b", 4.6, 3.4, 0.81, 0.93),  # beats a and c on all four
        heard("c", 4.5, 3.1, 0.79, 0.92),  # louder than a, but less clear
        heard("d", 4.6, 3.5, 0.82, 0.94),  # ties with b on NISQA
    )
    assert paired("unanimous", given, by=by) == ["b>a", "d>a", "b>c", "d>c"]
    assert reasons("unanimous", given, by=by) == [
        "the criteria disagree",
        "equal on a criterion, or nearer than the margin",
    ]
    assert paired("unanimous", given, by=by, margin=0.011) == ["d>a", "d>c"]


def test_lexicographic_order_with_admission_by_the_l1_gap():
    # SPA, arXiv 2511.06222, step 3: +1/-3 is admitted (gap 4) and goes to the safer; an exact tie
    # of safety is decided by help; +0.5/+0.25 is below delta = 1.
    by = ("safety", "help")
    given = row(
        scored("a", safety=9, help=5),
        scored("b", safety=8, help=8),
        scored("c", safety=9, help=7),
        scored("d", safety=8.5, help=4.75),
    )
    assert paired("lexicographic", given, by=by) == ["a>b", "c>a", "c>b", "d>b", "c>d"]
    assert reasons("lexicographic", given, by=by) == ["scores differ by less than 1 in sum"]
    assert paired("lexicographic", given, by=by, least=3) == ["a>b", "d>b"]
    equal = row(scored("a", safety=1, help=2), scored("b", safety=1, help=2.0))
    assert reasons("lexicographic", equal, by=by) == ["equal scores"]
    with pytest.raises(KnobError, match="least should be above 0"):
        list(RELATIONS["lexicographic"](given, by=by, least=0))


GAME = row(
    scored("the left red round one", ok=1),  # 5 words, understood
    scored("red round one", ok=1),  # 3 words, understood
    scored("round one", ok=0),  # 2 words, misunderstood
    scored("the big square one there", ok=0),  # 5 words, misunderstood
)


def test_success_and_cost_with_copelands_winner():
    # arXiv 2510.24023, hard_correctness_or_cost: the short right one beats all three; the long
    # right one beats the two wrong ones; wrong ones beat none. One winner, three pairs.
    short = "red round one"
    assert paired("success_and_cost", GAME, success="ok") == [
        f"{short}>the left red round one",
        f"{short}>round one",
        f"{short}>the big square one there",
    ]
    assert len(paired("success_and_cost", GAME, success="ok", selector="all")) == 5
    assert (
        reasons("success_and_cost", GAME, success="ok")
        == ["not a pair of one that beats the most"] * 2
    )


def test_success_alone_and_cost_alone():
    # Success alone: both right ones beat both wrong ones and tie as winners. Cost alone: the
    # shortest wins, though it is misunderstood.
    assert len(paired("success_and_cost", GAME, success="ok", rule="success")) == 4
    cost = paired("success_and_cost", GAME, success="ok", rule="cost")
    assert cost == [
        "round one>the left red round one",
        "round one>red round one",
        "round one>the big square one there",
    ]


def test_a_criterion_of_cost_is_better_when_higher():
    given = row(scored("aa", ok=1, brief=-2), scored("b", ok=1, brief=-9))
    assert paired("success_and_cost", given, success="ok") == []
    assert paired("success_and_cost", given, success="ok", cost="brief") == ["aa>b"]
    failed = row(scored("a", ok=0), scored("b", ok=0))
    assert reasons("success_and_cost", failed, success="ok") == ["no answer beats another"]
    with pytest.raises(KnobError, match="no rule 'bth'; did you mean 'both'"):
        list(RELATIONS["success_and_cost"](given, success="ok", rule="bth"))


def test_the_truth_against_the_draft():
    # MT-CPO, arXiv 2510.27556: chosen y*, rejected the base model's raw output on x.
    given = row(Candidate("打开文件"), Candidate("开启档案"), truth="打开该文件")
    assert paired("draft_vs_truth", given) == ["打开该文件>打开文件"]
    assert paired("draft_vs_truth", given, drafts="all")[1:] == ["打开该文件>开启档案"]
    # One deletion of five characters, and five edits of five less the two that stay: 0.2 and 0.8.
    assert paired("draft_vs_truth", given, drafts="all", least_edits=0.3) == ["打开该文件>开启档案"]
    assert reasons("draft_vs_truth", row(Candidate("a"))) == ["the truth is not known"]
    assert reasons("draft_vs_truth", row(truth="a")) == ["no candidate"]
    with pytest.raises(KnobError, match="expected drafts=first or all"):
        list(RELATIONS["draft_vs_truth"](given, drafts="one"))


def test_the_teachers_answer_against_the_models_own_to_each_clip():
    # RBA-Single, arXiv 2509.03526: for each of the voices, both sides under the same clip.
    given = row(
        Candidate("Paris.", made_by={"model": "teacher"}),
        *(scored(f"own {n}", audio=f"v{n}", model="learner") for n in range(1, 5)),
    )
    found = list(RELATIONS["teacher_vs_own"](given, teacher="teacher", own="learner"))
    assert [(v.chosen.content, v.chosen.audio) for v in found] == [
        ("Paris.", f"v{n}") for n in range(1, 5)
    ]
    assert [(v.rejected.content, v.rejected.audio) for v in found] == [
        (f"own {n}", f"v{n}") for n in range(1, 5)
    ]
    assert found == list(RELATIONS["teacher_vs_own"](given, teacher="teacher"))
    assert reasons("teacher_vs_own", row(scored("a", model="m"))) == ["the truth is not known"]
    only = row(scored("a", model="teacher"), truth="b")
    assert reasons("teacher_vs_own", only, teacher="teacher") == ["no answer of the model's own"]
    assert reasons("teacher_vs_own", only, teacher="x") == ["no answer of the teacher"]


def test_best_against_worst_of_four_voices_each_with_its_clip():
    # RBA-Group, arXiv 2509.03526: L_G has chosen given x^{s+} and rejected given x^{s-}.
    scores = [("a", "v1", 0.2), ("b", "v2", 0.7), ("c", "v3", -0.4), ("d", "v4", 0.1)]
    given = row(*(scored(text, audio=voice, rm=n) for text, voice, n in scores))
    (pair,) = RELATIONS["best_worst_per_voice"](given, by="rm")
    assert (pair.chosen.content, pair.chosen.audio) == ("b", "v2")
    assert (pair.rejected.content, pair.rejected.audio) == ("c", "v3")
    (pair,) = RELATIONS["best_worst_per_voice"](given, by="rm", clips="chosen")
    assert (pair.rejected.content, pair.rejected.audio) == ("c", "v2")
    again = row(*given.candidates, scored("e", audio="v2", rm=-9))
    assert paired("best_worst_per_voice", again, by="rm") == ["b>c"]
    one = row(scored("a", audio="v1", rm=1), scored("b", audio="v1", rm=2))
    assert reasons("best_worst_per_voice", one, by="rm") == ["all candidates answer one clip"]


def test_the_data_sets_answer_against_a_weak_models():
    # TinyLLM, arXiv 2511.22138: chosen of the data set, rejected TinyLlama's to the same prompt.
    given = row(
        scored("go to desk 1", model="tiny", ok=0),
        scored("take the mug", model="tiny", ok=1),
        scored(" ", model="tiny", ok=0),
        scored("open it", model="tiny"),
        scored("take mug 1", model="big"),
        truth="take mug 1 from desk 1",
    )
    found = paired("weak_model", given, weak="tiny", judged="ok")
    assert found == ["take mug 1 from desk 1>go to desk 1"]
    assert reasons("weak_model", given, weak="tiny", judged="ok") == [
        "judged right",
        "an empty answer",
        "no score for 'ok'",
    ]
    assert paired("weak_model", given, weak="tiny", strong="big", judged="ok") == [
        "take mug 1>go to desk 1"
    ]
    assert reasons("weak_model", given, weak="other") == ["no answer of the weak model"]


def test_attempts_before_a_verifier_says_yes():
    # SuperIntelliAgent, arXiv 2511.23436: No, No, Yes gives two pairs with the last as chosen.
    def tried(*numbers):
        return row(
            *(scored(t, count=c, order=o) for t, (c, o) in zip("abcd", numbers, strict=False))
        )

    by = ("count", "order")
    assert paired("no_to_yes", tried((0, 1), (1, 0), (1, 1)), by=by) == ["c>a", "c>b"]
    assert reasons("no_to_yes", tried((0, 1), (1, 0)), by=by) == ["no attempt succeeds"]
    assert reasons("no_to_yes", tried((1, 1)), by=by) == ["the first attempt succeeds"]
    assert reasons("no_to_yes", row(), by=by) == ["no candidate"]
    late = tried((0, 0), (1, 1), (0, 1))
    assert paired("no_to_yes", late, by=by) == ["b>a"]
    assert reasons("no_to_yes", late, by=by) == ["after the first success"]


NEEDS_TWO = ("best_worst", "all_pairs", "margin", "unanimous", "lexicographic", "success_and_cost")


@pytest.mark.parametrize("name", [*NEEDS_TWO, "best_worst_per_voice"])
@pytest.mark.parametrize(("count", "why"), [(0, "no candidate"), (1, "one candidate only")])
def test_fewer_than_two_candidates_are_named(name, count, why):
    given = row(*[scored("a", s=1)] * count)
    knobs = {"by": ("s",)} if name in ("unanimous", "lexicographic") else {"by": "s"}
    knobs = {"success": "s"} if name == "success_and_cost" else knobs
    assert reasons(name, given, **knobs, **({"least": 1} if name == "margin" else {})) == [why]


FEW = settings(max_examples=60, deadline=None)
SCORES = st.integers(-3, 3) | st.sampled_from([0.5, -0.5, 0.1, 0.2, 0.3])
TEXTS = st.sampled_from(
    ["我们 go", "我们 Go!", "we go", "we  go.", "去", "", "go home", "Ｇｏ home"]
)


@st.composite
def rows(draw, criteria=("a", "b", "c")):
    candidate = st.builds(
        Candidate,
        content=TEXTS,
        scores=st.fixed_dictionaries(dict.fromkeys(criteria, SCORES)),
        audio=st.sampled_from([None, "v1", "v2"]),
        made_by=st.sampled_from([{"model": "x"}, {"model": "y"}]),
    )
    return row(*draw(st.lists(candidate, max_size=5)), truth=draw(st.none() | TEXTS))


def preferred(name, given, **knobs):
    """Return pairs as the positions of their candidates."""
    at = {id(each): n for n, each in enumerate(given.candidates)}
    found = RELATIONS[name](given, **knobs)
    return {(at[id(v[0])], at[id(v[1])]) for v in found if isinstance(v, Preferred)}


@FEW
@given(rows(), st.sampled_from([0.0, 0.25]))
def test_unanimous_pairs_are_a_subset_of_those_of_every_criterion(given, margin):
    found = preferred("unanimous", given, by=("a", "b", "c"), margin=margin)
    for name in ("a", "b", "c"):
        assert found <= preferred("all_pairs", given, by=name)
        alone = preferred("unanimous", given, by=(name,), margin=margin)
        assert found <= alone
    assert found == set.intersection(
        *(preferred("unanimous", given, by=(name,), margin=margin) for name in ("a", "b", "c"))
    )


@FEW
@given(st.lists(st.tuples(SCORES, SCORES), min_size=3, max_size=3, unique=True))
def test_the_lexicographic_order_is_total_on_distinct_vectors(vectors):
    for one, other in combinations(vectors, 2):
        assert ahead(one, other) != ahead(other, one)
    for a, b, c in permutations(vectors):
        assert not (ahead(a, b) and ahead(b, c)) or ahead(a, c)
    assert not any(ahead(each, each) for each in vectors)


@FEW
@given(rows())
def test_lexicographic_takes_each_two_distinct_vectors_once(given):
    found = preferred("lexicographic", given, by=("a", "b"), least=1e-9)
    vectors = [(c.scores["a"], c.scores["b"]) for c in given.candidates]
    distinct = {
        frozenset((i, j))
        for i, j in combinations(range(len(vectors)), 2)
        if vectors[i] != vectors[j]
    }
    assert {frozenset(pair) for pair in found} == distinct
    assert len(found) == len(distinct)


@FEW
@given(st.permutations(range(6)), st.integers(1, 6))
def test_copeland_on_a_set_without_cycles_returns_the_top(order, size):
    # order[i] is the rank of answer i: an answer beats all those of a lower rank.
    ranks = order[:size]
    beats = [[one > other for other in ranks] for one in ranks]
    assert winners(beats) == ([ranks.index(max(ranks))] if size > 1 else [])


@given(rows(), st.sampled_from(sorted(RELATIONS)), st.sampled_from(["words", "characters"]))
@FEW
def test_equal_answers_never_pair_whatever_the_relation(given, name, equal_by):
    survey = Survey()
    survey.see(given)
    knobs = {
        "margin": {"by": "a", "least": 0.5},
        "lexicographic": {"by": "a+b", "least": 0.1},
        "success_and_cost": {"success": "a"},
        "weak_model": {"weak": "x"},
    }.get(name, {})
    if name in ("best_worst", "all_pairs", "best_worst_per_voice"):
        knobs = {"by": "b"}
    if not given.candidates:
        return
    try:
        relation = settled(named_relation(name, knobs), survey)
    except KnobError:
        assert name == "weak_model"
        return
    tally = new_tally()
    pairs = list(relate([given], relation, tally, equal_by=equal_by))
    words = {
        "我们 go": "我们 go", "我们 Go!": "我们 go", "we go": "we go", "we  go.": "we go",
        "去": "去", "": "", "go home": "go home", "Ｇｏ home": "go home",
    }  # fmt: skip
    characters = {text: text for text in words} | {"Ｇｏ home": "Go home", "we  go.": "we go."}
    same = words if equal_by == "words" else characters
    sides = [
        (same[p.chosen], same[p.rejected], str(p.prompt), str(p.rejected_prompt)) for p in pairs
    ]
    assert all(chosen != rejected and chosen for chosen, rejected, *_ in sides)
    assert len(set(sides)) == len(sides)
    assert tally.pairs == len(pairs)
    assert len({pair.id for pair in pairs}) == len(pairs)


@FEW
@given(rows(), st.sampled_from(sorted(set(RELATIONS) - {"weak_model"})))
def test_every_row_leaves_a_pair_or_a_reason(given, name):
    survey = Survey()
    survey.see(row(scored("x", a=1, b=2, c=3)))
    knobs = {
        "margin": {"by": "a", "least": 0.5},
        "lexicographic": {"by": "a+b"},
        "success_and_cost": {"success": "a"},
        "best_worst": {"by": "a"},
        "all_pairs": {"by": "a"},
        "best_worst_per_voice": {"by": "a"},
    }.get(name, {})
    tally = new_tally()
    list(relate([given], settled(named_relation(name, knobs), survey), tally))
    assert tally.written.total() + tally.dropped.total() > 0
