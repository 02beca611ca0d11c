"""Read `run.json`, the description of a run that `earmark train` leaves beside what it trained."""

from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.policies.checkpoint.json_object import read_object

RUN = "run.json"
OBJECT, TEXT, FLAG, NUMBER = (dict,), (str,), (bool,), (int,)
# What Earmark reads from it, and the type of each; all may be absent.
READ: dict[tuple[str, ...], tuple[type, ...]] = {
    ("model",): OBJECT,
    ("model", "name"): TEXT,
    ("model", "hash"): TEXT,
    ("model", "weights"): (str, type(None)),
    ("objective",): OBJECT,
    ("objective", "name"): TEXT,
    ("settings",): OBJECT,
    ("settings", "lora_rank"): NUMBER,
    ("settings", "lora_targets"): (str, type(None)),
    ("finished",): FLAG,
}
NAMES = {dict: "an object", str: "a text", bool: "true or false", int: "a whole number"}


def read_description(path: Path) -> dict[str, Any]:
    """Return what a run.json holds.

    Raises:
        InputError: not a JSON object, or a field of another type than a run writes.
    """
    run, problem = read_object(path)
    if problem:
        raise InputError(problem)
    for place, types in READ.items():
        inside: Any = run
        for key in place[:-1]:
            inside = inside.get(key, {})
        value = inside.get(place[-1], types[0]())
        if type(value) not in types:
            raise InputError(
                f"{path}: {'.'.join(place)} should be {NAMES[types[0]]}, found {value!r:.80}: this "
                "is not the description of a run; copy it again from where the run was trained"
            )
    return run
