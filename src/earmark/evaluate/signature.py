"""The signature of a score: everything that must be equal before two scores are compared."""

from collections.abc import Iterable, Sequence

from earmark import __version__
from earmark.errors import InputError
from earmark.records import Hypothesis
from earmark.text.profiles import Profile, parse_profile
from earmark.translators.dictionaries.dictionary import Dictionary

# What each recipe does, in the words of the signature; the options add to it.
RECIPES = {
    "default": "norm:default-2|han:char|latin:word|hyphen:split|t2s:opencc",
    "espnet-seame": "norm:espnet-seame-1|han:char|latin:word|hyphen:split|t2s:none",
    "wenet-tal": "norm:wenet-tal-1|han:char|latin:word|hyphen:split|t2s:none",
    "ascend": "norm:ascend-1|han:char|latin:word|hyphen:token|t2s:none",
}

# In the signature of a score whose failures were not named.
NO_FAILURES = "failures:none"


def signature(
    profile: str | Profile,
    hyps: Iterable[Hypothesis] = (),
    dictionary: Dictionary | None = None,
    *,
    failures: bool = True,
    stripped: Sequence[str] = (),
    set_aside: int = 0,
    count_set_aside: bool = False,
) -> str:
    """Write the signature of a score.

    The token cap of the decoding is in it if the hypotheses record one, the dictionary, if one
    helped to name the failures, or that they were not named, the families whose marks were
    stripped, and how many utterances were set aside when they were transcribed, with what became
    of them.

    >>> signature("default+ok-okay").split("|")[:3]
    ['mixed_error_rate', 'norm:default-2+ok-okay', 'han:char']
    >>> signature("default").split("|")[6:]
    ['align:most-hits', 'empty:insertions', 'missing:deletions', 'v:0.1']
    """
    chosen = parse_profile(profile)
    norm, _, rest = RECIPES[chosen.name].partition("|")
    norm += str(chosen).removeprefix(chosen.name)
    for policy in ("join", "keep"):
        if f"hyphen-{policy}" in chosen.options:
            rest = rest.replace("hyphen:split", f"hyphen:{policy}")
    cap = token_cap(hyps)
    parts = ["mixed_error_rate", norm, rest, "align:most-hits"]
    parts += ["empty:insertions", "missing:deletions"]
    became = "deletions" if count_set_aside else "left-out"
    parts += [f"set-aside:{set_aside}-{became}"] if set_aside else []
    parts += [f"stripped:{'+'.join(sorted(set(stripped)))}"] if stripped else []
    parts += [f"cap:{cap}"] if cap else []
    parts += [dictionary.name] if dictionary and failures else []
    parts += [] if failures else [NO_FAILURES]
    return "|".join([*parts, "v:" + ".".join(__version__.split(".")[:2])])


def token_cap(hyps: Iterable[Hypothesis]) -> str | None:
    """Return how many tokens an answer could have, as the hypotheses record it; None if unknown.

    Raises:
        InputError: the hypotheses were not all decoded with the same cap.
    """
    caps = {_cap_of(hyp) if hyp.made_by else None for hyp in hyps}
    if len(caps) > 1:
        named = ", ".join(sorted("unknown" if cap is None else cap for cap in caps))
        raise InputError(
            f"the hypotheses were decoded with different token caps ({named}); a loop costs as "
            "many errors as the cap allows, so transcribe them all with one --max-new-tokens"
        )
    return next(iter(caps), None)


def _cap_of(hyp: Hypothesis) -> str | None:
    """Return the token cap that a hypothesis records, as text: what others record may be anything.

    >>> _cap_of(Hypothesis("u1", "好", made_by={"decoding": "greedy"})) is None
    True
    """
    decoding = hyp.made_by.get("decoding")
    cap = decoding.get("max_new_tokens") if isinstance(decoding, dict) else None
    return None if cap is None else str(cap)


def check_comparable(first: str, second: str) -> None:
    """Refuse two signatures that differ.

    Raises:
        InputError: names each part in which they differ.
    """
    if first == second:
        return
    one, two = first.split("|"), second.split("|")
    here = " ".join(part for part in one if part not in two) or "nothing more"
    there = " ".join(part for part in two if part not in one) or "nothing more"
    raise InputError(
        f"these scores cannot be compared: the first has {here}, the second {there}; "
        "score both with the same profile, decoding and version of earmark"
    )
