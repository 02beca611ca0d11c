"""Preference data of LLaMA-Factory: sharegpt (`conversations`) and alpaca (`instruction`)."""

from collections.abc import Iterable, Mapping
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import Parse, json_format, share
from earmark.formats.schema.fields import Extra
from earmark.formats.schema.losses import ONE_IN_A_LIST, SEVERAL, TEXT_PARTS
from earmark.formats.schema.messages import (
    Messages,
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

TAKEN = (
    *("conversations", "messages", "instruction", "input", "output", "system", "history"),
    *("chosen", "rejected", "kto_tag", "audios", "prompt"),
)
SPOKEN_BY = {"user": "human", "assistant": "gpt", "system": "system"}


def nearness(row: Mapping[str, Any]) -> float:
    """Ask for a conversation or an instruction, and for two answers or a label."""
    talk = any(key in row for key in ("conversations", "instruction")) or (
        "messages" in row and isinstance(row.get("chosen"), dict)
    )
    return (talk + max(share(("chosen", "rejected"), row), float("kto_tag" in row))) / 2


def parser(source: Source, kind: type[Any]) -> Parse:
    """Make the parser of a file's rows."""
    extra = Extra(kind)

    def parse(row: dict[str, Any], where: str) -> Pair:
        messages = _messages(row, where)
        if "kto_tag" in row:
            if "output" in row:
                messages.append(message("assistant", row["output"], where))
            if not messages or messages[-1]["role"] != "assistant":
                raise InputError(f"{where}: the conversation should end with the answer")
            said = answers(messages.pop()["content"], row["kto_tag"], where)
        else:
            said = {name: text_of(row.get(name), where) for name in ("chosen", "rejected")}
        prompt = place_audio(messages, row.get("audios"), where, source)
        return pair_of(row, TAKEN, {"prompt": prompt, **said}, where, extra, source)

    return parse


def _messages(row: Mapping[str, Any], where: str) -> Messages:
    """Return the conversation of a row of either form."""
    talk = row.get("conversations", row.get("messages"))
    if talk is not None and (
        not isinstance(talk, list) or not all(isinstance(each, dict) for each in talk)
    ):
        raise InputError(f"{where}: the conversation should be a list of messages, found {talk!r}")
    said = [(m.get("from", m.get("role")), m.get("value", m.get("content"))) for m in talk or []]
    if talk is None:
        try:
            said = [turn for q, a in row.get("history") or [] for turn in (("user", q), ("gpt", a))]
        except (TypeError, ValueError) as error:
            raise InputError(f"{where}: 'history' should be pairs of texts") from error
        parts = [row.get("instruction"), row.get("input")]
        said.append(("user", "\n".join(part for part in parts if isinstance(part, str) and part)))
    system = [("system", row["system"])] if row.get("system") else []
    return [message(role, text, where) for role, text in [*system, *said]]


def to_objects(pair: Pair) -> Iterable[dict[str, Any]]:
    """Write a pair as sharegpt, one row for each rejected answer."""
    for each in one_rejected_each(pair):
        written, audios = write_audio(each.prompt, each)
        talk = [{"from": SPOKEN_BY[role], "value": text} for role, text in written]
        single = answer_of(each)
        if single is None:
            answer: dict[str, Any] = {
                name: {"from": "gpt", "value": text}
                for name, text in (("chosen", each.chosen), ("rejected", each.losers[0]))
            }
        else:
            talk.append({"from": "gpt", "value": single[0]})
            answer = {"kto_tag": single[1]}
        rest = rest_of(each, TAKEN)
        yield {"conversations": talk, **answer, **({"audios": audios} if audios else {}), **rest}


FORMAT = json_format(
    name="llama-factory",
    expects="JSON with `conversations` or `instruction`, and `chosen`, `rejected`",
    loses={Pair: (SEVERAL, ONE_IN_A_LIST, TEXT_PARTS)},
    nearness=nearness,
    parser=parser,
    to_objects=to_objects,
    absolute=True,
)
