"""Transcribe by a server; nothing here imports torch."""

from pathlib import Path

from earmark.cli.transcribing.options import ServedOptions, Task, check_files, read_manifest
from earmark.endpoint import Endpoint
from earmark.transcribe.decoding import Decoding, Route
from earmark.transcribe.served import Asking, candidate_paths, transcribe_served


def hear(url: str, task: Task, options: ServedOptions) -> list[Path]:
    """Transcribe by the server and return the files written."""
    asking = asking_of(task, options)
    endpoint = Endpoint(url, task.model, retries=options.retries, timeout_s=options.timeout_s)
    paths = candidate_paths(task.out, asking.decoding.candidates)
    check_files(task, paths)
    manifest = read_manifest(task)
    transcribe_served(
        endpoint,
        manifest.rows,
        manifest.folder,
        task.out,
        asking,
        on_error=task.on_error,
        set_aside=manifest.set_aside,
    )
    return paths


def asking_of(task: Task, options: ServedOptions) -> Asking:
    """Fill in what was left open: temperature and route."""
    several = options.candidates > 1
    temperature = options.temperature
    if temperature is None:
        temperature = 1.0 if several else 0.0
    decoding = Decoding(
        candidates=options.candidates,
        temperature=temperature,
        top_p=options.top_p,
        top_k=options.top_k,
        seed=options.seed,
        max_new_tokens=task.max_new_tokens,
    )
    route: Route = "chat" if several or temperature > 0 else "transcriptions"
    if options.route != "auto":
        route = options.route
    return Asking(
        route=route,
        kind=options.server,
        decoding=decoding,
        one_by_one=options.one_by_one,
        prompt=task.prompt,
        family=options.family,
        language=options.language,
        marks=tuple(options.mark or ()),
        concurrency=options.concurrency,
        long_audio=task.long_audio,
        longest_s=options.longest_s,
    )
