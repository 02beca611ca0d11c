"""A table for the terminal that fits its width with every name and number whole.

Where the table is too wide, cells are broken at blanks; where that is not enough, the columns are
spread over several tables, one below the other, each of which begins with the names of the rows.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from earmark.display import visible

# What rich puts around a cell: a border and a blank on either side; and the last border.
AROUND, LAST = 3, 1
NARROWEST = 6
LINES = re.compile(r"[\n\t]+")
# A blank, but not the one in the middle of an interval.
BREAK = re.compile(r"(?<!,) | (?![^\[]*\])")


class FittedTable(NamedTuple):
    """Headings, rows of cells (the first names the row; None is a line), a title, a footnote."""

    header: Sequence[str]
    rows: Sequence[Sequence[str] | None]
    title: str = ""
    note: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the table out for the width of the console."""
        header, *rows = (
            None if row is None else [visible(LINES.sub(" ", cell)) for cell in row]
            for row in (self.header, *self.rows)
        )
        assert header is not None
        cells = [header, *(row for row in rows if row is not None)]
        groups = column_groups(cells, options.max_width)
        for number, columns in enumerate(groups):
            shown = Table(
                title=Text(self.title) if self.title and not number else None,
                caption=Text(self.note) if self.note and number == len(groups) - 1 else None,
            )
            for column, width in columns.items():
                heading = Text(broken(header[column], width))
                shown.add_column(heading, justify="right" if column else "left", no_wrap=True)
            for row in rows:
                if row is None:
                    shown.add_section()
                else:
                    lines = (broken(row[column], width) for column, width in columns.items())
                    shown.add_row(*map(Text, lines))
            yield shown


def column_groups(cells: Sequence[Sequence[str]], room: int) -> list[dict[int, int]]:
    """Spread columns over tables: for each table its columns, each with its width.

    >>> column_groups([["system", "rate [interval]"]], 80)
    [{0: 6, 1: 15}]
    >>> column_groups([["system", "rate [interval]"]], 24)
    [{0: 6, 1: 11}]
    >>> column_groups([["system", "english", "mandarin"]], 22)
    [{0: 6, 1: 7}, {0: 6, 2: 8}]

    Args:
        cells: all rows, the headings among them.
        room: how many characters wide a table may be.
    """
    columns = range(len(cells[0]))
    widest = [max(cell_len(row[column]) for row in cells) for column in columns]
    least = [max(_longest_word(row[column]) for row in cells) for column in columns]
    groups: list[list[int]] = [[0]]
    for column in columns[1:]:
        if len(groups[-1]) > 1 and _taken([*groups[-1], column], least) > room:
            groups.append([0])
        groups[-1].append(column)
    return [_widths(group, widest, least, room) for group in groups]


def broken(text: str, width: int) -> str:
    """Break a text at blanks into lines of at most `width`; longer words are broken too.

    >>> broken("43.1% [37.3, 49.6]", 12).splitlines(), broken("codeswitch", 6).splitlines()
    (['43.1%', '[37.3, 49.6]'], ['codesw', 'itch'])
    """
    lines: list[str] = []
    for word in BREAK.split(text):
        if lines and cell_len(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines += chop_cells(word, width) or [""]
    return "\n".join(lines)


def _longest_word(text: str) -> int:
    """Return the width of the longest stretch of a cell that is not broken."""
    return max(map(cell_len, BREAK.split(text)), default=0)


def _taken(columns: Sequence[int], widths: Sequence[int]) -> int:
    """Return how wide a table of some columns is."""
    return sum(widths[column] + AROUND for column in columns) + LAST


def _widths(
    columns: Sequence[int], widest: Sequence[int], least: Sequence[int], room: int
) -> dict[int, int]:
    """Give each column what it needs; where room is lacking, break the widest column first.

    Words are broken only where not even the longest ones fit.
    """
    widths = {column: widest[column] for column in columns}
    lacking = _taken(columns, widest) - room
    for floor in (least, [NARROWEST] * len(least)):
        while lacking > 0:
            slack = {column: widths[column] - floor[column] for column in columns}
            column = max(slack, key=lambda column: slack[column])
            if slack[column] <= 0:
                break
            widths[column] -= 1
            lacking -= 1
    return widths
