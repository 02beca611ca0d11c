"""Draw training curves: the logged values and their running mean, one legend per panel."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from earmark.display import visible
from earmark.report.plots.panel import WIDTH, new_panel
from earmark.report.plots.svg import SCREEN, Palette, drawing

CURVE_MARGINS = (40, 40)  # left and below a plot of curves, in pixels
MARKERS = "os^Dv<>p"
LEGEND_ROW = 20  # height of a row of the legend, in pixels
LONGEST_IN_TWO = 22  # letters of a name, where a legend has two columns


class Line(NamedTuple):
    """A training curve: one value per logged step. `colour` is an index into the palette."""

    name: str
    steps: Sequence[float]
    values: Sequence[float]
    colour: int = 0
    dashed: bool = False


def training_curves(lines: Sequence[Line], *, title: str, palette: Palette = SCREEN) -> Figure:
    """Draw curves over training steps: thin as logged, thick as a running mean.

    There is a legend however few lines there are: one line alone has a name too.
    """
    columns = 1 if any(len(line.name) > LONGEST_IN_TWO for line in lines) else 2
    legend = LEGEND_ROW * -(-len(lines) // columns)
    with drawing():
        figure, axes = new_panel(230 + legend, title, palette, CURVE_MARGINS, below_title=legend)
        shown: list[Any] = []
        for line in lines:
            colour = palette.of(line.colour)
            smooth = running_mean(line.values, window_of(len(line.values)))
            style = "--" if line.dashed else "-"
            # A marker of its own, so that a line can be found without its colour.
            marker: dict[str, Any] = {"marker": MARKERS[line.colour % len(MARKERS)], "ms": 5}
            marker["markevery"] = max(1, len(smooth) // 6)
            axes.plot(line.steps, line.values, color=colour, alpha=0.3, linewidth=1.0)
            shown += axes.plot(line.steps, smooth, style, color=colour, lw=2, **marker)
        axes.grid(axis="y", color=palette.grid, linewidth=0.8)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel("step", color=palette.muted, size=11)
        # Named here: matplotlib leaves labels that begin with _ out of its own legends.
        axes.legend(
            shown,
            [visible(line.name) for line in lines],
            frameon=False,
            labelcolor=palette.muted,
            fontsize=11,
            ncols=columns,
            loc="lower left",
            bbox_to_anchor=(-CURVE_MARGINS[0] / WIDTH, 1.0),
            borderaxespad=0.3,
            handlelength=2.6,
        )
    return figure


def window_of(steps: int) -> int:
    """Return the width of the running mean: a fifteenth of the run, at least one step.

    >>> window_of(150), window_of(5)
    (10, 1)
    """
    return max(1, steps // 15)


def running_mean(values: Sequence[float], window: int) -> list[float]:
    """Average each value with those before it, `window` values at most.

    >>> running_mean([1.0, 3.0, 5.0], window=2)
    [1.0, 2.0, 4.0]
    """
    means = []
    for index in range(len(values)):
        part = values[max(0, index + 1 - window) : index + 1]
        means.append(sum(part) / len(part))
    return means
