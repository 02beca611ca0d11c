"""Failure modes: how an Audio LLM fails at code-switching, each detected and imitated."""

from earmark.failures import (
    empty,
    global_translation,
    loop,
    omit_embedded,
    omit_matrix,
    partial_translation,
    preamble,
    quotes,
    refusal,
    run_on,
    sound_alike,
    stock_phrase,
    truncate_at_switch,
    unrelated,
    wrong_script,
)
from earmark.failures.mode import Mode

TWO = "both languages in the truth"
KNOWN = "words that the translator knows"

MODES: dict[str, Mode] = {
    name: Mode(label, detail, needs, module.detect, module.imitate)
    for name, label, detail, needs, module in (
        ("global_translation", "translation", "global", KNOWN, global_translation),
        (
            "partial_translation",
            "translation",
            "partial",
            f"{KNOWN}, and others",
            partial_translation,
        ),
        ("omit_embedded", "omission", "embedded", TWO, omit_embedded),
        ("omit_matrix", "omission", "matrix", TWO, omit_matrix),
        ("truncate_at_switch", "omission", "truncated", TWO, truncate_at_switch),
        ("sound_alike", "error", "phonetic", "a word whose sound is long enough", sound_alike),
        ("loop", "hallucination", "loop", "a truth that does not repeat itself so", loop),
        ("run_on", "hallucination", "run-on", "a word", run_on),
        (
            "stock_phrase",
            "hallucination",
            "stock phrase",
            "a truth without such phrases",
            stock_phrase,
        ),
        ("unrelated", "hallucination", "unrelated", "four words or characters", unrelated),
        (
            "wrong_script",
            "hallucination",
            "wrong script",
            "a word of either language",
            wrong_script,
        ),
        ("preamble", "format", "preamble", "a truth that is not about recordings", preamble),
        ("quotes", "format", "quotes", "a truth without quotes", quotes),
        ("refusal", "format", "refusal", "a truth that is not about recordings", refusal),
        ("empty", "empty", "blank", "a word", empty),
    )
}

TRANSLATING = frozenset({"global_translation", "partial_translation"})
