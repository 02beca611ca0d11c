"""Write down what a model in this process hears: greedy, decoding fixed and recorded."""

from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from earmark import __version__
from earmark.errors import InputError
from earmark.evaluate.keep import Checked, Heard, OnError, Output, check_clips, keep, read_parts
from earmark.files import BadRow
from earmark.policies.chat import GREEDY
from earmark.policies.clean import clean
from earmark.policies.messages import Messages, ask
from earmark.policies.policy import Clip, Policy
from earmark.records import Hypothesis, Utterance


def how_it_was_made(
    model: str,
    adapter: str | None,
    prompt: str,
    max_new_tokens: int,
    long_audio: str,
    prefill: str = "",
) -> dict[str, Any]:
    """Return what is recorded with each hypothesis: two runs compare only if it is known."""
    return {
        "model": model,
        "adapter": adapter,
        "prompt": prompt,
        **({"prefill": prefill} if prefill else {}),
        "decoding": {**GREEDY, "max_new_tokens": max_new_tokens},
        "long_audio": long_audio,
        "earmark": __version__,
    }


def transcribe(
    policy: Policy,
    utterances: Sequence[Utterance],
    folder: Path,
    out: Path,
    *,
    prompt: str | None,
    made_by: dict[str, Any],
    prefill: str = "",
    max_new_tokens: int = 256,
    batch_size: int = 16,
    long_audio: Literal["refuse", "split"] = "refuse",
    on_error: OnError = "stop",
    set_aside: Sequence[BadRow] = (),
) -> list[Hypothesis]:
    """Transcribe utterances into a hypothesis file, in the order of the utterances.

    Finished batches are kept in `<out>.partial`, so a run that was stopped goes on there.

    Args:
        policy: the model.
        utterances: what to transcribe; each needs audio.
        folder: where relative audio paths start.
        out: the hypothesis file; it appears when all is done.
        prompt: the instruction given with each clip; None takes the family's own.
        made_by: recorded with each hypothesis; a partial file made otherwise is not used.
        prefill: what every answer is made to begin with.
        max_new_tokens: token cap of one answer.
        batch_size: clips decoded together.
        long_audio: what to do with a clip beyond the model's limit.
        on_error: stop at a clip that cannot be used, or write it to `<out>.skipped.jsonl`.
        set_aside: rows of the manifest that were set aside before, to be written there too.

    Raises:
        InputError: an utterance without audio, or audio that cannot be used.
    """
    split = long_audio == "split"
    limit_s, split_s = (None, policy.longest_clip_s) if split else (policy.longest_clip_s, None)
    checked = check_clips(utterances, folder, limit_s, on_error, set_aside)
    messages = ask(policy.facts, prompt, prefill)
    tidy = partial(clean, marks=policy.facts.marks)

    def listen(todo: Sequence[Utterance]) -> Generator[Heard]:
        for batch in _batches(checked, todo, batch_size):
            parts = []
            for utterance in batch:
                try:
                    parts.append(_Parts(utterance, read_parts(utterance, folder, split_s)))
                except InputError as problem:
                    yield Heard(utterance, [], problem)
            yield from _decode(policy, parts, messages, max_new_tokens)

    return keep(checked, listen, [Output(out, made_by)], on_error=on_error, tidy=tidy)[0]


def _batches(
    checked: Checked, todo: Sequence[Utterance], size: int
) -> Generator[Sequence[Utterance]]:
    """Yield batches of clips of like length; the longest come first, as they need most memory."""
    ordered = sorted(todo, key=lambda utterance: -checked.duration_s[utterance.id])
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


class _Parts(NamedTuple):
    utterance: Utterance
    clips: list[Clip]


def _decode(
    policy: Policy, heard: Sequence[_Parts], messages: Messages, max_new_tokens: int
) -> Generator[Heard]:
    clips = [clip for parts in heard for clip in parts.clips]
    written = iter(
        policy.transcribe([messages] * len(clips), clips, max_new_tokens) if clips else ()
    )
    for parts in heard:
        yield Heard(parts.utterance, [" ".join(next(written) for _ in parts.clips)])
