"""The 25 verifiable instructions: for each an answer that follows and one that does not."""

import pytest

from earmark.judges.instruction_rules import Constraint, follows
from earmark.judges.instructions import CONSTRAINTS
from earmark.judges.judge import Failed, Unscored
from judged import scores

LOWER = "this is what i have to say about the cat"
CASES = {
    "keywords:existence": ({"keywords": ["tea", "咖啡"]}, "Tea 和咖啡", "Tea and coffee"),
    "keywords:frequency": (
        {"keyword": "tea", "frequency": 2, "relation": "at least"},
        "tea, then Tea",
        "tea alone",
    ),
    "keywords:forbidden_words": (
        {"forbidden_words": ["cat", "坏"]},
        "a catalogue",
        "a Cat, that is",
    ),
    "keywords:letter_frequency": (
        {"letter": "q", "let_frequency": 2, "let_relation": "less than"},
        "Quite",
        "Quite quick",
    ),
    "language:response_language": ({"language": "zh"}, "今天天气很好", "The weather is good"),
    "length_constraints:number_sentences": (
        {"num_sentences": 3, "relation": "less than"},
        "One. Two at 3.5 kg!",
        "One. Two! 三。",
    ),
    "length_constraints:number_paragraphs": (
        {"num_paragraphs": 2},
        "one\n***\ntwo",
        "one\n\ntwo",
    ),
    "length_constraints:number_words": (
        {"num_words": 4, "relation": "at least"},
        "我们 go now",
        "we go now",
    ),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "later"},
        "Now.\n\nLater, perhaps.",
        "Later.\n\nNow.",
    ),
    "detectable_content:number_placeholders": (
        {"num_placeholders": 2},
        "Dear [name], to [place]",
        "Dear [name], to place",
    ),
    "detectable_content:postscript": (
        {"postscript_marker": "P.P.S"},
        "Bye\nP.P.S call me",
        "Bye\nP.S. call me",
    ),
    "detectable_format:number_bullet_lists": (
        {"num_bullets": 2},
        "* one\n- two",
        "* one\n- two\n* three",
    ),
    "detectable_format:constrained_response": ({}, "Well. My answer is no.", "My answer: no"),
    "detectable_format:number_highlighted_sections": (
        {"num_highlights": 2},
        "*one* **two**",
        "**one**",
    ),
    "detectable_format:multiple_sections": (
        {"section_spliter": "Section", "num_sections": 2},
        "Section 1\na\nSection 2\nb",
        "Section 1\na",
    ),
    "detectable_format:json_format": ({}, '```json\n{"a": [1]}\n```', "{a: 1}"),
    "detectable_format:title": ({}, "<<A day>>\nIt rained", "<< >>\nIt rained"),
    "combination:two_responses": ({}, "Yes\n******\nNo", "Yes\n******\nYes"),
    "combination:repeat_prompt": (
        {"prompt_to_repeat": "Write a poem."},
        "write a poem. Roses",
        "Roses. Write a poem.",
    ),
    "startend:end_checker": ({"end_phrase": "That's all."}, 'Well: "that\'s all."', "That's all!"),
    "startend:quotation": ({}, "“Good morning”", '"Good" morning'),
    "change_case:capital_word_frequency": (
        {"capital_frequency": 2, "capital_relation": "at least"},
        "STOP, said NASA",
        "STOP, said Nasa",
    ),
    "change_case:english_capital": ({}, LOWER.upper(), LOWER.capitalize()),
    "change_case:english_lowercase": ({}, LOWER, LOWER.capitalize()),
    "punctuation:no_comma": ({}, "Red and green", "红，绿"),
}


def test_all_25_are_there_and_tried():
    assert len(CONSTRAINTS) == 25
    assert CASES.keys() == CONSTRAINTS.keys()


@pytest.mark.parametrize("name", CASES)
def test_it_holds_for_one_answer_and_not_for_the_other(name):
    kwargs, good, bad = CASES[name]
    assert follows(good, Constraint(name, kwargs))
    assert not follows(bad, Constraint(name, kwargs))
    assert not follows(" \n", Constraint(name, kwargs)), "an empty answer follows nothing"


