"""Refuse a tokenizer or a chat template with which a model cannot be used."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, no_type_check

from earmark.errors import InputError
from earmark.policies.chat import ChatPolicy
from earmark.policies.checkpoint.json_object import read_object
from earmark.policies.policy import Policy
from earmark.prompting.messages import Messages, ask

LONGEST_RENDER_S = 10.0
MARK = re.compile(r"<\|[^\s<>|]+\|>")
TEXT: Messages = [{"role": "user", "content": "Write it down."}]


def check_tokenizer_and_template(policy: Policy, path: str, folder: Path) -> None:
    """Refuse tokens that the model has no embedding of, and templates that render no prompt.

    Args:
        policy: the model; its network may be without numbers.
        path: where it is, for messages.
        folder: its files.

    Raises:
        InputError: says which.
    """
    if isinstance(policy, ChatPolicy):
        check_tokens(policy, path)
        prompt = check_template(policy, path)
        if not _has_template(folder):
            _check_default(policy, path, prompt)


def check_tokens(policy: ChatPolicy, path: str) -> None:
    """Refuse a tokenizer that is larger than the embeddings, or that ends no answer.

    Raises:
        InputError: says which.
    """
    network: Any = policy.network
    rows = int(network.get_input_embeddings().weight.shape[0])
    # The library gives some tokenizers an unknown token of its own, which no text is written in.
    vocabulary = policy.tokenizer.get_vocab()
    written = {t: i for t, i in vocabulary.items() if t != policy.tokenizer.unk_token}
    token, largest = max(written.items(), key=lambda item: item[1])
    if largest >= rows:
        raise InputError(
            f"{path}: the tokenizer has a token {token!r} with the number {largest}, but the model "
            f"has embeddings of {rows} tokens; take the tokenizer files from the folder that the "
            "weights came from"
        )
    odd = [end for end in policy.end_ids if type(end) is not int or not 0 <= end < rows]
    if odd or not policy.end_ids:
        found = f"found {odd[0]!r}" if odd else "found none"
        raise InputError(
            f"{path}: expected eos_token_id in generation_config.json to number the tokens that "
            f"end an answer, from 0 to {rows - 1}, {found}; take the file from the folder that the "
            "weights came from"
        )


def check_template(policy: ChatPolicy, path: str) -> str:
    """Return a prompt; refuse a chat template that is missing, never ends or renders none.

    Raises:
        InputError: says why.
    """
    problem: InputError | None = None
    for messages in ([ask(policy.facts)] if policy.hears else []) + [TEXT]:
        try:
            with _deadline(LONGEST_RENDER_S):
                return policy.render(messages)
        except TimeoutError as error:
            raise InputError(
                f"{path}: the chat template did not render one prompt within "
                f"{LONGEST_RENDER_S:.0f} s; take it from the folder that the weights came from"
            ) from error
        except InputError as error:
            problem = problem or error
    raise InputError(f"{path}: {problem}") from problem


def _has_template(folder: Path) -> bool:
    """Return whether a model brings a chat template of its own."""
    if any((folder / name).is_file() for name in ("chat_template.jinja", "chat_template.json")):
        return True
    beside = (folder / "tokenizer_config.json", folder / "processor_config.json")
    return any(path.is_file() and "chat_template" in read_object(path)[0] for path in beside)


def _check_default(policy: ChatPolicy, path: str, prompt: str) -> None:
    """Refuse the chat template that a class brings where the tokenizer does not have its marks.

    Raises:
        InputError: names the first one.
    """
    vocabulary = policy.tokenizer.get_vocab()
    for mark in MARK.findall(prompt):
        if mark not in vocabulary:
            raise InputError(
                f"{path}: the model has no chat template, and that of "
                f"{type(policy.processor).__name__} writes {mark}, which its tokenizer does not "
                "have; add chat_template.jinja to its folder"
            )


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in Python code of this thread that runs for longer."""
    end, before = time.monotonic() + seconds, sys.gettrace()

    # It runs at every line: types are not checked in it while testing, which takes far longer.
    @no_type_check
    def look(frame: FrameType, event: str, argument: Any) -> Any:
        if time.monotonic() > end:
            raise TimeoutError
        return look

    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)
