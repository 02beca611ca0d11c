"""Transcribe with a model in this process; this file imports torch."""

from pathlib import Path

from earmark.cli.transcribing.files import check_files, read_manifest
from earmark.cli.transcribing.options import LocalOptions, Task
from earmark.policies.load import device_of, load_policy, model_path
from earmark.transcribe.local import (
    check_language,
    chosen_beside,
    how_it_was_made,
    transcribe_clips,
    weights_of,
)
from earmark.transcribe.resume import candidate_paths
from earmark.transcribe.writer import check_clips


def hear(task: Task, options: LocalOptions) -> list[Path]:
    """Load the model, transcribe, and return the files written."""
    paths = candidate_paths(task.out, task.decoding.candidates)
    check_files(task, paths, options.adapter)
    check_language(task.language, options.prefill)
    device_of(options.device)
    manifest = read_manifest(task)
    checked = check_clips(manifest.rows, manifest.folder, task.on_error, manifest.set_aside)
    adapter = str(options.adapter) if options.adapter else None
    policy = load_policy(
        task.model,
        adapter,
        dtype=options.dtype,
        device=options.device,
        trust_remote_code=options.trust_remote_code,
        family=options.model_family,
        silence_s=options.silence_s,
    )
    prefill = policy.opening(task.language) if task.language else options.prefill
    prompt = policy.facts.prompt if task.prompt is None else task.prompt
    transcribe_clips(
        policy,
        checked,
        task.out,
        prompt=prompt,
        prefill=prefill,
        made_by=how_it_was_made(
            task.model,
            adapter,
            prompt,
            task.decoding.max_new_tokens,
            task.long_audio,
            prefill,
            weights=weights_of(policy, model_path(task.model), options.adapter),
            decoding=task.decoding,
            options=chosen_beside(policy, task.language, options.suppress),
        ),
        decoding=task.decoding,
        suppress=options.suppress or (),
        batch_size=options.batch_size,
        long_audio=task.long_audio,
        on_error=task.on_error,
    )
    return paths
