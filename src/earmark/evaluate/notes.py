"""What a reader of a score should know beside its numbers, in plain sentences."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from earmark.evaluate.bootstrap import Unit
from earmark.prompting.marks import SPECIAL_TOKENS, Found, find_marks
from earmark.records import Hypothesis, Utterance
from earmark.text.normalize.noise_marks import NOISE_MARK, is_null
from earmark.text.profiles import Profile

FEW_SPEAKERS = 10
SHOWN_IDS = 3
LONGEST_NULL = 16
_BRACKETS = frozenset("<[({（【♪♫♬")


def notes_on(
    truths: Sequence[Utterance], hyps: Sequence[Hypothesis], profile: Profile, over: Unit
) -> tuple[str, ...]:
    """Say what in the texts counts as words but is none, and whether intervals can be trusted.

    Args:
        truths: what was said.
        hyps: what a system wrote, its marks already stripped where that was wanted.
        profile: how texts are split.
        over: what intervals resample.
    """
    return (
        *_on_marks(hyps, profile),
        *_on_noise("truths", [(row.id, row.text or "") for row in truths], profile),
        *_on_null("truths", [(row.id, row.text or "") for row in truths], profile),
        *_on_null("hypotheses", [(row.id, row.text) for row in hyps], profile),
        *_on_speakers(truths, over),
    )


def _ids(ids: Sequence[str]) -> str:
    """Name a few ids.

    >>> _ids(["a", "b", "c", "d"])
    'a, b, c, ...'
    """
    return ", ".join(ids[:SHOWN_IDS]) + (", ..." if len(ids) > SHOWN_IDS else "")


def _on_marks(hyps: Sequence[Hypothesis], profile: Profile) -> Iterator[str]:
    """Say which marks of models are in the hypotheses and how they are stripped."""
    found = find_marks(hyps)
    marked = {each.id for each in found}
    texts = [(row.id, row.text) for row in hyps if row.id not in marked]
    if not found:
        yield from _on_noise("hypotheses", texts, profile)
        return
    kinds: dict[tuple[str, ...], Found] = {}
    for each in found:
        kinds.setdefault(each.families, each)
    shown = ", ".join(f"{each.mark} in {each.id}" for each in kinds.values())
    names = _fewest_names(kinds)
    flags = " ".join(f"--strip-marks {name}" for name in names)
    yield (
        f"{len(found)} of {len(hyps)} hypotheses hold marks that models write around transcripts "
        f"({shown}), which count as words; strip them with {flags} (strip_marks={names} in Python)"
    )
    yield from _on_noise("hypotheses", texts, profile)


def _fewest_names(kinds: Iterable[tuple[str, ...]]) -> list[str]:
    """Choose few families that cover all kinds of marks; any family covers special tokens.

    >>> _fewest_names([("special-tokens",), ("whisper",)]), _fewest_names([("special-tokens",)])
    (['whisper'], ['special-tokens'])
    """
    own = [families for families in kinds if families != (SPECIAL_TOKENS,)]
    names: list[str] = []
    for families in own:
        if not set(families) & set(names):
            names.append(families[0])
    return names or [SPECIAL_TOKENS]


def _on_noise(side: str, texts: Sequence[tuple[str, str]], profile: Profile) -> Iterator[str]:
    """Say that marks of noise count as words, unless the profile removes them."""
    if "noise-marks" in profile.options or not _may_hold(_BRACKETS, texts):
        return
    found = [
        (id_, match[0])
        for id_, text in texts
        if not _BRACKETS.isdisjoint(text) and (match := NOISE_MARK.search(text))
    ]
    if found:
        yield (
            f"{len(found)} of {len(texts)} {side} hold marks of what is not speech "
            f"({found[0][1]} in {found[0][0]}), which count as words; "
            f"--profile {profile.name}+noise-marks removes them on both sides"
        )


def _may_hold(chars: Collection[str], texts: Sequence[tuple[str, str]]) -> bool:
    """Return whether some text holds one of a few characters, in one look at all of them."""
    joined = "".join([text for _, text in texts])
    return any(char in joined for char in chars)


def _on_null(side: str, texts: Sequence[tuple[str, str]], profile: Profile) -> Iterator[str]:
    """Say that texts are what programs write for a missing value."""
    if "null-text" in profile.options:
        return
    found = [id_ for id_, text in texts if 0 < len(text) <= LONGEST_NULL and is_null(text)]
    if found:
        yield (
            f"{len(found)} of {len(texts)} {side} are nothing but None, nan or null "
            f"({_ids(found)}), which programs write for a missing value; it counts as a word. "
            f"Correct the file, or take such texts for empty: --profile {profile.name}+null-text"
        )


def _on_speakers(truths: Sequence[Utterance], over: Unit) -> Iterator[str]:
    """Say why intervals are not over speakers, or that there are too few of them."""
    speakers = {truth.speaker for truth in truths}
    unnamed = sum(truth.speaker is None for truth in truths)
    if over == "speaker" and len(speakers) < FEW_SPEAKERS:
        yield (
            f"the intervals are over {len(speakers)} speakers, too few to trust them; "
            "--over utterance resamples utterances"
        )
    if over == "utterance" and 0 < unnamed < len(truths):
        yield (
            f"the intervals are over utterances: {unnamed} of {len(truths)} utterances name no "
            "speaker, and rows without one are not taken for one speaker"
        )
