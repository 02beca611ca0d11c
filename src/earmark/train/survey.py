"""One pass over the pairs before anything is loaded: what is wrong, and what all have in common.

No clip is read here: the header of its file says whether it is sound, and how long.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError
from earmark.objectives.contract import Contract
from earmark.pairs.prompts import form_problems
from earmark.policies.policy import Policy
from earmark.progress import track
from earmark.records import Pair
from earmark.train.clips import ClipRef
from earmark.train.encode import answers_of, audio_parts
from earmark.train.lacking import Criterion, Lacking, criterion_of, one_score_each
from earmark.train.pair_file import Pairs, digest_of
from earmark.train.telling import Telling

# More different answers than any row has candidates: each prompt then has one of another.
MANY = 100


class Sound(NamedTuple):
    """What the pairs are to the ear: the longest clip, the first pair without a clip."""

    longest_s: float = 0.0
    longest_in: str | None = None
    without_audio: str | None = None

    def add(self, pair: Pair, clips: Sequence[ClipRef]) -> "Sound":
        """Return what is known when one more pair was seen."""
        seen = self
        if not clips and self.without_audio is None:
            seen = seen._replace(without_audio=pair.id)
        for clip in clips:
            if clip.duration_s() > seen.longest_s:
                seen = seen._replace(longest_s=clip.duration_s(), longest_in=pair.id)
        return seen


class Survey(NamedTuple):
    """What the training set is: a hash of all rows, its sound, the rows that tell most.

    `criterion` is what scores are compared by, `mean_score_gap` the mean of chosen minus rejected
    score, not below 0, in the scores' own unit.
    """

    digest: str
    sound: Sound
    telling: Telling
    criterion: Criterion | None = None
    mean_score_gap: float | None = None


def survey(
    pairs: Pairs, folder: Path, needs: Contract, criterion: str = "", tie: float | None = None
) -> Survey:
    """Check all pairs for what the objective needs; `folder` is where audio paths start.

    Raises:
        KnobError: the objective needs scores and no criterion is named.
        InputError: names pairs that lack something, that cannot be trained on, or whose audio
            is not there.
    """
    lacking = Lacking(pairs, needs, criterion)
    sound, telling = Sound(), Telling()
    for number, pair in enumerate(track(pairs, "checking pairs", total=len(pairs))):
        for problem in form_problems(pair.prompt):
            raise InputError(f"pair '{pair.id}': {problem}")
        if lacking.look(pair):
            answers_of(pair, needs)
            clips = audio_parts(pair, folder)
            sound = sound.add(pair, clips)
            telling.look(number, pair, clips)
    lacking.check(len(pairs))
    if needs.needs_mismatched:
        check_mismatched(pairs, needs)
    if not needs.needs_scores:
        return Survey(digest_of(pairs), sound, telling)
    compared = criterion_of(pairs, criterion, tie)
    gap = mean_score_gap(pairs, compared)
    if "mean_score_gap" in needs.tensors and not gap:
        raise InputError(
            f"no chosen answer has a higher score than a rejected one by '{criterion}', so this "
            "objective would weigh every pair 0; name another criterion with --criterion"
        )
    return Survey(digest_of(pairs), sound, telling, compared, gap)


def check_sound(sound: Sound, policy: Policy) -> None:
    """Refuse what a model cannot hear.

    Raises:
        InputError: a pair without audio for a model that hears, one with audio for a model that
            does not, or a clip too long for the model; names the pair.
    """
    if policy.hears and sound.without_audio is not None:
        raise InputError(
            f"pair '{sound.without_audio}': its prompt has no audio; expected a content part "
            '{"type": "audio", "audio": PATH}. Without it the model would be trained on text alone'
        )
    if not policy.hears and sound.longest_in is not None:
        raise InputError(
            f"pair '{sound.longest_in}': its prompt holds audio, but this model reads text alone; "
            "choose an audio model, or leave the audio out of the prompts"
        )
    if policy.hears and sound.longest_s > policy.longest_clip_s:
        raise InputError(
            f"pair '{sound.longest_in}': {sound.longest_s:.2f} s of audio, but this model hears "
            f"{policy.longest_clip_s:g} s at most; cut it into shorter utterances"
        )


def check_mismatched(pairs: Pairs, needs: Contract) -> None:
    """Check that each prompt can be compared with an answer of another one.

    Raises:
        InputError: all pairs have the same answers.
    """
    others: set[str] = set()
    most = 0
    for pair in pairs:
        own, _ = answers_of(pair, needs)
        most = max(most, len(own))
        others.add(own[0])
        if len(others) > max(most, MANY):
            return
    for pair in pairs:
        if others <= set(answers_of(pair, needs)[0]):
            raise InputError(
                f"pair '{pair.id}': no other pair has another answer; this objective compares "
                "each prompt with the answer of another one, so it needs at least two pairs"
            )


def mean_score_gap(pairs: Pairs, criterion: Criterion) -> float:
    """Return the mean of chosen minus rejected score over all pairs; reversed ones count 0."""
    total, count = 0.0, 0
    for pair in pairs:
        chosen, *rejected = one_score_each(pair, criterion)
        total += sum(max(chosen - score, 0.0) for score in rejected)
        count += len(rejected)
    return total / count
