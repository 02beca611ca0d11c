"""From a JSON object to a record: which values a field may have, and what else a row says."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from functools import cache
from math import inf
from types import UnionType
from typing import Any, cast, get_args, get_origin

from earmark.errors import InputError, did_you_mean
from earmark.progress import note
from earmark.records import (
    SAID_OF_UTTERANCE,
    AnyRecord,
    Candidate,
    Candidates,
    Hypothesis,
    Pair,
    Record,
    Utterance,
)

# Records, each a row of a file; and what a row of candidates has several of.
KINDS: tuple[type[Any], ...] = (Utterance, Hypothesis, Pair, Candidates, Candidate)
NAMES: dict[type, str] = {Candidates: "a row of candidates"}
FIELDS: dict[type, dict[str, Field[Any]]] = {
    kind: {f.name: f for f in fields(kind) if f.name != "extra"} for kind in KINDS
}
REQUIRED = {
    kind: {n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING}
    for kind, known in FIELDS.items()
}

# Other names of a span. Kept as they are, they would leave the whole recording to be heard.
SPAN_NAMES = {
    **dict.fromkeys(("start", "begin", "offset", "start_time", "start_sec"), "start_s"),
    **dict.fromkeys(("end", "stop", "end_time", "end_sec"), "end_s"),
}
# Fields by which a row shows that it is of another kind.
OF_ANOTHER_KIND = {
    Utterance: {"chosen": "a pair", "rejected": "a pair", "raw_text": "a hypothesis"},
    Hypothesis: {"chosen": "a pair", "rejected": "a pair"},
    Pair: {},
    Candidates: {},
}
# What a row without one of its fields was meant as, by a field that it has.
MEANT_AS = {
    Pair: {"candidates": "several candidates and no pair: earmark pairs from-candidates makes one"},
    Candidates: {"chosen": "a pair", "rejected": "a pair", "text": "an utterance or a hypothesis"},
}
MOST_NAMES = 20
MOST_SECONDS = 1e9
SHOWN = 80
NEAR = 0.75


def to_row(record: AnyRecord | Candidate) -> dict[str, Any]:
    """Turn a record into a JSON object; fields that are None or empty may be left out.

    Raises:
        InputError: a field in `extra` has the name of one of the record's own.
    """
    kind = type(record)
    needed = REQUIRED[kind]
    values = ((name, getattr(record, name)) for name in FIELDS[kind])
    row = {k: v for k, v in values if k in needed or (v is not None and v != [] and v != {})}
    if isinstance(record, Candidates):
        row["candidates"] = [to_row(each) for each in record.candidates]
    if not record.extra:
        return row
    clash = next((name for name in record.extra if name in FIELDS[kind]), None)
    if clash is not None:
        raise InputError(
            f"'{getattr(record, 'id', 'candidate')}': its extra field '{clash}' has the name of a "
            f"field of {name_of(kind)}; rename it"
        )
    return row | record.extra


def name_of(kind: type) -> str:
    """Name a kind of record with its article.

    >>> name_of(Utterance), name_of(Pair)
    ('an utterance', 'a pair')
    """
    name = kind.__name__.lower()
    if kind in NAMES:
        return NAMES[kind]
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def misspelt(record: AnyRecord) -> Iterator[tuple[str, str]]:
    """Yield the extra fields whose names are near to that of a field without value, and that name.

    >>> list(misspelt(Utterance("a", extra={"audoi": "a.wav", "dialect": "Penang"})))
    [('audoi', 'audio')]
    """
    for name in record.extra:
        free = [field for field in FIELDS[type(record)] if not getattr(record, field)]
        for near in get_close_matches(name, free, n=1, cutoff=NEAR):
            yield name, near


class Extra:
    """Notes the fields that a record does not have, each name once in a file."""

    def __init__(self, kind: type, kept: str = "kept") -> None:
        self.kind = kind
        self.kept = kept
        self.seen: set[str] = set(SAID_OF_UTTERANCE)
        self.inner = Extra(Candidate, kept) if kind is Candidates else None

    def see(self, extra: dict[str, Any], where: str, row: Mapping[str, Any]) -> None:
        """Note the names that no earlier row had; after many of them none is noted any more.

        Args:
            extra: what the record does not have.
            where: the place of the row.
            row: all of the row; a name is not held for a field that has a value in it.
        """
        new = [name for name in extra if name not in self.seen]
        if not new or len(self.seen) > MOST_NAMES:
            return
        self.seen.update(new)
        free = [name for name in FIELDS[self.kind] if name not in row]
        close = [did_you_mean(name, free) for name in new]
        hints = [f"'{n}': {c}" for n, c in zip(new, close, strict=True) if c.startswith("did you")]
        note(
            f"{where}: fields that {name_of(self.kind)} does not have are {self.kept}: "
            f"{', '.join(new)}" + (f" ({'; '.join(hints)})" if hints else "")
        )


def parse_row(kind: type[Record], data: Any, where: str, extra: Extra | None = None) -> Record:
    """Build a record from a JSON object; fields that it does not have go to its `extra`.

    Raises:
        InputError: a missing field, a value of the wrong type, or a row of another kind.
    """
    known, unknown = checked(kind, data, where, extra)
    if not known["id"].strip():
        noun = NAMES.get(kind, kind.__name__.lower()).removeprefix("a ")
        raise InputError(f"{where}: the id is empty; every {noun} needs one of its own")
    if kind is Candidates:
        inner = None if extra is None else extra.inner
        known["candidates"] = candidates_of(known["candidates"], where, inner)
    return kind(**known, extra=unknown) if unknown else kind(**known)


def candidates_of(rows: list[Any], where: str, extra: Extra | None) -> list[Candidate]:
    """Build candidates from JSON objects; unknown fields of each go to its `extra`.

    Raises:
        InputError: a missing field, or a value of the wrong type; says of which candidate.
    """
    made = []
    for number, row in enumerate(rows, start=1):
        if isinstance(row, Candidate):
            made.append(row)
            continue
        known, unknown = checked(Candidate, row, f"{where}: candidate {number}", extra)
        made.append(Candidate(**known, extra=unknown))
    return made


def checked(
    kind: type, data: Any, where: str, extra: Extra | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of a JSON object that a record has, with values it may have; and the rest.

    Raises:
        InputError: a missing field, a value of the wrong type, or a row of another kind.
    """
    if not isinstance(data, dict):
        raise InputError(f"{where}: expected a JSON object, found {type(data).__name__}")
    checks = CHECKS[kind]
    unknown = {}
    for key, value in data.items():
        check = checks.get(key)
        if check is None:
            unknown[key] = value
        elif not check(value):
            raise InputError(
                f"{where}: field '{key}' should be {_shown(kind, key)}, found {brief(value)}"
            )
    if unknown:
        _check_unknown(kind, data, unknown, where)
        if extra is not None:
            extra.see(unknown, where, data)
        data = {key: value for key, value in data.items() if key not in unknown}
    if not REQUIRED[kind] <= data.keys():
        missing = REQUIRED[kind] - data.keys()
        first = next(name for name in FIELDS[kind] if name in missing)
        raise InputError(
            f"{where}: field '{first}' is missing; {name_of(kind)} needs it"
            + _meant(kind, first, unknown)
        )
    return dict(data), unknown


