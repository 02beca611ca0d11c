import random

import pytest

from earmark.text import tokenize
from earmark.text.normalize.simplify import simplify, traditional_characters


@pytest.mark.parametrize(
    ("traditional", "simple"),
    [
        ("後來", "后来"),
        ("記憶體", "记忆体"),  # the word stays, only its characters change
        ("計畫", "计划"),
        ("不瞭解", "不了解"),
        ("瞭望", "瞭望"),
        ("藉口", "借口"),
        ("沈默", "沉默"),
        ("看著", "看着"),
        ("看着", "看着"),
        ("著名", "著名"),
        ("著名的人急著走", "著名的人急着走"),
        ("顯著", "显著"),
        ("显著", "显著"),
        ("名著", "名著"),
        ("三名著急的人", "三名着急的人"),
        ("看著作業", "看着作业"),
        ("對著名單", "对着名单"),
        ("妳", "你"),
        ("牠們", "它们"),
        ("甚麼", "什么"),
        ("甚么", "什么"),
        ("甚至", "甚至"),
        ("後來打坏", "后来打坏"),
        ("打壞", "打坏"),
        ("打坏一坏", "打坏一坏"),
        ("𠮷野家", "𠮷野家"),
    ],
)
def test_characters_become_simplified(traditional, simple):
    assert simplify(traditional) == simple


def test_it_is_one_for_one_and_done_after_one_call():
    rng = random.Random(0)
    pool = sorted(traditional_characters()) + list("我们打坏一计想像干后名作急么著著甚")
    for _ in range(3000):
        run = "".join(rng.choices(pool, k=rng.randint(1, 8)))
        simple = simplify(run)
        assert len(simple) == len(run)
        assert simplify(simple) == simple


def test_a_sentence_in_either_script_has_the_same_tokens():
    assert tokenize("我們後來買了軟體，打電話給蕭乾") == tokenize("我们后来买了软体，打电话给萧乾")
    assert tokenize("看著妳說甚麼，三名著名作家急著走") == tokenize(
        "看着你说什么，三名著名作家急着走"
    )
    assert tokenize("後來他打坏了") == tokenize("后来他打坏了") == tokenize("後來他打壞了")
    assert tokenize("我們後來") != tokenize("我们前来")
