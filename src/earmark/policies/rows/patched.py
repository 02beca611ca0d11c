"""Put a function in the place of a module's method, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn


@contextmanager
def instead(module: nn.Module, name: str, function: Any) -> Iterator[None]:
    """Let a module do something else by a method's name until the context ends."""
    before = vars(module).get(name)
    vars(module)[name] = function
    try:
        yield
    finally:
        if before is None:
            del vars(module)[name]
        else:
            vars(module)[name] = before
