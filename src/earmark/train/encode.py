"""Turn pairs into token ids, once, before training begins; refuse what cannot be trained on."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError
from earmark.policies.policy import Messages, Policy
from earmark.policies.shared_row import Answers
from earmark.records import Pair
from earmark.train.feature_cache import ClipRef, clip_ref


class EncodedPair(NamedTuple):
    """A pair ready for a row: its id, its prompt, its clips, its answers as text."""

    id: str
    messages: Messages
    clips: list[ClipRef]
    answers: list[str]


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


def encode_pair(pair: Pair, folder: Path, with_rejected: bool) -> EncodedPair:
    """Read a pair's clips and answers.

    Raises:
        InputError: no audio, an empty answer, or no rejected where the objective needs one.
    """
    answers = [pair.chosen, *(pair.losers if with_rejected else [])]
    if with_rejected and len(answers) == 1:
        raise InputError(f"pair '{pair.id}': no rejected answer; this objective needs one")
    if not pair.chosen.strip():
        raise InputError(f"pair '{pair.id}': the chosen answer is empty")
    if with_rejected and pair.chosen in answers[1:]:
        raise InputError(f"pair '{pair.id}': a rejected answer equals the chosen one")
    return EncodedPair(pair.id, pair.prompt, clips_of(pair, folder), answers)


def tokenize_pair(policy: Policy, pair: EncodedPair, audio_tokens: Sequence[int]) -> Answers:
    """Tokenize prompt and answers; `audio_tokens` says how many tokens each clip takes."""
    return Answers(
        policy.prompt_ids(pair.messages, audio_tokens),
        [policy.answer_ids(pair.messages, answer) for answer in pair.answers],
    )
