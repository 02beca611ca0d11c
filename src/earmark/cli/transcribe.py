"""`earmark transcribe`: write down what a model hears, in this process or behind a server."""

from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from earmark.cli.transcribing.options import LocalOptions, SamplingOptions, ServedOptions, Task
from earmark.errors import KnobError
from earmark.progress import note

# Named by import path and loaded when called: a server needs no torch here.
LOCAL = "earmark.cli.transcribing.local"
SERVED = "earmark.cli.transcribing.served"


def transcribe(
    *,
    model: str,
    utterances: Path,
    out: Path,
    endpoint: str | None = None,
    prompt: str | None = None,
    language: str | None = None,
    max_new_tokens: int | None = None,
    long_audio: Literal["refuse", "split"] = "refuse",
    on_error: Literal["stop", "skip"] = "stop",
    sampling: Annotated[SamplingOptions | None, Parameter(name="*", group="Sampling")] = None,
    local: Annotated[LocalOptions | None, Parameter(name="*", group="Without --endpoint")] = None,
    served: Annotated[ServedOptions | None, Parameter(name="*", group="With --endpoint")] = None,
) -> None:
    """Write down what a model hears: a model loaded here, or one behind a server.

    Decoding is greedy, or sampled with --candidates or --temperature, without repetition penalty
    or suppressed tokens, whatever the checkpoint's own defaults are; all of it is recorded, and
    the token cap too, since it is part of what is measured. The raw text is kept beside the
    cleaned one. A run that was stopped is resumed by the same command.

    With --endpoint a server that speaks the OpenAI protocol (vLLM, transformers serve)
    transcribes, and torch is not needed here. Each request has every decoding parameter. Its
    key is read from the environment variable EARMARK_API_KEY, else OPENAI_API_KEY.

    Args:
        model: a model folder, a hub id (NAME, or NAME@REVISION for a branch, tag or commit), or
            `tiny-base`, the model that ships with Earmark; with --endpoint the model's name on
            the server.
        utterances: a manifest (JSONL); audio paths in it are absolute or relative to it.
        out: the hypothesis file to write (JSONL).
        endpoint: base URL of a server, such as http://localhost:8000/v1.
        prompt: the instruction given with each clip; default: the model family's own, for
            Qwen2-Audio "Transcribe the audio.". A server's family is given by --family; without
            it Qwen2-Audio's prompt is sent; on its transcription route the default is none.
        language: zh, en or auto, for a model loaded here whose prompt names one, as Whisper's does;
            default: the model finds it. With --endpoint a language code for the transcription
            route; default: none is sent, since a model that is given one language translates the
            other.
        max_new_tokens: token cap of one answer; default: 256, or 8 for each second of the clip
            where that is more. An answer that meets it has "cut": true in its row.
        long_audio: refuse a clip beyond the model's limit, or split it at quiet places.
        on_error: stop at a bad row or clip, or skip it and write it to OUT.skipped.jsonl.
        sampling: how answers are drawn.
        local: options of a model loaded here.
        served: options of a server.
    """
    task = Task(
        model=model,
        utterances=utterances,
        out=out,
        prompt=prompt,
        language=language,
        decoding=(sampling or SamplingOptions()).decoding(max_new_tokens),
        long_audio=long_audio,
        on_error=on_error,
    )
    check_unused(endpoint, local if endpoint else served)
    if endpoint is None:
        paths = import_module(LOCAL).hear(task, local or LocalOptions())
    else:
        paths = import_module(SERVED).hear(endpoint, task, served or ServedOptions())
    first, hyps = paths[0], " ".join(f"--hyps {path}" for path in paths)
    note(f"{first}: done; next: earmark score --truth {utterances} --hyp {first}")
    if len(paths) > 1:
        note(
            f"{len(paths)} candidates, one file each; next: earmark pairs mined "
            f"--utterances {utterances} {hyps} --out pairs.jsonl"
        )


def check_unused(endpoint: str | None, options: Any) -> None:
    """Refuse options of the other way, which would do nothing.

    Raises:
        KnobError: names them.
    """
    if options is None:
        return
    given = [f for f in fields(options) if getattr(options, f.name) != f.default]
    names = ", ".join("--" + f.name.replace("_", "-") for f in given)
    if given and endpoint:
        raise KnobError(
            f"{names}: of no use with --endpoint, where the server decides it; a LoRA that the "
            "server has loaded is named by --model"
        )
    if given:
        raise KnobError(f"{names}: only with --endpoint")
