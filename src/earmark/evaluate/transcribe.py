"""Write down what a model hears: greedy, decoding fixed and recorded, resumable."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np

from earmark import __version__
from earmark.errors import InputError
from earmark.files import BadRow, atomic_writer, read_records, skipped_path, to_row, write_jsonl
from earmark.policies.clean import clean
from earmark.policies.policy import Clip, Policy
from earmark.progress import note, progress_bar, track
from earmark.records import Hypothesis, Utterance
from earmark.speech.audio import read_audio

SAMPLE_RATE_HZ = 16_000
DECODING = {"do_sample": False, "num_beams": 1, "repetition_penalty": 1.0}


def how_it_was_made(
    model: str, adapter: str | None, prompt: str, max_new_tokens: int, long_audio: str
) -> dict[str, Any]:
    """Return what is recorded with each hypothesis: two runs compare only if it is known."""
    return {
        "model": model,
        "adapter": adapter,
        "prompt": prompt,
        "decoding": {**DECODING, "max_new_tokens": max_new_tokens},
        "long_audio": long_audio,
        "earmark": __version__,
    }


def transcribe(
    policy: Policy,
    utterances: Sequence[Utterance],
    folder: Path,
    out: Path,
    *,
    prompt: str,
    made_by: dict[str, Any],
    max_new_tokens: int = 256,
    batch_size: int = 16,
    long_audio: Literal["refuse", "split"] = "refuse",
    on_error: Literal["stop", "skip"] = "stop",
) -> list[Hypothesis]:
    """Transcribe utterances into a hypothesis file, in the order of the utterances.

    Finished batches are kept in `<out>.partial`, so a run that was stopped goes on there.

    Args:
        policy: the model.
        utterances: what to transcribe; each needs audio.
        folder: where relative audio paths start.
        out: the hypothesis file; it appears when all is done.
        prompt: the instruction given with each clip.
        made_by: recorded with each hypothesis; a partial file made otherwise is not used.
        max_new_tokens: token cap of one answer.
        batch_size: clips decoded together.
        long_audio: what to do with a clip beyond the model's limit.
        on_error: stop at a clip that cannot be used, or write it to `<out>.skipped.jsonl`.

    Raises:
        InputError: an utterance without audio, or audio that cannot be used.
    """
    bad = check_audio(policy, utterances, folder, long_audio, on_error)
    usable = [u for u in utterances if u.id not in bad]
    partial = out.with_name(out.name + ".partial")
    done = finished(partial, made_by)
    todo = sorted((u for u in usable if u.id not in done), key=_duration_hint)
    out.parent.mkdir(parents=True, exist_ok=True)
    with progress_bar() as bar, open(partial, "a", encoding="utf-8") as file:
        task = bar.add_task("transcribing", total=len(usable), completed=len(done))
        for start in range(0, len(todo), batch_size):
            batch = todo[start : start + batch_size]
            for hypothesis in _decode(policy, batch, folder, prompt, made_by, max_new_tokens):
                done[hypothesis.id] = hypothesis
                file.write(json.dumps(to_row(hypothesis), ensure_ascii=False) + "\n")
            file.flush()
            bar.advance(task, len(batch))
    hypotheses = [done[u.id] for u in usable]
    write_jsonl(out, hypotheses)
    partial.unlink()
    _tell_skipped(out, bad)
    return hypotheses


def check_audio(
    policy: Policy,
    utterances: Sequence[Utterance],
    folder: Path,
    long_audio: str,
    on_error: str,
) -> dict[str, BadRow]:
    """Read every clip once before the model starts; return what must be set aside, by id."""
    bad: dict[str, BadRow] = {}
    for number, utterance in enumerate(track(utterances, "checking audio"), start=1):
        try:
            clip = _read(utterance, folder)
            if long_audio == "refuse":
                policy.check_length(clip, where=f"utterance '{utterance.id}'")
        except InputError as error:
            if on_error == "stop":
                raise
            raw = json.dumps(to_row(utterance), ensure_ascii=False)
            bad[utterance.id] = BadRow("utterances", number, raw, str(error))
    return bad


def finished(partial: Path, made_by: dict[str, Any]) -> dict[str, Hypothesis]:
    """Read what an interrupted run has finished; a torn last line is done again."""
    if not partial.is_file():
        return {}
    torn: list[BadRow] = []
    rows = list(read_records(Hypothesis, partial, set_aside=torn))
    done = {row.id: row for row in rows if row.made_by == made_by}
    with atomic_writer(partial) as file:
        for row in done.values():
            file.write(json.dumps(to_row(row), ensure_ascii=False) + "\n")
    if done:
        note(f"{len(done)} utterances were transcribed before; going on with the rest")
    return done


def split_at_quiet(clip: Clip, longest: int, window: int = SAMPLE_RATE_HZ // 5) -> list[Clip]:
    """Cut a clip into parts of at most `longest` samples, at the quietest place near each end.

    >>> [len(part) for part in split_at_quiet(np.zeros(10, np.float32), longest=4, window=1)]
    [4, 4, 2]
    """
    parts = []
    while len(clip) > longest:
        half = clip[longest // 2 : longest]
        energy = np.convolve(half**2, np.ones(min(window, len(half))), mode="valid")
        latest_quietest = len(energy) - 1 - int(energy[::-1].argmin())
        cut = longest // 2 + latest_quietest + (len(half) - len(energy)) // 2 + 1
        parts.append(clip[:cut])
        clip = clip[cut:]
    return [*parts, clip]


def _decode(
    policy: Policy,
    batch: Sequence[Utterance],
    folder: Path,
    prompt: str,
    made_by: dict[str, Any],
    max_new_tokens: int,
) -> list[Hypothesis]:
    longest = int(policy.longest_clip_s * SAMPLE_RATE_HZ)
    parts = [split_at_quiet(_read(utterance, folder), longest) for utterance in batch]
    clips = [clip for clips in parts for clip in clips]
    content = [{"type": "audio", "audio": "clip"}, {"type": "text", "text": prompt}]
    messages = [{"role": "user", "content": content}]
    written = iter(policy.transcribe([messages] * len(clips), clips, max_new_tokens))
    hypotheses = []
    for utterance, clips_of_one in zip(batch, parts, strict=True):
        raw = " ".join(next(written) for _ in clips_of_one)
        hypotheses.append(Hypothesis(utterance.id, clean(raw), raw_text=raw, made_by=made_by))
    return hypotheses


def _read(utterance: Utterance, folder: Path) -> Clip:
    if utterance.audio is None:
        raise InputError(f"utterance '{utterance.id}': it has no audio; expected a path in 'audio'")
    return read_audio(folder / utterance.audio, utterance.start_s, utterance.end_s)


def _duration_hint(utterance: Utterance) -> float:
    if utterance.start_s is not None and utterance.end_s is not None:
        return utterance.end_s - utterance.start_s
    return 0.0


def _tell_skipped(out: Path, bad: dict[str, BadRow]) -> None:
    if bad:
        aside = skipped_path(out)
        write_jsonl(aside, map(asdict, bad.values()))
        note(f"{len(bad)} utterances set aside in {aside}")
