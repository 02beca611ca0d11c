"""The command line of a file of this folder: where the parts are put, and where downloads stay."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from earmark.errors import EarmarkError

BUILT = Path(__file__).parents[2] / "build" / "real"


def put_together(
    assemble: Callable[[Path, Path], Path],
    text: str,
    name: str,
    arguments: Sequence[str] | None = None,
) -> None:
    """Read the command line, assemble the folder, and print where it is; errors are one line.

    Args:
        assemble: makes the folder `out` from downloads in another, and returns it.
        text: the docstring of the file; its first line is the help.
        name: of the folder below BUILT, unless --out says another.
        arguments: instead of those of the process.
    """
    parser = argparse.ArgumentParser(description=text.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=BUILT / name, help="the folder")
    parser.add_argument(
        *("--downloads", "--wheels"), type=Path, help="where they are kept; by default beside"
    )
    options = parser.parse_args(arguments)
    try:
        print(assemble(options.out, options.downloads or options.out.parent / "wheels"))
    except EarmarkError as error:
        raise SystemExit(f"error: {error}") from None
