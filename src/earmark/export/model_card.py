"""The README.md of an exported model: what it is, how it was trained, how well it does, limits."""

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from earmark import __version__
from earmark.display import without_folders
from earmark.errors import InputError
from earmark.export.loading import Loading, commands, python_code, shown_base
from earmark.export.run_facts import (
    Json,
    measured_table,
    objective_in_words,
    part,
    plain,
    trained_in_words,
    training_table,
)
from earmark.policies.checkpoint.hub_name import hub_name
from earmark.policies.checkpoint.json_object import read_object

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
NEEDED = ("signature", "utterances", "mixed_error_rate", "by_language", "failure_modes")

CARD = "README.md"
LIMITS = """\
- What the base cannot hear, this model cannot hear: training was on what is written, not on
  hearing, unless its settings say otherwise.
- The licence and the limits of the base apply."""
CARD_TEXT = """\
---
{header}---

# {name}

{base} aligned with preference pairs by Earmark {version}:
{objective}. {kind} The weights are {dtype}.

## Scores

{scores}

## Use

```python
{code}```

```text
{commands}
vllm serve {served}
earmark transcribe --endpoint http://localhost:8000/v1 --model {served} \\
    --utterances test.jsonl --out hyp.jsonl
```

`generation_config.json` is the base's. A server takes from it whatever a request leaves out, so
say temperature, top_p, top_k and repetition penalty in each request.

## Limits

- {measured}
{limits}

## How it was trained

{training}

`run.json`, as the run wrote it, with paths cut to their last part:

```json
{run}
```
"""


def read_scores(paths: list[Path]) -> dict[str, dict[str, Any]]:
    """Read what `earmark score --json` wrote, by the files' names.

    Raises:
        InputError: not such a file, or two of the same name.
    """
    scores: dict[str, dict[str, Any]] = {}
    for path in paths:
        if not path.is_file():
            raise InputError(f"{path}: no such file; expected what `earmark score --json` writes")
        score, problem = read_object(path)
        if problem:
            raise InputError(problem)
        missing = [name for name in NEEDED if name not in score]
        if missing:
            raise InputError(
                f"{path}: not a score: {', '.join(missing)} missing; expected what "
                "`earmark score --json FILE` writes"
            )
        if path.stem in scores:
            raise InputError(f"{path}: two files are called {path.stem}; rename one")
        scores[path.stem] = score
    return scores


def model_card(
    name: str,
    base: str,
    dtype: str,
    run: dict[str, Any] | None,
    scores: dict[str, dict[str, Any]],
    *,
    loading: Loading,
    log: Sequence[Json] = (),
) -> str:
    """Write the card.

    Args:
        name: of the exported model.
        base: the model that was trained, a hub id or a folder.
        dtype: number type of the weights.
        run: run.json, None if there was none.
        scores: by the name of what was scored.
        loading: how the model is loaded.
        log: the rows of the run's log.jsonl.
    """
    return CARD_TEXT.format(
        header=card_header(base, run, adapter=False),
        name=plain(name),
        base=f"`{plain(shown_base(base).removeprefix('path/to/'))}`",
        version=__version__,
        objective=_objective(run),
        kind=_kind(run),
        dtype=dtype,
        scores=score_table(scores),
        served=shlex.quote(name),
        commands=commands(base, name, adapter=False),
        code=python_code(loading, base, name, adapter=False),
        measured=(
            "Nothing is known about speech that is unlike the test sets above."
            if scores
            else "It comes without scores: what it does is not known."
        ),
        limits=LIMITS,
        training=_training(run, log),
        run=json.dumps(_without_folders(run), indent=2, ensure_ascii=False),
    )


def _kind(run: dict[str, Any] | None) -> str:
    """Say what was trained, and what became of it."""
    trained = trained_in_words(run)
    if part(run, "settings").get("lora_rank"):
        return f"{trained[0].upper()}{trained[1:]} was merged into the weights."
    return "The language model was trained as a whole." if trained else ""


def _training(run: dict[str, Any] | None, log: Sequence[Json]) -> str:
    """Write the tables of how it was trained and what was measured meanwhile."""
    if run is None:
        return "Not known: the adapter brought no run.json."
    measured = measured_table(log)
    logged = f"\n\nLogged while training:\n\n{measured}" if measured else ""
    return training_table(run, log) + logged


def _without_folders(value: Any) -> Any:
    """Cut the folders of this machine off the paths in nested values."""
    if isinstance(value, dict):
        return {key: _without_folders(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_folders(each) for each in value]
    return without_folders(value) if isinstance(value, str) else value


def score_table(scores: dict[str, dict[str, Any]]) -> str:
    """Write scores as a Markdown table, one for each signature."""
    if not scores:
        return "None were given."
    parts = []
    for signature in dict.fromkeys(score["signature"] for score in scores.values()):
        rows = {name: s for name, s in scores.items() if s["signature"] == signature}
        labels = list(next(iter(rows.values()))["failure_modes"])
        heads = ["", "utterances", "mixed error rate [95 % interval]", "zh", "en", *labels]
        lines = [heads, ["---", *["---:"] * (len(heads) - 1)]]
        lines += [[name, *_cells(score, labels)] for name, score in rows.items()]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        parts.append(f"{table}\n\nSignature: `{signature}`")
    return "\n\n".join(
        [
            *parts,
            "Scores whose signatures differ cannot be compared. Failures are shares of utterances.",
        ]
    )


def _cells(score: dict[str, Any], labels: list[str]) -> list[str]:
    rate, interval = _percent(score["mixed_error_rate"]), score.get("interval")
    if interval:
        rate += f" [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"
    languages = [_percent(score["by_language"].get(x, {}).get("rate")) for x in ("zh", "en")]
    modes = [_percent(score["failure_modes"].get(x, {}).get("rate")) for x in labels]
    return [str(score["utterances"]), rate, *languages, *modes]


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f} %"


def card_header(base: str, run: Json | None, *, adapter: bool) -> str:
    """Write the YAML header by which the hub files a card.

    >>> print(card_header("a/b", {"objective": {"name": "dpo"}}, adapter=True), end="")
    base_model: a/b
    base_model_relation: adapter
    library_name: peft
    pipeline_tag: audio-text-to-text
    tags:
    - earmark
    - speech-recognition
    - dpo
    """
    header: dict[str, Any] = {}
    hub = hub_name(base).name
    if HUB_ID.fullmatch(hub) and not Path(base).exists():
        relation = "adapter" if adapter else "finetune"
        header |= {"base_model": hub, "base_model_relation": relation}
    objective = part(run, "objective").get("name")
    header |= {
        "library_name": "peft" if adapter else "transformers",
        "pipeline_tag": "audio-text-to-text",
        "tags": ["earmark", "speech-recognition", *([str(objective)] if objective else [])],
    }
    return str(yaml.safe_dump(header, sort_keys=False))


def _objective(run: Json | None) -> str:
    """Say what was optimized, and on how many pairs."""
    if not part(run, "objective"):
        return "the adapter brought no run.json, so how it was trained is not known"
    count = part(run, "pairs").get("count")
    pairs = f", {plain(count)} pairs" if count is not None else ""
    return f"objective {objective_in_words(run)}{pairs}"
