"""Write down what a model in this process hears: greedy or sampled, recorded with each row."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from earmark import __version__
from earmark.errors import InputError, KnobError
from earmark.formats.files.set_aside import BadRow
from earmark.policies.audio import audio_policy
from earmark.policies.checkpoint.weights_hash import adapter_hash, hash_of_model
from earmark.policies.checks.short_audio import check_long_enough
from earmark.policies.checks.truncated_audio import check_end_is_heard
from earmark.policies.next_token import Choice
from earmark.policies.plain_decoding import GREEDY
from earmark.policies.policy import Clip, Policy
from earmark.prompting.answer import Answer
from earmark.prompting.clean import clean
from earmark.prompting.messages import Messages, ask
from earmark.records import Hypothesis, Utterance
from earmark.speech.audio import SAMPLE_RATE_HZ
from earmark.storage.digests import short_hash
from earmark.transcribe.decoding import Decoding
from earmark.transcribe.resume import Output, candidate_paths
from earmark.transcribe.token_cap import cap_of, recorded_cap
from earmark.transcribe.writer import (
    Checked,
    Heard,
    OnError,
    check_clips,
    check_lengths,
    keep,
    read_parts,
)

GREEDILY = Decoding()
LANGUAGES = ("zh", "en", "auto")


def how_it_was_made(
    model: str,
    adapter: str | None,
    prompt: str,
    max_new_tokens: int | None,
    long_audio: str,
    prefill: str = "",
    *,
    weights: Mapping[str, str | None] | None = None,
    decoding: Decoding | None = None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what is recorded with each hypothesis: two runs compare only if it is known.

    Args:
        model: name or folder.
        adapter: its folder.
        prompt: the instruction given with each clip.
        max_new_tokens: token cap of one answer; None if it grows with the clip.
        long_audio: what is done with a clip beyond the model's limit.
        prefill: what every answer is made to begin with.
        weights: what identifies the weights, see `weights_of`: a folder may hold others
            tomorrow.
        decoding: how tokens are drawn; None if the likeliest is taken.
        options: what else was chosen, such as a language; what is None is left out.
    """
    chosen = {name: value for name, value in (options or {}).items() if value is not None}
    return {
        "model": model,
        "adapter": adapter,
        **(weights or {}),
        "prompt": prompt,
        **({"prefill": prefill} if prefill else {}),
        **chosen,
        "decoding": {
            **GREEDY,
            **(sampling_of(decoding) if decoding and decoding.temperature else {}),
            "max_new_tokens": recorded_cap(max_new_tokens),
        },
        "long_audio": long_audio,
        "earmark": __version__,
    }


def check_language(language: str | None, prefill: str) -> None:
    """Refuse a language that no prompt of a model loaded here names, or one that is named twice.

    Raises:
        KnobError: says which.
    """
    if language is not None and language not in LANGUAGES:
        raise KnobError(
            f"language '{language}': a model loaded here takes {', '.join(LANGUAGES)}; another one "
            "is named by prefill, such as '<|ms|><|transcribe|><|notimestamps|>'"
        )
    if language is not None and prefill:
        raise KnobError("language sets what answers begin with, as prefill does; give one of them")


def chosen_beside(
    policy: Policy, language: str | None, suppress: Sequence[str] | None
) -> dict[str, Any]:
    """Return what was chosen of language, tokens and hearing, for `how_it_was_made`."""
    suppressed = list(suppress) if suppress else None
    return {"language": language, "suppress": suppressed, **dict(policy.hearing_options)}


def sampling_of(decoding: Decoding) -> dict[str, Any]:
    """Return what is recorded of sampling."""
    names = ("temperature", "top_p", "top_k", "seed")
    return {"do_sample": True, **{name: getattr(decoding, name) for name in names}}


