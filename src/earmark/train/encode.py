"""Turn pairs into token ids, once, before training begins; refuse what cannot be trained on."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError
from earmark.objectives.contract import Contract
from earmark.policies.policy import Messages, Policy
from earmark.policies.shared_row import Answers
from earmark.records import Pair
from earmark.train.feature_cache import ClipRef, clip_ref
from earmark.train.lacking import Criterion, one_score_each


class EncodedPair(NamedTuple):
    """A pair ready for a row: its id, its prompt, its clips, its answers as text.

    `wanted` says for each answer whether it is the chosen one; an answer beyond it is that of
    another prompt. `scores` has one number an answer.
    """

    id: str
    messages: Messages
    clips: list[ClipRef]
    answers: list[str]
    wanted: list[bool]
    scores: list[float] | None = None


def clips_of(pair: Pair, folder: Path) -> list[ClipRef]:
    """Find the clips in a pair's prompt; paths are absolute or relative to `folder`.

    Raises:
        InputError: the prompt has no audio, or a clip cannot be read.
    """
    parts = [
        part
        for message in pair.prompt
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if part.get("type") == "audio"
    ]
    if not parts:
        raise InputError(
            f"pair '{pair.id}': its prompt has no audio; expected a content part "
            '{"type": "audio", "audio": PATH}. Without it the model would be trained on text alone'
        )
    clips = []
    for part in parts:
        path = folder / str(part.get("audio", ""))
        if not path.is_file():
            raise InputError(f"pair '{pair.id}': audio file {path} does not exist")
        clips.append(clip_ref(str(path), part.get("start_s"), part.get("end_s")))
    return clips


def encode_pair(
    pair: Pair, folder: Path, needs: Contract, criterion: Criterion | None = None
) -> EncodedPair:
    """Read a pair's clips and answers, as far as the objective needs them.

    Raises:
        InputError: no audio, an empty answer, or a rejected answer that equals the chosen one.
    """
    wanted = [True] * bool(pair.chosen.strip())
    if not wanted and not needs.takes_single_answers:
        raise InputError(f"pair '{pair.id}': the chosen answer is empty")
    losers = pair.losers if needs.compares else []
    if wanted and pair.chosen in losers:
        raise InputError(f"pair '{pair.id}': a rejected answer equals the chosen one")
    answers = [*([pair.chosen] if wanted else []), *losers]
    if not answers:
        raise InputError(f"pair '{pair.id}': neither a chosen nor a rejected answer")
    scores = one_score_each(pair, criterion) if criterion else None
    wanted += [False] * len(losers)
    return EncodedPair(pair.id, pair.prompt, clips_of(pair, folder), answers, wanted, scores)


def with_mismatched(pairs: Sequence[EncodedPair]) -> list[EncodedPair]:
    """Give each pair the first answer of the pair before it, as the answer of another prompt.

    Where that is one of the pair's own answers, an earlier pair is asked.

    Raises:
        InputError: all pairs have the same answers, so none is of another prompt.
    """
    found = []
    for number, pair in enumerate(pairs):
        earlier = (pairs[number - back].answers[0] for back in range(1, len(pairs)))
        other = next((answer for answer in earlier if answer not in pair.answers), None)
        if other is None:
            raise InputError(
                f"pair '{pair.id}': no other pair has another answer; this objective compares "
                "each prompt with the answer of another one, so it needs at least two pairs"
            )
        found.append(pair._replace(answers=[*pair.answers, other]))
    return found


def tokenize_pair(policy: Policy, pair: EncodedPair, audio_tokens: Sequence[int]) -> Answers:
    """Tokenize prompt and answers; `audio_tokens` says how many tokens each clip takes."""
    return Answers(
        policy.prompt_ids(pair.messages, audio_tokens),
        [policy.answer_ids(pair.messages, answer) for answer in pair.answers],
    )
