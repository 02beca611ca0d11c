"""What a model wrote for one clip, and whether that is all that it had to write."""

from typing import NamedTuple


class Answer(NamedTuple):
    """Raw text without cleaning; `cut` says that it met the token cap before it had ended."""

    text: str
    cut: bool = False