def weights_of(policy: Policy, path: str, adapter: Path | None) -> dict[str, str | None]:
    """Return the hash of a model's weight files, that of its adapter's, and the number type.

    Args:
        policy: the loaded model.
        path: its folder or hub id.
        adapter: the folder of its adapter.
    """
    return {
        "weights": hash_of_model(path),
        **({"adapter_weights": adapter_hash(adapter)} if adapter else {}),
        "dtype": str(policy.network.dtype).removeprefix("torch."),
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
    max_new_tokens: int | None = None,
    decoding: Decoding | None = None,
    suppress: Sequence[str] = (),
    batch_size: int = 16,
    long_audio: Literal["refuse", "split"] = "refuse",
    on_error: OnError = "stop",
    set_aside: Sequence[BadRow] = (),
) -> list[Hypothesis]:
    """Transcribe utterances into a hypothesis file, in the order of the utterances.

    Args:
        policy: the model.
        utterances: what to transcribe; each needs audio.
        folder: where relative audio paths start.
        out: the hypothesis file; it appears when all is done.
        prompt: see `transcribe_clips`, as for all that follows.
        made_by: recorded with each hypothesis.
        prefill: what every answer is made to begin with.
        max_new_tokens: token cap of one answer.
        decoding: how tokens are drawn, and how many candidates, of which the first is returned;
            with it `max_new_tokens` is not used.
        suppress: tokens that are never written.
        batch_size: answers decoded together.
        long_audio: what to do with a clip beyond the model's limit.
        on_error: stop at a clip that cannot be used, or write it to `<out>.skipped.jsonl`.
        set_aside: rows of the manifest that were set aside before, to be written there too.

    Raises:
        InputError: utterances without audio, or audio that cannot be used.
        KnobError: a token cap of less than 1.
    """
    return transcribe_clips(
        policy,
        check_clips(utterances, folder, on_error, set_aside),
        out,
        prompt=prompt,
        made_by=made_by,
        prefill=prefill,
        decoding=decoding or Decoding(max_new_tokens=max_new_tokens),
        suppress=suppress,
        batch_size=batch_size,
        long_audio=long_audio,
        on_error=on_error,
    )[0]


def transcribe_clips(
    policy: Policy,
    checked: Checked,
    out: Path,
    *,
    prompt: str | None,
    made_by: dict[str, Any],
    prefill: str = "",
    decoding: Decoding = GREEDILY,
    suppress: Sequence[str] = (),
    batch_size: int = 16,
    long_audio: Literal["refuse", "split"] = "refuse",
    on_error: OnError = "stop",
) -> list[list[Hypothesis]]:
    """Transcribe clips that were checked before the model was loaded; see `check_clips`.

    Finished batches are kept in `<out>.partial`, so that a run that was stopped resumes there.

    Args:
        policy: the model.
        checked: utterances whose clips can be used.
        out: the hypothesis file; it appears when all is done. Of several candidates each has a
            file of its own, see `candidate_paths`.
        prompt: the instruction given with each clip; None means the family's own.
        made_by: recorded with each hypothesis; a partial file made otherwise is not used.
        prefill: what every answer is made to begin with.
        decoding: how tokens are chosen, how many candidates, the token cap of one answer.
        suppress: tokens that are never written.
        batch_size: answers decoded together; the candidates of a clip are never divided.
        long_audio: what to do with a clip beyond the model's limit.
        on_error: stop at a clip that cannot be used, or write it to `<out>.skipped.jsonl`.

    Raises:
        InputError: audio that cannot be used.
        KnobError: a text to suppress that is no token.
    """
    choice = choice_of(policy, decoding, suppress)
    split, longest_s = long_audio == "split", audio_policy(policy).longest_clip_s
    limit_s, split_s = (None, longest_s) if split else (longest_s, None)
    checked = check_lengths(checked, limit_s, on_error)
    messages = ask(policy.facts, prompt, prefill)
    tidy = partial(clean, marks=policy.facts.marks)

    def listen(todo: Sequence[Utterance]) -> Generator[Heard]:
        unchecked = True
        for batch in _batches(checked, todo, batch_size):
            parts = []
            for utterance in batch:
                try:
                    clips = read_parts(utterance, checked.folder, split_s)
                    _check_short(policy, utterance, clips)
                    parts.append(_Parts(utterance, clips))
                except InputError as problem:
                    yield Heard(utterance, [], problem)
            if unchecked and parts:
                _check_longest(policy, parts)
                unchecked = False
            yield from _decode(policy, parts, messages, Manner(decoding, choice, batch_size))

    outputs = outputs_of(out, made_by, decoding.candidates)
    return keep(checked, listen, outputs, out, on_error=on_error, tidy=tidy)


