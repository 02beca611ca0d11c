"""Compare the tensors of a model's files with those of its class, before a number is loaded.

The library fills what is missing with random numbers and leaves out what is too much. Here its
own loading, with its own mapping of names, is run on tensors without numbers (the meta device),
so that it costs neither time nor memory.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
import transformers
from torch import nn
from transformers.utils.logging import (
    disable_progress_bar,
    enable_progress_bar,
    is_progress_bar_enabled,
)

from earmark.errors import InputError
from earmark.policies.checkpoint.safetensors_file import Stored
from earmark.progress import note

SHOWN = 3
CONVERSION = re.compile(r"^\W*(?:\[\d+m)?([\w.{}, ]*[\w}])[^|]*\| *\S*CONVERSION", re.MULTILINE)


def bare_network(
    loader: str, name: str, config: Any, tensors: Sequence[Stored], options: Mapping[str, Any]
) -> Any:
    """Return a model without numbers if each tensor of its class is stored, in its shape.

    Tied tensors, such as a head that is the embedding, need to be there once.

    Args:
        loader: the class of transformers that loads the model.
        name: the folder or the name on the hub.
        config: as AutoConfig reads it.
        tensors: what the weight files hold.
        options: what the library's loading functions take beside the name.

    Raises:
        InputError: a tensor is missing or of another shape, or there is a layer too many.
    """
    kind, config = _class_of(loader, name, config, options)
    state = {tensor.name: torch.empty(tensor.shape, device="meta") for tensor in tensors}
    with _quietly() as said:
        try:
            load = partial(
                kind.from_pretrained,
                None,
                config=config,
                state_dict=state,
                device_map={"": "meta"},
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
            network, found = with_sdpa(load)
        except RuntimeError as error:
            broken = CONVERSION.findall("\n".join(said))
            if not broken:
                raise
            raise InputError(
                f"{name}: {_some(broken)} of {kind.__name__} cannot be made from the tensors of "
                "the weights: parts are missing or of another shape; copy the whole folder again"
            ) from error
    _check(name, network, found)
    return network


def with_sdpa(load: Callable[..., Any]) -> Any:
    """Load a model with the attention that takes a mask, or with its own if it has no such."""
    try:
        return load(attn_implementation="sdpa")
    except ValueError as error:
        if "scaled_dot_product_attention" not in str(error):
            raise
        return load()


def _class_of(loader: str, name: str, config: Any, options: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the class that is loaded, and its configuration, which may be a part of the whole."""
    kind = getattr(transformers, loader)
    if not hasattr(kind, "from_config"):
        return kind, kind.config_class.from_pretrained(name, **options)
    own = "revision" in options and loader in (getattr(config, "auto_map", None) or {})
    code = {"code_revision": options["revision"]} if own else {}
    trust = {"trust_remote_code": options.get("trust_remote_code", False)}
    with torch.device("meta"), _quietly():
        return type(kind.from_config(config, **trust, **code)), config


def _check(name: str, network: nn.Module, found: Mapping[str, Any]) -> None:
    """Refuse what was missing, of another shape, or a layer more than the class has."""
    kind, surplus = type(network).__name__, sorted(found["unexpected_keys"])
    missing = sorted(found["missing_keys"])
    if missing:
        instead = f"; the weights have {_some(surplus)} instead" if surplus else ""
        raise InputError(
            f"{name}: the weights lack {_some(missing)} of {kind}{instead}. They would be filled "
            "with random numbers; copy the whole folder again, or take the config.json that "
            "belongs to these weights"
        )
    odd = sorted(found["mismatched_keys"])
    if odd:
        tensor, stored, expected = odd[0]
        raise InputError(
            f"{name}: {tensor} has the shape {list(stored)} in the weights, and {list(expected)} "
            f"by config.json; {_some([tensor for tensor, *_ in odd])} do not fit. Take the "
            "config.json that belongs to these weights"
        )
    known = {_pattern(tensor) for tensor in network.state_dict()}
    layers = [tensor for tensor in surplus if _pattern(tensor) in known]
    if layers:
        raise InputError(
            f"{name}: the weights hold {_some(layers)}, more layers than config.json says; they "
            "would be left out. Take the config.json that belongs to these weights"
        )
    if surplus:
        note(f"{name}: {_some(surplus)} of the weights are not used: {kind} has no such part")


def _pattern(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _some(names: Sequence[str]) -> str:
    """Name a few, and say how many more there are.

    >>> _some(["a"]), _some(["a", "b", "c", "d"])
    ('a', 'a, b, c and 1 more')
    """
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


class _Kept(logging.Handler):
    """Keep what is logged instead of printing it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.lines.append(record.getMessage())


@contextmanager
def _quietly() -> Iterator[list[str]]:
    """Keep the library's log and progress bars off the screen; yield what it logs."""
    log, kept, shown = logging.getLogger("transformers"), _Kept(), is_progress_bar_enabled()
    log.handlers, handlers = [kept], log.handlers
    disable_progress_bar()
    try:
        yield kept.lines
    finally:
        log.handlers = handlers
        if shown:
            enable_progress_bar()
