"""Functions that are imported when they are called.

A command's options, its --help and its errors must not wait for torch, so the modules of the
commands import nothing heavy; what does the work is named here by its import path.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def later(name: str) -> Callable[..., Any]:
    """Return a function that imports `module:name` when it is called.

    >>> later("math:sqrt")(4.0)
    2.0
    """
    module, _, attribute = name.partition(":")

    def call(*args: Any, **options: Any) -> Any:
        return getattr(import_module(module), attribute)(*args, **options)

    return call