def outputs_of(out: Path, made_by: dict[str, Any], candidates: int) -> list[Output]:
    """Return the hypothesis files with what is recorded in each."""
    if candidates == 1:
        return [Output(out, made_by)]
    return [
        Output(path, {**made_by, "candidate": number, "candidates": candidates})
        for number, path in enumerate(candidate_paths(out, candidates), start=1)
    ]


class Manner(NamedTuple):
    """How answers are written: by which decoding and choice of tokens, how many together."""

    decoding: Decoding
    choice: Choice
    batch_size: int


def choice_of(policy: Policy, decoding: Decoding, suppress: Sequence[str]) -> Choice:
    """Return how tokens are chosen.

    Raises:
        KnobError: a text to suppress that is not one token of the model.
    """
    tokenizer: Any = getattr(policy.processor, "tokenizer", policy.processor)
    suppressed = []
    for text in suppress:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(ids) != 1:
            raise KnobError(
                f"suppress {text!r}: expected the text of one token, found {len(ids)} tokens: "
                f"{tokenizer.convert_ids_to_tokens(ids)}"
            )
        suppressed += ids
    return Choice(
        temperature=decoding.temperature,
        top_p=decoding.top_p,
        top_k=decoding.top_k,
        suppressed=tuple(suppressed),
    )


def _batches(
    checked: Checked, todo: Sequence[Utterance], size: int
) -> Generator[Sequence[Utterance]]:
    """Yield batches of clips of similar length; the longest first, as they need most memory."""
    ordered = sorted(todo, key=lambda utterance: -checked.duration_s[utterance.id])
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


class _Parts(NamedTuple):
    utterance: Utterance
    clips: list[Clip]


def _check_short(policy: Policy, utterance: Utterance, clips: Sequence[Clip]) -> None:
    """Refuse clips of which the model makes no audio token: it would invent a text."""
    try:
        for clip in clips:
            check_long_enough(audio_policy(policy), clip)
    except InputError as error:
        raise InputError(f"utterance '{utterance.id}': {error}") from error


def _check_longest(policy: Policy, heard: Sequence[_Parts]) -> None:
    """See whether the end of the longest clip is heard; the first batch has it."""
    clips = [(clip, parts.utterance.id) for parts in heard for clip in parts.clips]
    longest, utterance = max(clips, key=lambda clip: len(clip[0]))
    try:
        check_end_is_heard(audio_policy(policy), longest)
    except InputError as error:
        raise InputError(f"utterance '{utterance}': {error}") from error


def _decode(
    policy: Policy, heard: Sequence[_Parts], messages: Messages, manner: Manner
) -> Generator[Heard]:
    """Yield, for each utterance and candidate, what is heard in the parts of its clip."""
    wanted = [
        Part(parts.utterance.id, number, clip)
        for parts in heard
        for number, clip in enumerate(parts.clips)
    ]
    written = write_parts(policy, wanted, messages, manner)
    for parts in heard:
        of_parts = [next(written) for _ in parts.clips]  # [part][candidate]
        yield Heard(parts.utterance, list(zip(*of_parts, strict=True)))


class Part(NamedTuple):
    """A part of a clip: of which utterance, its number, its sound."""

    utterance: str
    number: int
    clip: Clip

    def seed(self, seed: int, candidate: int) -> list[int]:
        """Return what a candidate's answer is drawn by: not by what else is in the batch."""
        return [seed, candidate, short_hash(self.utterance) % 2**64, self.number]


def write_parts(
    policy: Policy, parts: Sequence[Part], messages: Messages, manner: Manner
) -> Iterator[list[Answer]]:
    """Yield the candidates of each part, in order; a part is heard once for all of them."""
    each = manner.decoding.candidates
    together = max(1, manner.batch_size // each)
    for start in range(0, len(parts), together):
        few = parts[start : start + together]
        clips = [part.clip for part in few]
        caps = [
            cap_of(manner.decoding.max_new_tokens, len(clip) / SAMPLE_RATE_HZ) for clip in clips
        ]
        seeds = [part.seed(manner.decoding.seed, n) for part in few for n in range(each)]
        choice = replace(manner.choice, seeds=seeds)
        yield from policy.candidates([messages] * len(few), clips, caps, each, choice)
