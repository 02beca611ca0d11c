"""What a run's own files say of it, for its card: run.json and log.jsonl, as Markdown.

An adapter may come from a stranger: a part of run.json that is missing or has another form is
left out, and no text in it can break a table or begin a line of its own.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from earmark.display import visible, without_folders
from earmark.errors import InputError
from earmark.formats.files.lines import numbered_lines, parse_line
from earmark.progress import note

Json = Mapping[str, Any]

LOG = "log.jsonl"
MEASURED = {
    "loss": "loss",
    "rewards/margins": "reward margin",
    "rewards/accuracies": "preference accuracy",
    "logps/chosen_shift": "log-probability of the chosen answer since the start, nats",
    "logps/rejected_shift": "log-probability of the rejected answers since the start, nats",
}
"""Name in the log -> what it is, in the order of the card."""

_UNSAFE = {ord("|"): "&#124;", ord("<"): "&lt;", ord("`"): "'", ord("\n"): " ", ord("\r"): " "}


def part(run: Json | None, name: str) -> Json:
    """Return an object in run.json, empty where there is none.

    >>> part({"settings": {"seed": 0}}, "settings"), part({"settings": [1]}, "settings")
    ({'seed': 0}, {})
    """
    found = (run or {}).get(name)
    return found if isinstance(found, Mapping) else {}


def plain(value: Any) -> str:
    r"""Write a value of run.json as text that stays in its cell.

    >>> plain("a|b\n# c"), plain(None), plain("/home/me/model")
    ('a&#124;b # c', 'none', '…/model')
    """
    if isinstance(value, str):
        text = value
    elif value is None:
        text = "none"
    else:
        text = json.dumps(value, ensure_ascii=False)
    return visible(without_folders(text).translate(_UNSAFE))


def objective_in_words(run: Json | None) -> str:
    """Name the objective with its knobs, or say that it is not known.

    >>> objective_in_words({"objective": {"name": "dpo", "sft_weight": 0.0, "beta": 0.1}})
    '`dpo` (sft_weight 0.0, beta 0.1)'
    """
    objective = part(run, "objective")
    if "name" not in objective:
        return "not known"
    knobs = ", ".join(f"{plain(k)} {plain(v)}" for k, v in objective.items() if k != "name")
    return f"`{plain(objective['name'])}`" + (f" ({knobs})" if knobs else "")


def trained_in_words(run: Json | None) -> str:
    """Say what was trained: a LoRA and where it is, or the whole language model.

    >>> trained_in_words({"settings": {"lora_rank": 8, "lora_targets": ""}})
    'a LoRA of rank 8 on the language model'
    >>> trained_in_words({"settings": {"lora_rank": 0}}), trained_in_words(None)
    ('the language model as a whole', '')
    """
    settings = part(run, "settings")
    rank = settings.get("lora_rank")
    if rank is None:
        return ""
    if not rank:
        return "the language model as a whole"
    targets = settings.get("lora_targets")
    where = f"the layers that match `{plain(targets)}`" if targets else "the language model"
    return f"a LoRA of rank {plain(rank)} on {where}"


def training_table(run: Json, log: Sequence[Json] = ()) -> str:
    """Write how a run was trained as a Markdown table; what is not known is left out."""
    settings, model, pairs = (part(run, name) for name in ("settings", "model", "pairs"))
    loaded = part(model, "loaded")
    steps = max((row["step"] for row in log if isinstance(row.get("step"), int)), default=None)
    versions = {"earmark": run.get("earmark"), **part(run, "versions")}
    rows = {
        "base model": _with(model.get("name"), "weights", model.get("weights")),
        "objective": objective_in_words(run),
        "trained": trained_in_words(run),
        "pairs": _with(pairs.get("count"), "hash", pairs.get("hash")),
        "optimizer steps": _with(steps, "epochs", settings.get("num_train_epochs")),
        "batch": _batch(settings, run.get("processes")),
        "learning rate": _learning_rate(settings),
        "computed in": " on ".join(plain(v) for v in loaded.values()),
        "seed": "" if "seed" not in settings else plain(settings["seed"]),
        "versions": ", ".join(f"{plain(k)} {plain(v)}" for k, v in versions.items() if v),
    }
    return markdown_table(("setting", "value"), [row for row in rows.items() if row[1]], "---")


def _with(value: Any, name: str, more: Any) -> str:
    """Write a value, and another one with its name in brackets; nothing without the first."""
    if value is None:
        return ""
    return plain(value) + (f" ({name} {plain(more)})" if more is not None else "")


def _batch(settings: Json, processes: Any) -> str:
    """Write how many rows one optimizer step sees."""
    if "per_device_train_batch_size" not in settings:
        return ""
    budget = settings.get("token_budget")
    rows = f"{plain(settings['per_device_train_batch_size'])} rows"
    size = f"{plain(budget)} tokens" if budget else rows
    times = {
        "batches": settings.get("gradient_accumulation_steps", 1),
        "processes": 1 if processes is None else processes,
    }
    more = [f"{plain(count)} {name}" for name, count in times.items() if count != 1]
    return " of ".join([size, *more])


def _learning_rate(settings: Json) -> str:
    """Write the peak learning rate and its schedule."""
    if "learning_rate" not in settings:
        return ""
    parts = [plain(settings["learning_rate"]), plain(settings.get("lr_scheduler_type", ""))]
    parts += [
        f"{name} {plain(settings[name])}"
        for name in ("warmup_steps", "warmup_ratio")
        if settings.get(name)
    ]
    return ", ".join(filter(None, parts))


def measured_table(log: Sequence[Json]) -> str:
    """Write what was logged first and last while training; nothing where there is no log."""
    logged = [row for row in log if "loss" in row and isinstance(row.get("step"), int)]
    if not logged:
        return ""
    first, last = logged[0], logged[-1]
    ends = [first, last] if len(logged) > 1 else [last]
    heads = ("on the training pairs", *(f"until step {row['step']}" for row in ends))
    rows = [
        (what, *(_number(row.get(name)) for row in ends))
        for name, what in MEASURED.items()
        if name in last
    ]
    return markdown_table(heads, rows)


def _number(value: Any) -> str:
    """Write a logged number with four digits."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.4g}"
    return "n/a"


def markdown_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], others: str = "---:"
) -> str:
    """Write a Markdown table; `others` aligns all columns except the first."""
    lines = [header, ["---", *[others] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def read_log(run: Path) -> list[dict[str, Any]]:
    """Read a run's log; an adapter that brings none, or a damaged one, has no rows, with a note."""
    path = run / LOG
    if not path.is_file():
        return []
    try:
        rows = [parse_line(raw, f"{path}:{number}") for number, raw in numbered_lines(path)]
    except InputError as error:
        note(f"{error}; the card cannot say what was measured while training")
        return []
    return [row for row in rows if isinstance(row, dict)]
