"""Keep the pairs whose chosen answer is in certain languages and in one script."""

from collections.abc import Iterator
from typing import Literal

from earmark.curate.fields import check_one_of, names_in
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import KnobError
from earmark.records import Pair
from earmark.text import tokenize
from earmark.text.codeswitching import language_codes, mixture
from earmark.text.normalize.traditional import is_traditional

LANGUAGES = ("zh", "en", "mixed", "other")
Script = Literal["any", "simplified", "traditional"]


def language(
    pairs: Stream, *, keep: str = "zh+en+mixed", script: Script = "any", agrees: bool = False
) -> Iterator[Verdict]:
    """Keep pairs whose chosen answer is in one of these languages, and its Han in one script.

    The language is found from the letters: Han is Mandarin, Latin is English, both are mixed, and
    anything else is `other`.

    Args:
        pairs: their answers are texts.
        keep: languages to keep, with plus signs: zh, en, mixed, other.
        script: the script of Han: simplified, traditional, or any.
        agrees: whether a pair whose `language` says something else is dropped.

    Raises:
        KnobError: an unknown language or script.

    >>> [verdict.why for verdict in language([Pair("p", [], "hello", "hi")], keep="zh+mixed")]
    ['the chosen answer is en']
    """
    kept = names_in(keep)
    check_one_of(kept, LANGUAGES, "keep")
    check_one_of([script], ("any", "simplified", "traditional"), "script")
    if not kept:
        raise KnobError(f"keep should name languages of: {', '.join(LANGUAGES)}; found none")
    return (_judge(pair, kept, script, agrees) for pair in pairs)


def language_in(text: str) -> str:
    """Return the language of a text: zh, en, mixed or other.

    >>> language_in("我想 review"), language_in("123")
    ('mixed', 'other')
    """
    mix = mixture(language_codes(tokenize(text)))
    if mix.is_mixed:
        return "mixed"
    return "zh" if mix.zh else "en" if mix.en else "other"


def _judge(pair: Pair, kept: tuple[str, ...], script: Script, agrees: bool) -> Verdict:
    found = language_in(pair.chosen)
    if found not in kept:
        return Drop(pair, f"the chosen answer is {found}")
    if agrees and pair.language is not None and pair.language != found:
        return Drop(pair, f"the chosen answer is {found}, and the pair's language {pair.language}")
    if script != "any" and found in ("zh", "mixed"):
        is_it = "traditional" if is_traditional(pair.chosen) else "simplified"
        if is_it != script:
            return Drop(pair, f"the chosen answer is in {is_it} characters")
    return Keep(pair)
