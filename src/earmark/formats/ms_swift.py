"""Preference data of ms-swift: messages that end in the chosen answer, and a rejected one."""

from collections.abc import Iterable, Mapping
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import Parse, json_format
from earmark.formats.schema.fields import Extra
from earmark.formats.schema.losses import ONE_IN_A_LIST, SEVERAL, TEXT_PARTS
from earmark.formats.schema.messages import (
    answer_of,
    answers,
    message,
    one_rejected_each,
    pair_of,
    place_audio,
    rest_of,
    text_of,
    write_audio,
)
from earmark.records import Pair

REJECTED = ("rejected_response", "rejected_messages", "label")
TAKEN = ("messages", "audios", "prompt", "chosen", "rejected", *REJECTED)


def nearness(row: Mapping[str, Any]) -> float:
    """Ask for messages, and for a rejected answer or a label."""
    return (("messages" in row) + any(key in row for key in REJECTED)) / 2


def parser(source: Source, kind: type[Any]) -> Parse:
    """Make the parser of a file's rows."""
    extra = Extra(kind)

    def parse(row: dict[str, Any], where: str) -> Pair:
        messages = _messages(row["messages"], where) if "messages" in row else []
        if not messages or messages[-1]["role"] != "assistant":
            raise InputError(f"{where}: 'messages' should end with the assistant's answer")
        prompt = place_audio(messages[:-1], row.get("audios"), where, source)
        chosen = messages[-1]["content"]
        said: dict[str, Any]
        if row.get("rejected_messages") is not None:
            other = _messages(row["rejected_messages"], where)
            if other[:-1] != messages[:-1]:
                raise InputError(
                    f"{where}: 'rejected_messages' differ from 'messages' before the answer"
                )
            said = {"chosen": text_of(chosen, where), "rejected": text_of(other[-1:], where)}
        elif row.get("rejected_response") is not None:
            rejected = row["rejected_response"]
            texts = rejected if isinstance(rejected, list) else text_of(rejected, where)
            said = {"chosen": text_of(chosen, where), "rejected": texts}
        else:
            said = answers(chosen, row.get("label"), where)
        return pair_of(row, TAKEN, {"prompt": prompt, **said}, where, extra, source)

    return parse


def _messages(found: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InputError(f"{where}: 'messages' should be a list of messages, found {found!r}")
    return [message(each.get("role"), each.get("content"), where) for each in found]


def to_objects(pair: Pair) -> Iterable[dict[str, Any]]:
    """Write a pair, one row for each rejected answer."""
    for each in one_rejected_each(pair):
        written, audios = write_audio(each.prompt, each)
        messages = [{"role": role, "content": text} for role, text in written]
        single = answer_of(each)
        answer = each.chosen if single is None else single[0]
        yield {
            "messages": [*messages, {"role": "assistant", "content": answer}],
            **({"rejected_response": each.losers[0]} if single is None else {"label": single[1]}),
            **({"audios": audios} if audios else {}),
            **rest_of(each, TAKEN),
        }


FORMAT = json_format(
    name="ms-swift",
    expects="JSON lines with `messages`, and `rejected_response` or `label`",
    loses={Pair: (SEVERAL, ONE_IN_A_LIST, TEXT_PARTS)},
    nearness=nearness,
    parser=parser,
    to_objects=to_objects,
    absolute=True,
)
