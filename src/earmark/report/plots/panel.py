"""The parts that all plots share: an empty panel, text at a point, an axis in per cent."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from earmark.display import visible
from earmark.report.plots.svg import Palette

WIDTH = 380  # of a panel, in CSS pixels; one point of matplotlib is one pixel of the page
POINTS_PER_INCH = 72


def new_panel(
    height: int, title: str, palette: Palette, margins: tuple[int, int], below_title: int = 0
) -> tuple[Figure, Axes]:
    """Make an empty panel, `height` pixels high, with a title on its left."""
    left, bottom = margins
    figure = Figure(figsize=(WIDTH / POINTS_PER_INCH, height / POINTS_PER_INCH))
    width, room = WIDTH - left - 8, height - bottom - 28 - below_title
    axes = figure.add_axes((left / WIDTH, bottom / height, width / WIDTH, room / height))
    place: dict[str, Any] = {"x": 1 / WIDTH, "y": 1 - 13 / height, "va": "center"}
    figure.text(s=visible(title), color=palette.ink, weight="bold", size=13, **place)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=palette.muted, labelsize=10.5)
    return figure, axes


def write(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    colour: str,
    *,
    after: int = 0,
    above: int = 0,
    size: float = 12.0,
    bold: bool = False,
) -> None:
    """Write left-aligned text at a point of the plot, moved by some pixels."""
    axes.annotate(
        visible(text),
        (x, y),
        xytext=(after, above),
        textcoords="offset points",
        va="center",
        color=colour,
        size=size,
        weight="bold" if bold else "normal",
    )


def percent_axis(axes: Axes, palette: Palette) -> None:
    """Give a bar plot a quiet grid in per cent, and no vertical ticks."""
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter("{x:g} %")
    axes.grid(axis="x", color=palette.grid, linewidth=0.8, zorder=0)
    axes.axvline(0, color=palette.muted, linewidth=1.2, zorder=3)
