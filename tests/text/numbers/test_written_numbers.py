"""Numbers in digits and in words: what is said alike is equal, and what is not is not."""

import pytest

from earmark.text import tokenize
from earmark.text.numbers.digits import en_ordinal

PROFILE = "default+digits-to-words"

ALIKE = [
    ("200块", "两百块"),
    ("2个", "两个"),
    ("2000 people", "two thousand people"),
    ("$5", "five dollars"),
    ("$1", "one dollar"),
    ("$2.50", "two dollars and fifty cents"),
    ("US$3 million", "three million dollars"),
    ("给我$5吧", "给我五美元吧"),
    ("¥20 块钱", "二十元 块钱"),
    ("￡１２", "twelve pounds"),
    ("1st", "first"),
    ("the 22nd of May", "the twenty second of may"),
    ("the 100th", "the one hundredth"),
    ("第1名", "第一名"),
    ("at 12:30", "at twelve thirty"),
    ("12:30开会", "十二点半开会"),
    ("12:30开会", "十二点三十开会"),
    ("12:30开会", "十二点三十分开会"),
    ("12点半开会", "十二点三十分开会"),
    ("9:05到", "九点零五分到"),
    ("9:00到", "九点钟到"),
    ("9:15 到", "九点一刻到"),
    ("3:00 pm", "three pm"),
    ("at 3:00", "at three o'clock"),
    ("3:05 PM", "three oh five pm"),
    ("98年", "九八年"),
    ("98年", "九十八年"),
    ("2019年", "二零一九年"),
    ("2000年", "两千年"),
    ("20年", "二十年"),
    ("1/3", "one third"),
    ("3/4 of it", "three quarters of it"),
    ("占1/3", "占三分之一"),
    ("½ 的人", "二分之一的人"),
    ("-5", "minus five"),
    ("-5", "negative five"),
    ("-5度", "负五度"),
    ("今天-5度", "今天负五度"),
    ("−5％", "minus five per cent"),
    ("-$5", "minus five dollars"),
    ("105", "one hundred and five"),
    ("100 times", "a hundred times"),
]
UNLIKE = [
    ("-5", "5"),
    ("-5度", "5度"),
    ("1/3", "1 3"),
    ("$5", "5"),
    ("1st", "1"),
    ("12:30", "1230"),
]
AS_THEY_ARE = [
    ("mp3", "mp3"),
    ("COVID-19", "covid nineteen"),
    ("2019年-2020年", "二 零 一 九 年 二 零 二 零 年"),
    ("3-5个", "三 五 个"),
    ("24/7", "twenty four seven"),
    ("1:23:45 到", "一 二 十 三 四 十 五 到"),
    ("两岸", "二 岸"),
    ("三点五", "三 点 五"),
    ("3.5块", "三 点 五 块"),
    ("版本 1.2.3", "版 本 1.2.3"),
    ("one of them and a half", "one of them and a half"),
]


@pytest.mark.parametrize(("written", "said"), ALIKE)
def test_what_is_said_alike_is_equal(written, said):
    assert tokenize(written, PROFILE) == tokenize(said, PROFILE)


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_what_is_said_otherwise_is_not(one, other):
    assert tokenize(one, PROFILE) != tokenize(other, PROFILE)


@pytest.mark.parametrize(("text", "tokens"), AS_THEY_ARE)
def test_what_is_no_sign_fraction_or_time_is_plain_numbers(text, tokens):
    assert tokenize(text, PROFILE) == tokens.split()


def test_no_two_ordinals_sound_the_same():
    ordinals = {" ".join(en_ordinal(str(n))) for n in range(1, 2000)}
    assert len(ordinals) == 1999
    assert {"first", "twenty third", "twelfth", "one thousand fifth"} <= ordinals
