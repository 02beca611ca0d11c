"""The README.md of a run's folder: what was trained, how, what was measured, how to load it."""

from collections.abc import Sequence
from pathlib import Path

from earmark.export.loading import Loading, commands, python_code, shown_base
from earmark.export.model_card import CARD, LIMITS, card_header
from earmark.export.run_facts import (
    Json,
    measured_table,
    objective_in_words,
    part,
    plain,
    read_log,
    trained_in_words,
    training_table,
)
from earmark.policies.checkpoint.folder import is_adapter
from earmark.policies.checkpoint.json_object import read_object
from earmark.policies.checkpoint.run_description import RUN
from earmark.progress import note
from earmark.storage.atomic import write_text

TEXT = """\
---
{header}---

# {name}

{what}, aligned on {pairs} preference pairs by Earmark {version}.
Objective: {objective}.

## How it was trained

{training}

`run.json` has every setting, `log.jsonl` every logged step.

## What was measured

{measured}

How well it transcribes is not known from that. Transcribe and score a test set:

```text
{commands}
```

## How to load it

{loading}

## Limits

{limits}
"""
OWN_LORA = """\
The base needs a LoRA of its own for speech. Earmark merges it before this adapter is put on, and
peft does not, so load the run with the commands above, or export it."""
NOT_MEASURED = "Nothing was logged while training."


def run_card(name: str, run: Json, log: Sequence[Json], loading: Loading, *, adapter: bool) -> str:
    """Write the card.

    Args:
        name: of the run's folder.
        run: run.json.
        log: the rows of log.jsonl.
        loading: how the base model is loaded.
        adapter: whether the folder holds an adapter rather than a whole model.
    """
    base = str(part(run, "model").get("name", ""))
    trained, named = trained_in_words(run), f"`{plain(shown_base(base).removeprefix('path/to/'))}`"
    return TEXT.format(
        header=card_header(base, run, adapter=adapter),
        name=plain(name),
        what=f"{trained[:1].upper()}{trained[1:]} of {named}" if adapter else named,
        pairs=plain(part(run, "pairs").get("count", "")),
        version=plain(run.get("earmark", "")),
        objective=objective_in_words(run),
        training=training_table(run, log),
        measured=measured_table(log) or NOT_MEASURED,
        commands=commands(base, name, adapter=adapter),
        loading=_loading(loading, base, name, adapter=adapter),
        limits=LIMITS,
    )


def _loading(loading: Loading, base: str, name: str, *, adapter: bool) -> str:
    """Say how the run is loaded without Earmark."""
    if loading.own_lora and adapter:
        return OWN_LORA
    peft = " and peft" if adapter else ""
    code = python_code(loading, base, name, adapter=adapter)
    return f"With transformers{peft}, of the versions above or later:\n\n```python\n{code}```"


def write_run_card(folder: Path, loading: Loading) -> None:
    """Write the card of a run into its folder, from the run.json and log.jsonl that are there.

    Raises:
        InputError: the folder cannot be written.
    """
    run, problem = read_object(folder / RUN)
    if problem:
        note(f"{problem}; no {CARD} was written")
        return
    name, adapter = folder.resolve().name, is_adapter(folder)
    write_text(folder / CARD, run_card(name, run, read_log(folder), loading, adapter=adapter))
