"""Pairs as other tools write them: messages, `<audio>` in a text, one rejected answer a row."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.schema.fields import Extra, parse_row, to_row
from earmark.records import Pair

Messages = list[dict[str, Any]]

AUDIO = "<audio>"
ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant"}
ROLES["system"] = "system"
# What a part of a message may call its sound.
SOUND_KEYS = ("audio", "path", "audio_url", "url")
SPAN = ("start_s", "end_s")


def pair_of(
    row: Mapping[str, Any],
    taken: Iterable[str],
    said: Mapping[str, Any],
    where: str,
    extra: Extra,
    source: Source,
) -> Pair:
    """Make a pair of what was found in a row and of the fields that are left.

    A row without an id is named after its file and its place there.

    Raises:
        InputError: it is not a pair.
    """
    rest = {key: value for key, value in row.items() if key not in taken}
    if rest.get("id") is None:
        place = where.removeprefix(str(source)).removeprefix(":").removeprefix(" item ")
        rest["id"] = f"{source.named.stem}-{place}"
    elif isinstance(rest["id"], int) and not isinstance(rest["id"], bool):
        rest["id"] = str(rest["id"])
    return parse_row(Pair, {**rest, **said}, where, extra)


def message(role: Any, content: Any, where: str) -> dict[str, Any]:
    """Make a message, its role called as ours are.

    Raises:
        InputError: a role that has no counterpart, or no content.
    """
    if role not in ROLES:
        raise InputError(
            f"{where}: a message has the role {role!r}; expected one of {', '.join(ROLES)}"
        )
    if not isinstance(content, str | list):
        raise InputError(f"{where}: a message should have a text, found {content!r}")
    return {"role": ROLES[role], "content": content}


def text_of(content: Any, where: str) -> str:
    """Return an answer as text: a text, a message, a list of one message, or text parts.

    Raises:
        InputError: it is something else.
    """
    if isinstance(content, list) and len(content) == 1 and "role" in content[0]:
        content = content[0]
    if isinstance(content, dict):
        if ROLES.get(str(content.get("role", content.get("from")))) != "assistant":
            raise InputError(f"{where}: an answer should be the assistant's, found {content!r}")
        content = content.get("content", content.get("value"))
    if isinstance(content, list) and all(
        isinstance(part, dict) and isinstance(part.get("text"), str) for part in content
    ):
        content = "".join(part["text"] for part in content)
    if not isinstance(content, str):
        raise InputError(
            f"{where}: an answer should be a text or one message of the assistant, "
            f"found {str(content)[:200]}"
        )
    return content


def place_audio(messages: Messages, audios: Any, where: str, source: Source) -> Messages:
    """Put the paths of a row's list of sounds where its messages say `<audio>`.

    Raises:
        InputError: not as many sounds as places.
    """
    audios = [audios] if isinstance(audios, str) else audios or []
    if not isinstance(audios, list) or not all(isinstance(each, str) for each in audios):
        raise InputError(f"{where}: the sounds should be a list of paths, found {audios!r}")
    places = sum(m["content"].count(AUDIO) for m in messages if isinstance(m["content"], str))
    if places != len(audios):
        raise InputError(
            f"{where}: {len(audios)} sounds for {places} {AUDIO} in the messages; give one for each"
        )
    paths = map(source.locate, audios)
    return [{**m, "content": _parts(m["content"], paths)} for m in messages]


def _parts(content: Any, paths: Iterator[str]) -> Any:
    """Divide a text at its `<audio>`; a text without stays one."""
    if not isinstance(content, str) or AUDIO not in content:
        return content
    parts: Messages = []
    for number, text in enumerate(content.split(AUDIO)):
        parts += [{"type": "audio", "audio": next(paths)}] if number else []
        parts += [{"type": "text", "text": text}] if text else []
    return parts


def write_audio(messages: Messages, pair: Pair) -> tuple[list[tuple[str, str]], list[str]]:
    """Return role and text of each message, `<audio>` in place of sound, and the sounds' paths.

    Raises:
        InputError: a span, or a text that says `<audio>` itself.
    """
    written, audios = [], []
    for each in messages:
        content, text = each["content"], ""
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            if part.get("type") == "audio":
                if any(part.get(name) is not None for name in SPAN):
                    raise InputError(
                        f"pair '{pair.id}': this format cannot hold a span of a recording "
                        "(start_s, end_s); cut the clips into files of their own first"
                    )
                audios.append(part["audio"])
            elif AUDIO in part["text"]:
                raise InputError(f"pair '{pair.id}': the text of its prompt says {AUDIO}")
            text += AUDIO if part.get("type") == "audio" else part["text"]
        written.append((each["role"], text))
    return written, audios


def one_rejected_each(pair: Pair) -> list[Pair]:
    """Divide a pair into pairs with one rejected answer each, or with none.

    Raises:
        InputError: its sides have different prompts, for which no other tool has a place.
    """
    if pair.rejected_prompt is not None:
        raise InputError(
            f"pair '{pair.id}': its rejected answer belongs to another prompt (rejected_prompt), "
            "which this format cannot hold: it would be trained as an answer to the prompt of the "
            "chosen one. Write it as jsonl, parquet or arrow"
        )
    if len(pair.losers) < 2:
        return [replace(pair, rejected=pair.losers[0] if pair.losers else [])]
    return [
        replace(
            pair,
            id=f"{pair.id}/{i + 1}",
            rejected=loser,
            failure_modes=pair.failure_modes[i : i + 1],
            scores={
                name: [numbers[0], numbers[i + 1]]
                for name, numbers in pair.scores.items()
                if len(numbers) == 1 + len(pair.losers)
            },
        )
        for i, loser in enumerate(pair.losers)
    ]


def answer_of(pair: Pair) -> tuple[str, bool] | None:
    """Return the only answer of a pair that has one, and whether it is the chosen one.

    Raises:
        InputError: it has none.
    """
    if pair.losers and pair.chosen:
        return None
    if not pair.losers and not pair.chosen:
        raise InputError(f"pair '{pair.id}' has neither a chosen nor a rejected answer")
    return (pair.losers[0], False) if pair.losers else (pair.chosen, True)


def answers(content: Any, is_good: Any, where: str) -> dict[str, Any]:
    """Return the fields of a pair that has one answer, which is good or bad.

    Raises:
        InputError: the label is not true or false.
    """
    if not isinstance(is_good, bool):
        raise InputError(f"{where}: a label should be true or false, found {is_good!r}")
    text = text_of(content, where)
    return {"chosen": text, "rejected": []} if is_good else {"chosen": "", "rejected": text}


def rest_of(pair: Pair, taken: Iterable[str]) -> dict[str, Any]:
    """Return the fields of a pair that other tools have no name for, under ours.

    Raises:
        InputError: one of its extra fields has a name that the format needs.
    """
    clash = sorted(set(pair.extra) & set(taken))
    if clash:
        raise InputError(
            f"pair '{pair.id}': its extra field '{clash[0]}' has the name of a field of the format"
        )
    rest = to_row(pair)
    return {key: rest[key] for key in rest if key not in ("prompt", "chosen", "rejected")}
