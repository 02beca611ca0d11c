"""What candidates are sampled for: a manifest, pairs, candidates, or prompts alone."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from earmark.errors import InputError
from earmark.formats.files.set_aside import BadRow
from earmark.formats.files.source import Source
from earmark.formats.reading import open_source, recognise, rows_of
from earmark.formats.schema.fields import Extra, brief, parse_row
from earmark.formats.schema.kinds import KINDS, kind_of
from earmark.pairs.rules import form_problems
from earmark.records import Candidates, Pair, Utterance

OnError = Literal["stop", "skip"]
Asking: TypeAlias = Utterance | Pair | Candidates
PROMPTS = ("prompt", "messages")
ANSWERED = ("chosen", "rejected", "candidates")


class Row(NamedTuple):
    """A row that candidates are sampled for, and its number in what was given, from 1."""

    record: Asking
    number: int


class Given(NamedTuple):
    """Rows, where the paths in them start, what they came from, and the rows set aside."""

    rows: list[Row]
    folder: Path
    name: str
    bad: list[BadRow]


def read_given(path: str | Path, on_error: OnError = "stop") -> Given:
    """Read a file of utterances, pairs, candidates or prompts.

    Rows of prompts alone are JSON lines with `prompt`: a list of messages, or the text of a
    user's turn. Their `id` is the number of the line where it is left out.

    Raises:
        InputError: a bad row when `on_error` is "stop", or not one good row.
    """
    bad: list[BadRow] = []
    aside = bad if on_error == "skip" else None
    source, chosen = open_source(path)
    if chosen is None and has_prompts_alone(source):
        rows = list(_read_prompts(source, aside))
    else:
        format = chosen or recognise(source)
        kind = kind_of(source, format)
        if kind == "hypotheses":
            raise InputError(
                f"{source}: holds hypotheses, which have no prompt; give the utterances that they "
                "belong to, pairs, candidates, or prompts"
            )
        read: Iterator[Any] = rows_of(KINDS[kind], source, format, None, aside)
        rows = [Row(record, n) for n, record in enumerate(_checked(read, source, aside), start=1)]
    if not rows:
        raise InputError(f"{source}: not one usable row{_first(bad)}")
    return Given(rows, source.folder.resolve(), str(source), bad)


def given_items(items: Sequence[Any]) -> Given:
    """Take records, rows of them, or texts; paths start at the current folder.

    Raises:
        InputError: an item that is none of these.
    """
    rows = [Row(_of_item(item, n), n) for n, item in enumerate(items, start=1)]
    if not rows:
        raise InputError("prompts: the list is empty; expected at least one")
    seen: dict[str, str] = {}
    for row in rows:
        where = f"prompts: item {row.number}"
        check_record(row.record, where)
        refuse_repeated(row.record.id, where, seen)
    return Given(rows, Path.cwd(), "the prompts given", [])


def has_prompts_alone(source: Source) -> bool:
    """Say whether a file's rows have prompts and no answers."""
    first = source.first_objects
    return bool(first) and all(
        any(name in row for name in PROMPTS) and not any(name in row for name in ANSWERED)
        for row in first
    )


def prompt_row(data: Any, number: int, where: str, extra: Extra | None = None) -> Candidates:
    """Make candidates without an answer of a row with a prompt.

    >>> prompt_row({"prompt": "Say hello."}, 7, "p:7").prompt
    [{'role': 'user', 'content': 'Say hello.'}]

    Raises:
        InputError: the row has no prompt, or one that cannot be.
    """
    if not isinstance(data, dict):
        raise InputError(f"{where}: expected an object with 'prompt', found {brief(data)}")
    row = dict(data)
    if "messages" in row and "prompt" not in row:
        row["prompt"] = row.pop("messages")
        last = row["prompt"][-1] if isinstance(row["prompt"], list) and row["prompt"] else {}
        if isinstance(last, dict) and last.get("role") == "assistant":
            raise InputError(
                f"{where}: 'messages' end with an answer; give those before it as 'prompt', and "
                "the answer as 'truth'"
            )
    if isinstance(row.get("prompt"), str):
        row["prompt"] = [{"role": "user", "content": row["prompt"]}]
    row.setdefault("candidates", [])
    row.setdefault("id", str(number))
    if isinstance(row["id"], int):
        row["id"] = str(row["id"])
    record = parse_row(Candidates, row, where, extra)
    check_record(record, where)
    return record


def check_record(record: Asking, where: str) -> None:
    """Refuse a record whose prompt cannot be used.

    Raises:
        InputError: says what is wrong with it.
    """
    if isinstance(record, Utterance):
        if not record.audio:
            raise InputError(f"{where}: '{record.id}' has no audio; expected a path in 'audio'")
        return
    problem = next(form_problems(record.prompt), None)
    if not record.prompt or problem:
        raise InputError(f"{where}: '{record.id}': {problem or 'the prompt has no message'}")


def refuse_repeated(id_: str, where: str, seen: dict[str, str]) -> None:
    """Refuse an id that an earlier row has, and keep it.

    Raises:
        InputError: names both rows.
    """
    if id_ in seen:
        raise InputError(f"{where}: the id '{id_}' is that of {seen[id_]} too; ids must be unique")
    seen[id_] = where


def _read_prompts(source: Source, aside: list[BadRow] | None) -> Iterator[Row]:
    extra, seen = Extra(Candidates), dict[str, str]()
    for where, number, text, value in source.objects():
        try:
            if isinstance(value, InputError):
                raise value
            record = prompt_row(value, number, where, extra)
            refuse_repeated(record.id, where, seen)
        except InputError as error:
            if aside is None:
                raise
            aside.append(BadRow(str(source), number, text.decode("utf-8", "replace"), str(error)))
            continue
        yield Row(record, number)


def _checked(
    records: Iterator[Asking], source: Source, aside: list[BadRow] | None
) -> Iterator[Asking]:
    for number, record in enumerate(records, start=1):
        try:
            check_record(record, f"{source}: row {number}")
        except InputError as error:
            if aside is None:
                raise
            aside.append(BadRow(str(source), number, record.id, str(error)))
            continue
        yield record


def _of_item(item: Any, number: int) -> Asking:
    where = f"prompts: item {number}"
    if isinstance(item, Utterance | Pair | Candidates):
        return item
    if isinstance(item, str):
        return prompt_row({"prompt": item}, number, where)
    if not isinstance(item, Mapping):
        raise InputError(
            f"{where} should be an utterance, a pair, candidates, a row of one or a text, found "
            f"{type(item).__name__} {brief(item)}"
        )
    row = dict(item)
    if "chosen" in row or "rejected" in row:
        return parse_row(Pair, row, where)
    if any(name in row for name in PROMPTS):
        return prompt_row(row, number, where)
    return parse_row(Utterance, row, where)


def _first(bad: Sequence[BadRow]) -> str:
    return f"; the first: {bad[0].reason}" if bad else ""
