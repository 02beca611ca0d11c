"""Two texts that differ in spelling only: numbers, spelled letters, joined words, variants.

Scoring counts such differences unless a profile's option folds them; a failure's name does not
depend on them. So both sides are written alike, in the stretches without a hit, before a failure
is named: `320` beside 三百二十, `n b a` beside `nba`, `ok` beside `okay`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from earmark.text.language import language_of
from earmark.text.normalize.options import join_letters
from earmark.text.numbers.digits import EN_ONES, NUMBER, en_number, zh_digits, zh_number
from earmark.text.numbers.said import fold_said
from earmark.text.numbers.written import write_out_tokens

# One row a word: the spelling that is kept, then the others.
VARIANTS: dict[str, str] = {
    other: kept
    for kept, *others in (
        row.split()
        for row in (
            "okay ok okey okie kay",
            "yeah ya yah yea yeh",
            "because cause cuz coz cos",
            "alright allright",
            "hmm hm",
            "mum mom",
            "tv teevee",
            "grey gray",
            "colour color",
            "favourite favorite",
            "behaviour behavior",
            "neighbour neighbor",
            "honour honor",
            "flavour flavor",
            "humour humor",
            "labour labor",
            "centre center",
            "theatre theater",
            "metre meter",
            "litre liter",
            "realise realize",
            "organise organize",
            "recognise recognize",
            "apologise apologize",
            "memorise memorize",
            "analyse analyze",
            "programme program",
            "licence license",
            "practise practice",
            "travelling traveling",
            "cancelled canceled",
            "learnt learned",
            "dreamt dreamed",
            "tyre tire",
            "cheque check",
            "doughnut donut",
            "pyjamas pajamas",
            "though tho",
            "through thru",
        )
    )
    for other in others
}
# One token that is short for several.
SHORT: dict[str, tuple[str, ...]] = {
    short: tuple(whole.split())
    for short, whole in {
        "i'm": "i am", "im": "i am", "you're": "you are", "he's": "he is", "she's": "she is",
        "it's": "it is", "we're": "we are", "they're": "they are", "that's": "that is",
        "there's": "there is", "what's": "what is", "let's": "let us", "i've": "i have",
        "you've": "you have", "we've": "we have", "they've": "they have", "i'll": "i will",
        "you'll": "you will", "we'll": "we will", "they'll": "they will", "he'll": "he will",
        "she'll": "she will", "it'll": "it will", "don't": "do not", "dont": "do not",
        "doesn't": "does not", "didn't": "did not", "can't": "can not", "cannot": "can not",
        "cant": "can not", "won't": "will not", "isn't": "is not", "aren't": "are not",
        "wasn't": "was not", "weren't": "were not", "haven't": "have not", "hasn't": "has not",
        "couldn't": "could not", "shouldn't": "should not", "wouldn't": "would not",
        "gonna": "going to", "wanna": "want to", "gotta": "got to", "dunno": "do not know",
        "wifi": "wi fi", "email": "e mail", "tshirt": "t shirt", "xray": "x ray",
        "kinda": "kind of", "lemme": "let me", "gimme": "give me",
    }.items()
}  # fmt: skip
SAID_IN_TWO_WAYS = "两〇"
NUMERALS = frozenset("零〇一二两三四五六七八九十百千万亿")


class Alike(NamedTuple):
    """Two stretches, truth and hypothesis, with what differs in spelling only written alike."""

    truth: list[str]
    hyp: list[str]


def may_differ_in_spelling(tokens: Iterable[str]) -> bool:
    """Return whether some token could be written in another way.

    >>> may_differ_in_spelling(["我", "38"]), may_differ_in_spelling(["我", "meeting"])
    (True, False)
    """
    return any(
        token in VARIANTS
        or token in SHORT
        or (len(token) == 1 and (token.isascii() or token in SAID_IN_TWO_WAYS))
        or not token.isalpha()
        for token in tokens
    )


def written_alike(truth: Sequence[str], hyp: Sequence[str]) -> Alike:
    """Write two stretches alike where they differ in spelling only.

    >>> written_alike(["三", "百"], ["300"])
    Alike(truth=['三', '百'], hyp=['三', '百'])
    >>> written_alike(["n", "b", "a"], ["nba"]), written_alike(["ok"], ["okay"])
    (Alike(truth=['nba'], hyp=['nba']), Alike(truth=['okay'], hyp=['okay']))
    """
    return Alike(_folded(truth, hyp), _folded(hyp, truth))


def _folded(tokens: Sequence[str], beside: Sequence[str]) -> list[str]:
    """Write out numbers, contractions and variants, numbers as the other side says them."""
    written: list[str] = []
    for token in _sums(join_letters(write_out_tokens(list(tokens))), beside):
        number = NUMBER.fullmatch(token) if token[0].isdigit() and token not in beside else None
        if number is not None:
            written += _said(number[1], number[2], number[3], beside)
        elif token in SHORT:
            written += SHORT[token]
        else:
            plain = token.replace("'", "").replace("’", "")
            written.append(VARIANTS.get(plain, plain) or token)
    return fold_said(written)


def _sums(tokens: list[str], beside: Sequence[str]) -> list[str]:
    """Write two numbers as a time of day or a fraction where the other side says one.

    >>> _sums(["10", "30"], list("十点半")), _sums(["1", "3"], list("三分之一"))
    (['10', '点', '30', '分'], ['3', '分', '之', '1'])
    """
    if len(tokens) != 2 or not all(token.isdecimal() for token in tokens):
        return tokens
    one, other = tokens
    if "点" in beside and int(one) <= 24 and int(other) < 60:
        return [one, "点", other, "分"]
    return [other, "分", "之", one] if "之" in beside else tokens


def _said(whole: str, fraction: str | None, percent: str, beside: Sequence[str]) -> list[str]:
    """Say a number in the language of the other side: as a number, or digit by digit.

    >>> _said("995", None, "", ["nine", "nine", "five"]), _said("2019", None, "", list("二零一九"))
    (['nine', 'nine', 'five'], ['二', '零', '一', '九'])
    """
    zh = any(token in NUMERALS for token in beside)
    en = any(language_of(token) == "en" for token in beside)
    if zh or not en:
        is_by_digit = len(whole) > 1 and not set("十百千万亿") & set(beside)
        said = zh_digits(whole) if is_by_digit else zh_number(whole)
        said += "点" + zh_digits(fraction) if fraction else ""
        return list("百分之" + said if percent else said)
    words = next((way for way in _ways(whole) if set(way) <= set(beside)), en_number(whole))
    words = [*words, "point", *(EN_ONES[int(digit)] for digit in fraction)] if fraction else words
    return [*words, "percent"] if percent else words


def _ways(whole: str) -> Iterator[list[str]]:
    """Yield the ways to say a whole number in English: a year in two halves, each digit alone."""
    yield en_number(whole)
    if len(whole) == 4 and "0" not in (whole[0], whole[2]):
        yield [*en_number(whole[:2]), *en_number(whole[2:])]
    yield [EN_ONES[int(digit)] for digit in whole]
