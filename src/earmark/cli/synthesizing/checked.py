"""Set aside the clips that a recogniser does not understand, each language heard by itself."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from earmark.cli.startup.later import later
from earmark.cli.synthesizing.options import CheckOptions
from earmark.cli.transcribing.options import LocalOptions, ServedOptions, Task
from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.files.set_aside import BadRow, write_aside
from earmark.formats.reading import read
from earmark.formats.schema.fields import to_row
from earmark.prompting.families import FACTS
from earmark.records import MANIFEST, Hypothesis, Utterance
from earmark.transcribe.decoding import Decoding
from earmark.voices.engine import Engine
from earmark.voices.language_spans import Language
from earmark.voices.spoken.check import WHOLE, Verdict, judge, reason, write_parts
from earmark.voices.spoken.make import Spoken
from earmark.voices.spoken.plan import Job

hear_here = later("earmark.cli.transcribing.local:hear")
hear_served = later("earmark.cli.transcribing.served:hear")
stored_config = later("earmark.policies.load:stored_config")


def keep_understood(
    out: Path, spoken: Spoken, jobs: Sequence[Job], engine: Engine, checking: CheckOptions
) -> Spoken:
    """Transcribe each language of every clip; set aside clips with too many errors in one.

    Args:
        out: the folder of the corpus, whose manifest is written again.
        spoken: its rows, and what was set aside before.
        jobs: how the clips were made.
        engine: what they were made with.
        checking: the recogniser, and how many errors are too many.

    Raises:
        InputError: the recogniser understood not one clip.
    """
    by_id = {row.id: row for row in spoken.rows}
    made = [job for job in jobs if job.utterance.id in by_id]
    worst: dict[str, Verdict] = {}
    for language, manifest in write_parts(out, made, by_id, engine).items():
        for verdict in _verdicts(manifest, language, checking):
            known = worst.get(verdict.id)
            if known is None or verdict.rate > known.rate:
                worst[verdict.id] = verdict
    bad = []
    for job in made:
        found = worst.get(job.utterance.id)
        why = reason(found, checking.most_errors) if found else None
        if why:
            row = json.dumps(to_row(by_id.pop(job.utterance.id)), ensure_ascii=False)
            bad.append(BadRow("texts", job.line, row, why))
    kept = Spoken(list(by_id.values()), [*spoken.set_aside, *bad])
    if not kept.rows:
        raise InputError(
            f"{out}: {checking.check_with} understood not one of {len(bad)} clips, so that "
            f"{MANIFEST} was left as it is; the first: {bad[0].reason}. Is it a recogniser of both "
            "languages? Raise --most-errors, or listen to some clips"
        )
    if kept.set_aside:
        write_aside(kept.set_aside, out / MANIFEST, "texts", len(kept.rows))
    write_jsonl(out / MANIFEST, kept.rows)
    return kept


def _verdicts(manifest: Path, language: Language, checking: CheckOptions) -> list[Verdict]:
    """Transcribe what is spoken in one language, and count the errors."""
    hyps = manifest.with_name(f"check.{language}.hyps.jsonl")
    task = Task(
        model=checking.check_with or "",
        utterances=manifest,
        out=hyps,
        prompt=None,
        language=language,
        decoding=Decoding(),
        long_audio="refuse",
        on_error="stop",
    )
    if checking.check_endpoint:
        hear_served(checking.check_endpoint, task, ServedOptions())
    else:
        facts = FACTS.get(stored_config(task.model).get("model_type", ""))
        names = facts is not None and facts.names_language
        hear_here(task if names else replace(task, language=None), LocalOptions())
    heard = {hyp.id: hyp.text for hyp in read(Hypothesis, hyps)}
    verdicts = []
    for row in read(Utterance, manifest):
        if not row.id.endswith(WHOLE):
            whole = heard.get(f"{row.id}{WHOLE}")
            verdicts.append(judge(row, language, heard.get(row.id, ""), whole))
    return [verdict for verdict in verdicts if verdict]
