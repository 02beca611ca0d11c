"""One pass over the pairs before anything is loaded: what is wrong, and what all have in common.

No clip is read here; that a file is there is all that is asked of it.
"""

from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError
from earmark.objectives.contract import Contract
from earmark.policies.policy import Policy
from earmark.progress import track
from earmark.train.encode import answers_of, audio_parts
from earmark.train.lacking import Criterion, Lacking, criterion_of, one_score_each
from earmark.train.pair_file import Pairs, digest_of

# More different answers than any row has candidates: each prompt then has one of another.
MANY = 100


class Survey(NamedTuple):
    """What the training set is: a hash of all rows, and what scores are compared by.

    `mean_score_gap` is the mean of chosen minus rejected score, in the scores' own unit;
    `without_audio` is the first pair whose prompt has none.
    """

    digest: str
    without_audio: str | None = None
    criterion: Criterion | None = None
    mean_score_gap: float | None = None


def survey(pairs: Pairs, folder: Path, needs: Contract, criterion: str = "") -> Survey:
    """Check all pairs for what the objective needs; `folder` is where audio paths start.

    Raises:
        KnobError: the objective needs scores and no criterion is named.
        InputError: names pairs that lack something, that cannot be trained on, or whose audio
            is not there.
    """
    lacking = Lacking(pairs, needs, criterion)
    without_audio: str | None = None
    for pair in track(pairs, "checking pairs", total=len(pairs)):
        if lacking.look(pair):
            if not audio_parts(pair, folder):
                without_audio = without_audio or pair.id
            answers_of(pair, needs)
    lacking.check(len(pairs))
    if needs.needs_mismatched:
        check_mismatched(pairs, needs)
    if not needs.needs_scores:
        return Survey(digest_of(pairs), without_audio)
    compared = criterion_of(pairs, criterion)
    return Survey(digest_of(pairs), without_audio, compared, mean_score_gap(pairs, compared))


def check_modality(found: Survey, policy: Policy) -> None:
    """Refuse pairs without audio for a model that hears.

    Raises:
        InputError: names the first such pair.
    """
    if policy.hears and found.without_audio is not None:
        raise InputError(
            f"pair '{found.without_audio}': its prompt has no audio; expected a content part "
            '{"type": "audio", "audio": PATH}. Without it the model would be trained on text alone'
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
    """Return the mean of chosen minus rejected score over all pairs of the training set."""
    total, count = 0.0, 0
    for pair in pairs:
        chosen, *rejected = one_score_each(pair, criterion)
        total += sum(chosen - score for score in rejected)
        count += len(rejected)
    return total / count
