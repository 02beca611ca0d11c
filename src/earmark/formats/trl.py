"""Preference data of TRL: prompt, chosen and rejected as texts or messages; or one labelled answer.

The prompt may be implicit, which is then what both answers begin with. In conversations a part
`{"type": "audio"}` without a path takes the next of the row's `audios`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import Parse, json_format, share
from earmark.formats.schema.fields import Extra
from earmark.formats.schema.losses import ONE_IN_A_LIST, SEVERAL
from earmark.formats.schema.messages import (
    SOUND_KEYS,
    Messages,
    answer_of,
    answers,
    message,
    one_rejected_each,
    pair_of,
    rest_of,
    text_of,
)
from earmark.records import Pair

TAKEN = ("prompt", "chosen", "rejected", "completion", "label", "audios", "audio")


def nearness(row: Mapping[str, Any]) -> float:
    """Ask for chosen and rejected, or for a completion and its label."""
    keys = ("prompt", "completion", "label") if "completion" in row else ("chosen", "rejected")
    return share(keys, row)


def parser(source: Source, kind: type[Any]) -> Parse:
    """Make the parser of a file's rows."""
    extra = Extra(kind)

    def parse(row: dict[str, Any], where: str) -> Pair:
        if "completion" in row:
            said = answers(row["completion"], row.get("label"), where)
            prompt = row.get("prompt")
        else:
            prompt, chosen, rejected = _divided(row, where)
            several = isinstance(rejected, list) and all(isinstance(x, str) for x in rejected)
            texts = rejected if several else text_of(rejected, where)
            said = {"chosen": text_of(chosen, where), "rejected": texts}
        messages = _messages(prompt, row, where)
        return pair_of(row, TAKEN, {"prompt": messages, **said}, where, extra, source)

    return parse


def _divided(row: Mapping[str, Any], where: str) -> tuple[Any, Any, Any]:
    """Return prompt and answers; without a prompt, what both answers begin with is one."""
    chosen, rejected = row.get("chosen"), row.get("rejected")
    if row.get("prompt") is not None:
        return row["prompt"], chosen, rejected
    if isinstance(chosen, str) and isinstance(rejected, str):
        length = _shared(chosen, rejected)
        # As TRL does: a blank before the answers belongs to them.
        length -= chosen[:length].endswith(" ")
        return chosen[:length], chosen[length:], rejected[length:]
    if isinstance(chosen, list) and isinstance(rejected, list):
        length = _shared(chosen, rejected)
        return chosen[:length], chosen[length:], rejected[length:]
    raise InputError(f"{where}: there is no prompt, and chosen and rejected are not two of a kind")


def _shared(one: Sequence[Any], two: Sequence[Any]) -> int:
    """Count what two sequences begin with alike."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(two)))


def _messages(prompt: Any, row: Mapping[str, Any], where: str) -> Messages:
    """Return the messages of a prompt, with the row's sounds in their places."""
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    if not isinstance(prompt, list) or not all(isinstance(each, dict) for each in prompt):
        raise InputError(f"{where}: the prompt should be a text or messages, found {prompt!r}")
    sounds = row.get("audios") if row.get("audios") is not None else row.get("audio")
    waiting = [sounds] if isinstance(sounds, str) else list(sounds or [])
    found = [message(each.get("role"), each.get("content"), where) for each in prompt]
    for each in found:
        if isinstance(each["content"], list):
            each["content"] = [_part(part, waiting, where) for part in each["content"]]
    if waiting:
        raise InputError(f"{where}: {len(waiting)} sounds more than the prompt has places for")
    return found


def _part(part: Any, waiting: list[Any], where: str) -> Any:
    """Return a part under the names that ours have; parquet leaves fields without a value."""
    if not isinstance(part, dict):
        return part
    part = {key: value for key, value in part.items() if value is not None}
    if part.get("type") not in ("audio", "audio_url"):
        return part
    rest = {key: value for key, value in part.items() if key not in (*SOUND_KEYS, "type")}
    path = next((part[key] for key in SOUND_KEYS if key in part), None)
    if path is None and not waiting:
        raise InputError(f"{where}: the prompt has a place for sound, but the row has none for it")
    return {"type": "audio", "audio": waiting.pop(0) if path is None else path, **rest}


def to_objects(pair: Pair) -> Iterable[dict[str, Any]]:
    """Write a pair as conversations, one row for each rejected answer."""
    for each in one_rejected_each(pair):
        rest = rest_of(each, TAKEN)
        single = answer_of(each)
        if single is not None:
            text, is_good = single
            completion = [{"role": "assistant", "content": text}]
            yield {"prompt": each.prompt, "completion": completion, "label": is_good, **rest}
            continue
        chosen, rejected = (
            [{"role": "assistant", "content": text}] for text in (each.chosen, each.losers[0])
        )
        yield {"prompt": each.prompt, "chosen": chosen, "rejected": rejected, **rest}


FORMAT = json_format(
    name="trl",
    expects="JSON lines with `chosen`, `rejected`, or `completion`, `label`",
    loses={Pair: (SEVERAL, ONE_IN_A_LIST)},
    nearness=nearness,
    parser=parser,
    to_objects=to_objects,
)
