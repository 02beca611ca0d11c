"""Replies turn the persons around and ask nothing; translations and mishearings do not."""

import pytest

from earmark.failures.cascade import name_failure
from earmark.failures.phrases import Phrases
from earmark.translators.dictionaries.choose import load_dictionary

SHIPPED = load_dictionary("earmark")


@pytest.mark.parametrize(
    ("truth", "hyp"),
    [
        ("where do you work now", "I work by the sea, in a very small fishing village."),
        ("你们公司在哪里", "我们公司的新大楼就在市中心的火车站旁边。"),
        ("what time does the museum open", "The museum opens at ten on all days of the week."),
        ("有没有停车场", "有的，楼下左边就是。"),
        ("我昨天 finally 考完试了", "太好了！你接下来打算做些什么呢？"),
        ("他在 airport 等行李", "抱歉，我没有行李的相关消息。"),
        ("他在 airport 等行李", "嗯，我听出来的是：他在 airport 等行李"),
    ],
)
@pytest.mark.parametrize("dictionary", [SHIPPED, None], ids=["earmark", "no dictionary"])
def test_what_answers_comments_or_announces_is_no_transcript(truth, hyp, dictionary):
    assert name_failure(truth, hyp, dictionary=dictionary).label == "format"


@pytest.mark.parametrize(
    ("truth", "hyp"),
    [
        ("where did you grow up", "你在哪里长大"),
        ("why don't you sit down", "你为什么不坐下"),
        ("有没有停车场", "is there a parking lot"),
        ("i understand how you feel", "我理解你的感受"),
        ("excuse me where is the bank", "不好意思请问银行在哪里"),
        ("you can leave it here", "你可以放在这里"),
        ("yes i can swim", "是的我会游泳"),
        ("我昨天 finally 考完试了", "我昨天发了一考完是了"),
        ("他说 go home", "他说：go home"),
        ("他在十二点三十等你", "他在12:30等你"),
    ],
)
@pytest.mark.parametrize("dictionary", [SHIPPED, None], ids=["earmark", "no dictionary"])
def test_translations_and_mishearings_are_no_replies(truth, hyp, dictionary):
    assert name_failure(truth, hyp, dictionary=dictionary).label != "format"


def test_a_loop_that_speaks_of_the_same_is_a_loop():
    truth = "会议下午明天多少钱"
    assert name_failure(truth, "会议下午" + "明天多午" * 6)[:2] == ("hallucination", "loop")


def test_a_phrase_that_protects_is_never_found_and_protects_each_of_its_groups():
    known = Phrases([["为您查", "~帮"], ["happy to help", "~帮"]])
    assert known.find(list("我帮他")) is None
    assert known.opens(list("帮他")) is None
    assert known.groups_in(list("帮他")) == {0, 1}
    assert known.find(list("为你查"), unless=list("帮他")) is None
    assert known.find(list("为你查")) == ("为", "你", "查")
