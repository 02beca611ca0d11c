"""Show the examples of docstrings as code on the API pages, wherever in a docstring they are."""

import re
from typing import Any

from griffe import Extension, Object

# From a prompt to the next empty line: the input and what it prints.
EXAMPLE = re.compile(r"^([ \t]*)>>> .*?(?=\n[ \t]*(?:\n|\Z)|\Z)", re.DOTALL | re.MULTILINE)


def fence(docstring: str) -> str:
    r"""Put each example between code fences.

    >>> fence("Add.\n\n    >>> 1 + 1\n    2").replace("`", "'").split("\n")
    ['Add.', '', "    '''pycon", '    >>> 1 + 1', '    2', "    '''"]
    """
    return EXAMPLE.sub(lambda m: f"{m[1]}```pycon\n{m[0]}\n{m[1]}```", docstring)


class Doctests(Extension):
    """Fence the examples of every docstring before it is parsed."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = fence(obj.docstring.value)
