"""Transcribe by a server; nothing here imports torch."""

from pathlib import Path

from earmark.cli.transcribing.files import check_files, read_manifest
from earmark.cli.transcribing.options import ServedOptions, Task
from earmark.endpoint import Endpoint
from earmark.transcribe.decoding import Route
from earmark.transcribe.resume import candidate_paths
from earmark.transcribe.served import Asking, transcribe_served


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
    """Fill in what was left open: the route."""
    decoding = task.decoding
    sampled = decoding.candidates > 1 or decoding.temperature > 0
    route: Route = "chat" if sampled else "transcriptions"
    if options.route != "auto":
        route = options.route
    return Asking(
        route=route,
        kind=options.server,
        decoding=decoding,
        one_by_one=options.one_by_one,
        prompt=task.prompt,
        family=options.family,
        language=task.language,
        marks=tuple(options.mark or ()),
        concurrency=options.concurrency,
        long_audio=task.long_audio,
        longest_s=options.longest_s,
    )
