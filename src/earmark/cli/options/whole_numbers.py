"""Refuse a fraction where an option is a whole number."""

from typing import get_args

from cyclopts import App, ArgumentCollection

from earmark.errors import KnobError, shortened


def refuse_fractions(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Refuse a fraction where a whole number is expected; the parser would round it.

    Raises:
        KnobError: names the option, and the file if it comes from one.
    """
    del app, commands
    for argument in arguments:
        hint = argument.hint
        if int not in (hint, *get_args(hint)) or float in get_args(hint):
            continue
        for token in argument.tokens:
            if not _is_whole(token.value):
                place = f"{token.source}: " if token.source not in ("", "cli") else ""
                raise KnobError(
                    f"{place}{token.keyword or argument.name}: expected a whole number, found "
                    f"{shortened(token.value)}"
                )


def _is_whole(text: str) -> bool:
    """Return whether a text is not a number with a fraction; if it is a number is checked later.

    >>> _is_whole("3"), _is_whole("3.0"), _is_whole("1.5"), _is_whole("many")
    (True, True, False, True)
    """
    try:
        return float(text).is_integer()
    except (ValueError, OverflowError):
        return True