# They need data of nltk that no package brings, or guess a language with langdetect.
NOT_COMPARED = (
    "language:response_language",
    "length_constraints:number_sentences",
    "change_case:capital_word_frequency",
    "change_case:english_capital",
    "change_case:english_lowercase",
)
MORE = (
    "plain text",
    "* a\n* b\n*hi* **there**",
    "***\na\n***\nb\n***",
    "My answer is yes. My answer",
    "SECTION 1\n SECTION 2\nSection 1 x Section 2 y",
    "[a][b] [c d]",
    "Dear Tea-lover, tea!\n\nLater we talk\n\n",
)


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_COMPARED])
def test_parity_with_the_published_checkers(name):
    """Answers in ASCII are judged alike by if-verifiable; by others the two differ on purpose."""
    published = pytest.importorskip("if_verifiable.ifeval", reason="if-verifiable is missing")
    kwargs, good, bad = CASES[name]
    theirs = published.INSTRUCTION_DICT[name](name)
    theirs.build_description(**kwargs)
    for answer in filter(str.isascii, (good, bad, *MORE)):
        ours = follows(answer, Constraint(name, kwargs))
        assert ours == bool(theirs.check_following(answer)), answer


def rules(*names):
    return {"instruction_id_list": list(names), "kwargs": [CASES[name][0] for name in names]}


def test_the_judge_gives_the_share_or_all():
    facts = rules("punctuation:no_comma", "startend:quotation")
    assert scores("instruction_rules", '"no"', "no", "a, b", **facts) == [1.0, 0.5, 0.0]
    assert scores("instruction_rules:mode=all", '"no"', "no", **facts) == [1.0, 0.0]


def test_the_loose_check_leaves_a_first_or_last_line_out():
    facts = rules("punctuation:no_comma")
    answer = "Sure, here it is:\nRed and green\nBye, then"
    assert scores("instruction_rules", answer, **facts) == [0.0]
    assert scores("instruction_rules:loose=true", answer, **facts) == [1.0]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "no 'instruction_id_list'"),
        ({"instruction_id_list": ["no_commas"]}, "no instruction 'no_commas'"),
        ({"instruction_id_list": ["startend:quotation"], "kwargs": []}, "a list of 1 objects"),
        (
            {"instruction_id_list": ["startend:end_checker"], "kwargs": [{"end": "x"}]},
            "it has: end_phrase",
        ),
        (
            {"instruction_id_list": ["language:response_language"], "kwargs": [{"language": "de"}]},
            "not known from its script",
        ),
        (
            {
                "instruction_id_list": ["length_constraints:number_words"],
                "kwargs": [{"num_words": "three", "relation": "at least"}],
            },
            "expected a whole number",
        ),
        (
            {
                "instruction_id_list": ["length_constraints:number_words"],
                "kwargs": [{"num_words": 3, "relation": "at most"}],
            },
            "expected at least or less than",
        ),
    ],
)
def test_instructions_that_cannot_be_verified_are_named(facts, said):
    (found,) = scores("instruction_rules", "an answer", **facts)
    assert isinstance(found, Failed)
    assert said in found.why


def test_none_of_a_table_is_no_parameter():
    facts = {
        "instruction_id_list": ["startend:quotation"],
        "kwargs": [{"num_words": None, "relation": None}],
    }
    assert scores("instruction_rules", '"yes"', **facts) == [1.0]


def test_a_keyword_is_no_regular_expression():
    wanted = Constraint("keywords:existence", {"keywords": ["(a+)+$"]})
    assert not follows("a" * 40 + "!", wanted)
    assert follows("it is (a+)+$ here", wanted)
    with pytest.raises(Unscored, match="not blank"):
        follows("text", Constraint("keywords:existence", {"keywords": [" "]}))


@pytest.mark.parametrize(
    ("language", "right", "wrong"),
    [
        ("en", "The cat is here", "Le chat est noir"),
        ("ja", "これは猫です", "今天天气很好"),
        ("zh", "今天天气很好", "これは猫です"),
        ("ko", "고양이", "The cat"),
        ("th", "แมว", "кот"),
    ],
)
def test_languages_by_script(language, right, wrong):
    wanted = Constraint("language:response_language", {"language": language})
    assert follows(right, wanted)
    assert not follows(wrong, wanted)
