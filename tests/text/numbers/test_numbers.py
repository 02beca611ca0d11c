import pytest

from earmark.text.numbers.digits import en_number, zh_number

SPOKEN = [
    ("0", "零", "zero"),
    ("7", "七", "seven"),
    ("10", "十", "ten"),
    ("15", "十五", "fifteen"),
    ("20", "二十", "twenty"),
    ("99", "九十九", "ninety nine"),
    ("100", "一百", "one hundred"),
    ("101", "一百零一", "one hundred one"),
    ("110", "一百一十", "one hundred ten"),
    ("1000", "一千", "one thousand"),
    ("1001", "一千零一", "one thousand one"),
    ("1010", "一千零一十", "one thousand ten"),
    ("2019", "二千零一十九", "two thousand nineteen"),
    ("10000", "一万", "ten thousand"),
    ("10001", "一万零一", "ten thousand one"),
    ("100000", "十万", "one hundred thousand"),
    ("102030", "十万二千零三十", "one hundred two thousand thirty"),
    ("100000000", "一亿", "one hundred million"),
    ("100010000", "一亿零一万", "one hundred million ten thousand"),
    ("100000001", "一亿零一", "one hundred million one"),
    ("007", "零零七", "zero zero seven"),
]


@pytest.mark.parametrize(("digits", "zh", "en"), SPOKEN)
def test_known_readings(digits, zh, en):
    assert zh_number(digits) == zh
    assert " ".join(en_number(digits)) == en


def test_no_two_numbers_sound_the_same():
    numbers = [str(n) for n in [*range(12_000), *range(90_000, 1_200_000, 997)]]
    assert len({zh_number(n) for n in numbers}) == len(numbers)
    assert len({" ".join(en_number(n)) for n in numbers}) == len(numbers)
