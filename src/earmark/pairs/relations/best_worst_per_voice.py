"""Best against worst of answers to several voices, each with its own clip: RBA-Group."""

from earmark.errors import KnobError
from earmark.pairs.relations.relation import (
    Criterion,
    Preferred,
    Verdicts,
    heard_as,
    of_prompt,
    too_few,
)
from earmark.records import Candidates

CLIPS = ("own", "chosen")


def best_worst_per_voice(row: Candidates, *, by: Criterion = "", clips: str = "own") -> Verdicts:
    """Prefer the best answer to the worst one to another clip; each side keeps its clip.

    RBA-Group (arXiv 2509.03526): an instruction is spoken by four voices, the model answers each
    clip once, a reward model scores the answers, and DPO takes best against worst, each side under
    the clip that it answers. The pair has the clip of the rejected side in `rejected_prompt`.

    Departure: where a voice has several answers, the worst is looked for among the other voices,
    so that the sides always differ in clip. With one answer a voice, as in the paper, it is the
    worst of all.

    >>> from earmark.records import Candidate
    >>> heard = [("a", 2, "v1"), ("b", 5, "v2"), ("c", 1, "v3")]
    >>> row = Candidates("r", [], [Candidate(t, {"s": n}, audio=v) for t, n, v in heard])
    >>> (pair,) = best_worst_per_voice(row, by="s")
    >>> pair.chosen.content, pair.chosen.audio, pair.rejected.content, pair.rejected.audio
    ('b', 'v2', 'c', 'v3')

    Args:
        row: a prompt with its candidates, each with its clip in `audio`.
        by: the criterion; where it is not named, the only one that the file has.
        clips: own; or chosen: both sides under the clip of the chosen one, which is the control.

    Raises:
        KnobError: `clips` is neither.
    """
    if clips not in CLIPS:
        raise KnobError(f"best_worst_per_voice: clips should be own or chosen, found '{clips}'")
    if why := too_few(row):
        yield of_prompt(why)
        return
    best = max(row.candidates, key=lambda each: each.scores[by])
    others = [each for each in row.candidates if each.audio != best.audio]
    if not others:
        yield of_prompt("all candidates answer one clip")
        return
    worst = min(others, key=lambda each: each.scores[by])
    if best.scores[by] == worst.scores[by]:
        yield of_prompt("all candidates have equal scores")
    else:
        yield Preferred(best, worst if clips == "own" else heard_as(worst, best))