def _meant(kind: type, missing: str, unknown: Mapping[str, Any]) -> str:
    """Say what was meant by the fields of a row that lacks one of ours; nothing where unknown."""
    hint = did_you_mean(missing, unknown) if unknown else ""
    if hint.startswith("did you"):
        return f"; {hint}"
    meant = MEANT_AS.get(kind, {})
    found = next((name for name in unknown if name in meant), None)
    return f"; a row with '{found}' is {meant[found]}" if found else ""


def renamed(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Rename the keys of a row to ours; a key that has such a name already gets a longer one.

    >>> renamed({"key": "u1", "txt": "好", "text": "x"}, {"key": "id", "txt": "text"})
    {'id': 'u1', 'text': '好', 'text_': 'x'}
    """
    taken = {ours for theirs, ours in names.items() if theirs in row}
    found = {}
    for key, value in row.items():
        name = names.get(key, key)
        while key not in names and name in taken:
            name += "_"
        taken.add(name)
        found[name] = value
    return found


def named_as(row: Mapping[str, Any], names: Mapping[str, str], format: str) -> dict[str, Any]:
    """Rename the keys of a record's row to those of another format.

    Raises:
        InputError: a field in `extra` has a name that the format needs.
    """
    found = {names.get(key, key): value for key, value in row.items()}
    clash = sorted(set(names.values()) & row.keys() - names.keys())
    if clash:
        raise InputError(
            f"'{row['id']}': its extra field '{clash[0]}' has the name of a field of {format}; "
            "rename it"
        )
    return found


def _check_unknown(kind: type, data: dict[str, Any], unknown: dict[str, Any], where: str) -> None:
    """Refuse unknown fields that are no addition to the record but say that it is another."""
    for name in unknown:
        other = OF_ANOTHER_KIND.get(kind, {}).get(name)
        if other is not None:
            raise InputError(f"{where}: a row with '{name}' is {other}; expected {name_of(kind)}")
        meant = SPAN_NAMES.get(name)
        if kind is Utterance and meant is not None and meant not in data:
            raise InputError(
                f"{where}: '{name}' is not read as a span; did you mean '{meant}', in seconds?"
            )


def brief(value: Any) -> str:
    """Quote a value in a message: its beginning, where it is long.

    >>> brief([1, "two"])
    "[1, 'two']"
    >>> brief("x" * 500)[-12:]
    'xxxxxxxxx...'
    """
    written = repr(value)
    return written if len(written) <= SHOWN else written[:SHOWN] + "..."


def _shown(kind: type, name: str) -> str:
    """Say what a field may hold."""
    special = {
        "rejected": "a text or a list of texts",
        "failure_modes": "a list of texts",
        "prompt": "a list of messages",
        "rejected_prompt": "a list of messages",
        "content": "a text or a list of parts",
        "candidates": "a list of candidates",
        "scores": f"criteria with a {'number' if kind is Candidate else 'list of numbers'} each",
        "start_s": "a number of seconds",
        "end_s": "a number of seconds",
    }
    plain: Any = FIELDS[kind][name].type
    return special.get(name) or str(getattr(plain, "__name__", plain))


@cache
def _plain_types(annotation: Hashable) -> tuple[type, ...]:
    """Return the classes a JSON value of this annotation may have."""
    options = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    plain = tuple(get_origin(option) or option for option in options)
    return (*plain, int) if float in plain else plain


def _is_plain(annotation: Hashable) -> Callable[[Any], bool]:
    """Make the check that a value has one of the classes of an annotation."""
    plain = _plain_types(annotation)
    if float in plain:
        return _is_finite
    # True and False are ints to Python.
    if bool in plain or int not in plain:
        return lambda value: isinstance(value, plain)
    return lambda value: isinstance(value, plain) and value is not True and value is not False


def _is_finite(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (is_number and abs(value) < inf)


def _is_seconds(value: Any) -> bool:
    # Compared and not converted: an int in JSON may be too large for a float.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (is_number and abs(value) < MOST_SECONDS)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_rejected(value: Any) -> bool:
    return isinstance(value, str) or _are_texts(value)


def _are_scores(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, list) for each in value.values())


def _are_numbers(value: Any) -> bool:
    # NaN is read: what uses scores names it and counts it, and a file with one is not refused.
    return isinstance(value, dict) and all(
        isinstance(each, int | float) and not isinstance(each, bool) for each in value.values()
    )


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _is_content(value: Any) -> bool:
    return isinstance(value, str) or _are_objects(value)


_SPECIAL: dict[str, Callable[[Any], bool]] = {
    "start_s": _is_seconds,
    "end_s": _is_seconds,
    "rejected": _is_rejected,
    "failure_modes": _are_texts,
    "scores": _are_scores,
    "content": _is_content,
}
_OF_CANDIDATE = {"scores": _are_numbers}
CHECKS: dict[type, dict[str, Callable[[Any], bool]]] = {
    kind: {
        name: special.get(name) or _is_plain(cast(Hashable, f.type)) for name, f in known.items()
    }
    for kind, known in FIELDS.items()
    for special in [_SPECIAL | (_OF_CANDIDATE if kind is Candidate else {})]
}
