"""`earmark sample`: several answers to each prompt, from a model here or behind a server."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from earmark.cli.sampling.options import DrawingOptions, ServerOptions, Task
from earmark.cli.startup.later import later
from earmark.cli.transcribe import check_unused
from earmark.cli.transcribing.options import LocalOptions
from earmark.errors import KnobError
from earmark.progress import note

# Named by import path and loaded when called: a server needs no torch here.
given_for = later("earmark.sample.writer:given_for")
local_of = later("earmark.sample.run_local:Local")
sample_here = later("earmark.sample.run_local:sample_here")
remote_of = later("earmark.sample.run_served:Remote")
sample_served = later("earmark.sample.run_served:sample_served")
asking_of = later("earmark.transcribe.served:Asking")
endpoint_of = later("earmark.endpoint:Endpoint")


def sample(
    *,
    model: str,
    prompts: Path,
    out: Path,
    endpoint: str | None = None,
    per: Literal["prompt", "clip"] = "prompt",
    group_by: str = "text",
    prompt: str | None = None,
    language: str | None = None,
    max_new_tokens: int | None = None,
    on_error: Literal["stop", "skip"] = "stop",
    drawing: Annotated[DrawingOptions | None, Parameter(name="*", group="Drawing")] = None,
    local: Annotated[LocalOptions | None, Parameter(name="*", group="Without --endpoint")] = None,
    served: Annotated[ServerOptions | None, Parameter(name="*", group="With --endpoint")] = None,
) -> None:
    """Sample several answers to each prompt: the candidates that are judged and paired.

    Each row of OUT has a prompt, its candidates, and the truth where it is known. A candidate has
    its text, the number of its tokens and its log-probability: the sum in nats over its tokens,
    the end token included, at temperature 1 and before --top-p and --top-k. All of the decoding is
    recorded in made_by. Model, prompt and clip are read once for all candidates of a prompt.

    Args:
        model: a model folder, a hub id (NAME, or NAME@REVISION), or `tiny-base`, the model that
            ships with Earmark; with --endpoint the model's name on the server.
        prompts: what is answered, FILE or FILE@FORMAT: a manifest of utterances, whose clips are
            transcribed; pairs, whose chosen answer is the truth; candidates, which stay before the
            new ones; or JSON lines with `prompt`, a list of messages or a text.
        out: the candidates file to write (JSONL).
        endpoint: base URL of a server, such as http://localhost:8000/v1.
        per: prompt: all candidates hear the same. clip: several clips of one prompt give a
            candidate each, which says by `audio` which it heard; they are the audio parts of a
            prompt, or the utterances of a manifest with one text, such as one sentence in several
            voices.
        group_by: the field that the utterances of one prompt have in common, with --per clip.
        prompt: the instruction given with each clip of a manifest; default: the model family's own.
        language: zh, en or auto, for a model loaded here whose prompt names one, as Whisper's does;
            default: the model finds it.
        max_new_tokens: token cap of one answer; default: 256, or 8 for each second of its clips
            where that is more. A candidate that meets it has "cut": true.
        on_error: stop at a row or clip that cannot be used, or skip it and write it with its reason
            to OUT.skipped.jsonl.
        drawing: how answers are drawn.
        local: options of a model loaded here.
        served: options of a server.
    """
    task = Task(
        model=model,
        prompts=prompts,
        out=out,
        prompt=prompt,
        language=language,
        per=per,
        group_by=group_by,
        decoding=(drawing or DrawingOptions()).decoding(max_new_tokens, per),
        on_error=on_error,
    )
    check_unused(endpoint, local if endpoint else served)
    if endpoint is None:
        rows = _here(task, local or LocalOptions())
    else:
        rows = _served(endpoint, task, served or ServerOptions())
    note(f"{out}: {rows} prompts with their candidates; next: earmark judge {out} ...")


def _here(task: Task, options: LocalOptions) -> int:
    """Load the model and sample; return the number of rows."""
    how = local_of(
        model=task.model,
        adapter=str(options.adapter) if options.adapter else None,
        decoding=task.decoding,
        per=task.per,
        group_by=task.group_by,
        prompt=task.prompt,
        prefill=options.prefill,
        language=task.language,
        suppress=options.suppress or (),
        silence_s=options.silence_s,
        batch_size=options.batch_size,
        dtype=options.dtype,
        device=options.device,
        trust_remote_code=options.trust_remote_code,
        family=options.model_family,
        on_error=task.on_error,
    )
    given = given_for(task.out, task.prompts, task.model, task.on_error)
    rows: int = sample_here(given, task.out, how)
    return rows


def _served(url: str, task: Task, options: ServerOptions) -> int:
    """Sample from the server; return the number of rows.

    Raises:
        KnobError: an option that is of no use with a server.
    """
    if task.language is not None:
        raise KnobError("language: of no use with --endpoint; name it in --prompt")
    asking = asking_of(
        route="chat",
        kind=options.server,
        decoding=task.decoding,
        one_by_one=options.one_by_one,
        prompt=task.prompt,
        family=options.family,
        marks=tuple(options.mark or ()),
        concurrency=options.concurrency,
        longest_s=options.longest_s,
    )
    endpoint = endpoint_of(url, task.model, retries=options.retries, timeout_s=options.timeout_s)
    how = remote_of(
        endpoint=endpoint,
        asking=asking,
        per=task.per,
        group_by=task.group_by,
        logprobs=options.logprobs,
        on_error=task.on_error,
    )
    given = given_for(task.out, task.prompts, task.model, task.on_error)
    rows: int = sample_served(given, task.out, how)
    return rows
