"""`earmark transcribe`: write down what a model hears."""

from importlib.resources import files
from pathlib import Path
from typing import Literal

from earmark.evaluate.transcribe import how_it_was_made
from earmark.evaluate.transcribe import transcribe as run_transcription
from earmark.files import load_records
from earmark.policies.load import load_policy
from earmark.progress import note
from earmark.records import Utterance


def default_prompt() -> str:
    """Return the fixed prompt of evaluation: the first of the pool that ships with Earmark."""
    pool = files("earmark").joinpath("assets/prompts.txt").read_text("utf-8")
    return pool.splitlines()[0]


def transcribe(
    *,
    model: str,
    utterances: Path,
    out: Path,
    adapter: Path | None = None,
    prompt: str | None = None,
    max_new_tokens: int = 256,
    batch_size: int = 16,
    long_audio: Literal["refuse", "split"] = "refuse",
    on_error: Literal["stop", "skip"] = "stop",
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto",
    device: str = "auto",
    trust_remote_code: bool = False,
) -> None:
    """Write down what a model hears.

    Decoding is greedy without repetition penalty, whatever the checkpoint's own defaults are;
    the token cap is recorded, since it is part of what is measured. The raw text is kept
    beside the cleaned one. A run that was stopped goes on where it was.

    Args:
        model: a model folder, a hub id, or `tiny-base`, the model that ships with Earmark.
        utterances: a manifest (JSONL); audio paths in it are absolute or relative to it.
        out: the hypothesis file to write (JSONL).
        adapter: a run folder of `earmark train`.
        prompt: the instruction given with each clip; default: "Transcribe the audio."
        max_new_tokens: token cap of one answer.
        batch_size: clips decoded together.
        long_audio: refuse a clip beyond the model's limit, or split it at quiet places.
        on_error: stop at a bad row or clip, or skip it and write it to OUT.skipped.jsonl.
        dtype: number type; auto: bfloat16 on a GPU, else float32.
        device: cpu, cuda, ... or auto.
        trust_remote_code: run Python code that comes with the model.
    """
    rows = load_records(Utterance, utterances, out=out, on_error=on_error)
    policy = load_policy(
        model,
        str(adapter) if adapter else None,
        dtype=dtype,
        device=device,
        trust_remote_code=trust_remote_code,
    )
    prompt = prompt or default_prompt()
    name = str(adapter) if adapter else None
    hypotheses = run_transcription(
        policy,
        rows,
        utterances.resolve().parent,
        out,
        prompt=prompt,
        made_by=how_it_was_made(model, name, prompt, max_new_tokens, long_audio),
        max_new_tokens=max_new_tokens,
        batch_size=batch_size,
        long_audio=long_audio,
        on_error=on_error,
    )
    note(
        f"{out}: {len(hypotheses)} hypotheses; next: earmark score --truth {utterances} --hyp {out}"
    )
