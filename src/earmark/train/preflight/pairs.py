"""One pass over the pairs before anything is loaded: what is wrong, and what all have in common.

The header of a file says whether it is sound, and how long; clips are read as a whole where bad
ones are to be set aside, since a clip that is damaged in the middle would end the run later.
"""

import math
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from earmark.errors import InputError
from earmark.objectives.contract.signature import Contract
from earmark.pairs.pair_file import PairFile, Pairs, digest_of
from earmark.pairs.rules import prompt_problems
from earmark.policies.audio import AudioPolicy
from earmark.policies.checks.short_audio import SURELY_HEARD_S, check_long_enough
from earmark.policies.policy import Policy
from earmark.progress import track
from earmark.records import Pair
from earmark.train.data.clip import ClipRef
from earmark.train.data.criterion import Criterion, criterion_of, one_score_each
from earmark.train.data.examples import answers_of, clips_of, prompts_of
from earmark.train.preflight.extreme_rows import Telling
from earmark.train.preflight.missing import Lacking, Unusable, can_be_left_out

# More different answers than any row has candidates: each prompt then has one of another.
MANY = 100


class Sound(NamedTuple):
    """What the pairs are to the ear: the longest and shortest clip, whether any or all have one."""

    longest_s: float = 0.0
    shortest_s: float = math.inf
    any_audio: bool = False
    all_audio: bool = True

    def add(self, clips: Sequence[ClipRef]) -> "Sound":
        """Return what is known when the clips of one more pair were seen."""
        lengths_s = [clip.duration_s() for clip in clips]
        return Sound(
            max([self.longest_s, *lengths_s]),
            min([self.shortest_s, *lengths_s]),
            self.any_audio or bool(clips),
            self.all_audio and bool(clips),
        )

    def suits(self, policy: Policy) -> bool:
        """Return whether a model surely hears all pairs, and needs to hear none that it cannot."""
        if not isinstance(policy, AudioPolicy):
            return not self.any_audio
        long_enough = self.shortest_s >= SURELY_HEARD_S
        return self.all_audio and long_enough and self.longest_s <= policy.longest_clip_s


class Survey(NamedTuple):
    """What the training set is: pairs, a hash of them, their sound, the most extreme rows.

    `clips` counts the different files and spans. `criterion` is what scores are compared by,
    `mean_score_gap` the mean of chosen minus rejected score, not below 0, in their own unit.
    """

    pairs: Pairs
    digest: str
    sound: Sound
    telling: Telling
    clips: int
    criterion: Criterion | None = None
    mean_score_gap: float | None = None


def survey(
    pairs: Pairs,
    folder: Path,
    needs: Contract,
    criterion: str = "",
    tie: float | None = None,
    policy: Policy | None = None,
) -> Survey:
    """Check all pairs for what the objective needs; `folder` is where audio paths start.

    With `policy`, what that model cannot hear is refused as well. Pairs that cannot be trained on
    are set aside where the file was opened for that, and the others looked at again.

    Raises:
        KnobError: the objective needs scores and no criterion is named.
        InputError: names pairs that lack something, that cannot be trained on, or whose audio
            is not there.
    """
    lacking, unusable = Lacking(pairs, needs, criterion), Unusable()
    sound, telling, heard = Sound(), Telling(), array("q")
    formed = isinstance(pairs, PairFile)
    for number, pair in enumerate(track(pairs, "checking pairs", total=len(pairs))):
        missing = lacking.look(pair)
        if missing:
            if can_be_left_out(pairs):
                unusable.add(number, pair, InputError(f"pair {'; '.join(missing)}"))
            continue
        try:
            if not formed:
                check_form(pair)
            clips = check_pair(pair, folder, needs, policy)
            for clip in clips if can_be_left_out(pairs) else ():
                clip.check_whole()
            sound = sound.add(clips)
        except InputError as error:
            unusable.add(number, pair, error)
            continue
        telling.look(number, pair, clips)
        heard.extend(map(hash, clips))
    if unusable.reasons:
        return survey(unusable.leave_out(pairs), folder, needs, criterion, tie, policy)
    lacking.check(len(pairs))
    if needs.needs_mismatched:
        check_mismatched(pairs, needs)
    found = Survey(pairs, digest_of(pairs), sound, telling, len(np.unique(heard)))
    if not needs.needs_scores:
        return found
    compared = criterion_of(pairs, criterion, tie)
    gap = mean_score_gap(pairs, compared)
    if "mean_score_gap" in needs.tensors and not gap:
        raise InputError(
            f"no chosen answer has a higher score than a rejected one by '{criterion}', so this "
            "objective would weigh every pair 0; name another criterion with --criterion"
        )
    return found._replace(criterion=compared, mean_score_gap=gap)


def check_form(pair: Pair) -> None:
    """Refuse a prompt without proper form; those of a file were looked at when it was opened.

    Raises:
        InputError: says what is wrong.
    """
    for problem in prompt_problems(pair):
        raise InputError(problem)


def check_pair(pair: Pair, folder: Path, needs: Contract, policy: Policy | None) -> list[ClipRef]:
    """Return the clips of a pair that can be trained on.

    Raises:
        InputError: answers or audio that cannot be used.
    """
    answers_of(pair, needs)
    sides = [clips_of(pair.id, prompt, folder) for prompt in prompts_of(pair)]
    if any(sides) and not all(sides):
        raise InputError(
            f"pair '{pair.id}': one of prompt and rejected_prompt has audio and the other has none;"
            " a side that is heard would be compared with one that is read"
        )
    if policy is not None:
        for clips in sides:
            check_sound(clips, policy)
    return [clip for clips in sides for clip in clips]


def check_sound(clips: Sequence[ClipRef], policy: Policy) -> None:
    """Refuse a pair that a model cannot hear.

    Raises:
        InputError: no audio for a model that hears, audio for one that does not, or a clip too
            long or too short for the model.
    """
    if policy.hears and not clips:
        raise InputError(
            "its prompt has no audio; expected a content part "
            '{"type": "audio", "audio": PATH}. Without it the model would be trained on text alone'
        )
    if not isinstance(policy, AudioPolicy):
        if not clips:
            return
        raise InputError(
            "its prompt holds audio, but this model reads text alone; "
            "choose an audio model, or leave the audio out of the prompts"
        )
    for clip in clips:
        if clip.duration_s() < SURELY_HEARD_S:
            check_long_enough(policy, clip.read())
    longest_s = max((clip.duration_s() for clip in clips), default=0.0)
    if longest_s > policy.longest_clip_s:
        raise InputError(
            f"{longest_s:.2f} s of audio, but this model hears {policy.longest_clip_s:g} s at "
            "most; cut it into shorter utterances"
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
