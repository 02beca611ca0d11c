"""Prompts as lists of messages: ask for a transcript, and bring a prompt into a family's form."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from earmark.errors import InputError
from earmark.progress import note
from earmark.prompting.facts import Facts

Messages = list[dict[str, Any]]
Item = TypeVar("Item")

_said: set[str] = set()


class Turn(NamedTuple):
    """A prompt, and the text that the answer is made to begin with."""

    messages: Messages
    prefill: str


def ask(facts: Facts, prompt: str | None = None, prefill: str = "") -> Messages:
    """Ask a family to transcribe one clip.

    Args:
        facts: of the family.
        prompt: the instruction; None means the family's own. A family without one gets it
            as context, in its system text.
        prefill: what the answer is made to begin with.
    """
    text = facts.prompt if prompt is None else prompt
    audio = {"type": "audio", "audio": "clip"}
    messages: Messages = []
    if not facts.takes_instruction:
        messages += [{"role": "system", "content": text}] if text else []
        messages.append({"role": "user", "content": [audio]})
    else:
        said = {"type": "text", "text": text}
        content = [audio, said] if facts.audio_first else [said, audio]
        messages.append({"role": "user", "content": content})
    if prefill:
        messages.append({"role": "assistant", "content": prefill})
    return messages


def turn_of(messages: Messages, facts: Facts) -> Turn:
    """Bring a prompt into its family's form, and split off what the answer begins with.

    Raises:
        InputError: the prompt has no message.
    """
    if not messages:
        raise InputError("a prompt has no message; expected at least one of role 'user'")
    prefill = ""
    if messages[-1]["role"] == "assistant":
        prefill = text_of(messages[-1])
        messages = messages[:-1]
    if not facts.takes_instruction:
        messages = [_without_text(message) for message in messages]
    if facts.user_form is not None:
        messages = [_in_form(message, facts.user_form) for message in messages]
    if facts.system is not None and all(m["role"] != "system" for m in messages):
        messages = [{"role": "system", "content": facts.system}, *messages]
    return Turn(list(messages), prefill)


def _in_form(message: dict[str, Any], form: str) -> dict[str, Any]:
    """Write a user's turn that has audio as one string."""
    content = message["content"]
    if isinstance(content, str) or all(part.get("type") != "audio" for part in content):
        return message
    return {**message, "content": form.format(text=text_of(message))}


def text_of(message: dict[str, Any]) -> str:
    """Return the text of a message, its parts joined.

    >>> text_of({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "audio"}]})
    'a'
    """
    return "".join(texts_in(message))


def texts_in(message: dict[str, Any]) -> list[str]:
    """Return the text parts of a message: a clip may be between them."""
    content = message["content"]
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content if part.get("type") == "text"]


def clips_in(messages: Messages) -> int:
    """Count the clips of a prompt.

    >>> clips_in([{"role": "user", "content": [{"type": "audio"}, {"type": "text", "text": "a"}]}])
    1
    """
    contents = [message["content"] for message in messages]
    parts = [part for content in contents if not isinstance(content, str) for part in content]
    return sum(part.get("type") == "audio" for part in parts)


def by_prompt(prompts: Sequence[Messages], of_clips: Sequence[Item]) -> list[list[Item]]:
    """Return what belongs to the clips of each prompt.

    Args:
        prompts: the prompts.
        of_clips: one item for each clip of the first prompt, then of the second, and so on.

    Raises:
        InputError: there are more or fewer than the prompts have clips.
    """
    counts = [clips_in(messages) for messages in prompts]
    if sum(counts) != len(of_clips):
        raise InputError(
            f"the prompts hold {sum(counts)} clips, but {len(of_clips)} were given; expected "
            'one content part {"type": "audio", "audio": PATH} for each'
        )
    left = iter(of_clips)
    return [[next(left) for _ in range(count)] for count in counts]


def _without_text(message: dict[str, Any]) -> dict[str, Any]:
    """Leave the user's text out, and say so once for each text."""
    text = text_of(message) if message["role"] == "user" else ""
    if not text:
        return message
    if not _said:
        note(
            f"this model takes no instruction: the text of the user's turn ('{text}', ...) is "
            "left out; what should guide it belongs into a message of role 'system'"
        )
    _said.add(text)
    content = message["content"]
    parts: Sequence[dict[str, Any]] = [] if isinstance(content, str) else content
    return {**message, "content": [part for part in parts if part.get("type") != "text"]}
