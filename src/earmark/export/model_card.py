"""The README.md of an exported model: what it is, how it was trained, how well it does, limits."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from earmark import __version__
from earmark.errors import InputError
from earmark.policies.checkpoint.hub_name import hub_name
from earmark.policies.checkpoint.json_object import read_object

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
NEEDED = ("signature", "utterances", "mixed_error_rate", "by_language", "failure_modes")

CARD = """\
---
{header}---

# {name}

{base} aligned with preference pairs by Earmark {version}:
{objective}. {kind} The weights are {dtype}.

## Scores

{scores}

## Use

```text
vllm serve {name}
earmark transcribe --endpoint http://localhost:8000/v1 --model {name} \\
    --utterances test.jsonl --out hyp.jsonl
earmark transcribe --model {name} --utterances test.jsonl --out hyp.jsonl
```

`generation_config.json` is the base's. A server takes from it whatever a request leaves out, so
say temperature, top_p, top_k and repetition penalty in each request.

## Limits

- {measured}
- What the base cannot hear, this model cannot hear: training was on what is written, not on
  hearing, unless the settings below say otherwise.
- The licence and the limits of the base apply.

## How it was trained

`run.json`, as the run wrote it:

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
) -> str:
    """Write the card.

    Args:
        name: of the exported model.
        base: the model that was trained, a hub id or a folder.
        dtype: number type of the weights.
        run: run.json, None if there was none.
        scores: by the name of what was scored.
    """
    settings = (run or {}).get("settings", {})
    rank = settings.get("lora_rank")
    kind = "The language model was trained as a whole." if rank == 0 else ""
    if rank:
        targets = settings.get("lora_targets")
        where = f"the layers that match `{targets}`" if targets else "the language model"
        kind = f"A LoRA of rank {rank} on {where} was merged into the weights."
    return CARD.format(
        header=yaml.safe_dump(_header(base, run), sort_keys=False),
        name=name,
        base=f"`{base if HUB_ID.fullmatch(hub_name(base).name) else Path(base).name}`",
        version=__version__,
        objective=_objective(run),
        kind=kind,
        dtype=dtype,
        scores=score_table(scores),
        measured=(
            "Nothing is known about speech that is unlike the test sets above."
            if scores
            else "It comes without scores: what it does is not known."
        ),
        run=json.dumps(run, indent=2, ensure_ascii=False) if run else "null",
    )


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


def _header(base: str, run: dict[str, Any] | None) -> dict[str, Any]:
    header: dict[str, Any] = {}
    hub = hub_name(base).name
    if HUB_ID.fullmatch(hub) and not Path(base).exists():
        header |= {"base_model": hub, "base_model_relation": "finetune"}
    objective = (run or {}).get("objective", {}).get("name")
    header |= {"library_name": "transformers", "pipeline_tag": "audio-text-to-text"}
    return header | {"tags": ["earmark", "speech-recognition", *([objective] if objective else [])]}


def _objective(run: dict[str, Any] | None) -> str:
    """Say what was optimized, and on how many pairs."""
    if not run or "objective" not in run:
        return "the adapter brought no run.json, so how it was trained is not known"
    knobs = {k: v for k, v in run["objective"].items() if k != "name"}
    said = ", ".join(f"{k} {v}" for k, v in knobs.items())
    count = run.get("pairs", {}).get("count")
    pairs = f", {count} pairs" if count is not None else ""
    return f"objective `{run['objective']['name']}`" + (f" ({said})" if said else "") + pairs
