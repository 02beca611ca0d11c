"""Draw bars: error rates with intervals, differences, failure modes.

Every bar carries its name and its value, so that no figure relies on colour. Rates come in
as fractions and are drawn in per cent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from earmark.report.numbers import per_cent
from earmark.report.plots.panel import new_panel, percent_axis, write
from earmark.report.plots.svg import SCREEN, Palette, drawing

BAR_MARGINS = (12, 24)  # left and below a bar plot, in pixels


class Bar(NamedTuple):
    """A system's rate and its interval, as fractions; None where it is not defined.

    `dots` are the rates that the bar is the mean of, such as one per seed.
    """

    name: str
    rate: float | None
    low: float | None = None
    high: float | None = None
    dots: Sequence[float] = ()

    @property
    def end(self) -> float:
        """Return how far the drawing of this bar reaches."""
        ends = (self.rate, self.high, *self.dots)
        return max((end for end in ends if end is not None), default=0.0)


def error_bars(
    bars: Sequence[Bar], *, title: str, top: float | None = None, palette: Palette = SCREEN
) -> Figure:
    """Draw one bar per system with its interval; `top` (a rate) fixes the scale over panels."""
    top = max(0.01, *(bar.end for bar in bars)) if top is None else top
    with drawing():
        figure, axes = new_panel(56 + 42 * len(bars), title, palette, BAR_MARGINS)
        axes.set_xlim(0, 100 * top * 1.3)
        axes.set_ylim(len(bars) - 0.4, -0.7)
        for row, bar in enumerate(bars):
            axes.barh(row, 100 * (bar.rate or 0), height=0.42, color=palette.of(row), zorder=2)
            _whisker(axes, row, bar, palette)
            write(axes, 0, row, bar.name, palette.muted, after=3, above=16)
            write(axes, 100 * bar.end, row, per_cent(bar.rate), palette.ink, after=7, bold=True)
        percent_axis(axes, palette)
    return figure


def _whisker(axes: Axes, row: int, bar: Bar, palette: Palette) -> None:
    """Draw a bar's interval, and the rates of which it is the mean."""
    stroke: dict[str, Any] = {"color": palette.ink, "linewidth": 1.4, "zorder": 3}
    if bar.low is not None and bar.high is not None:
        low, high = 100 * bar.low, 100 * bar.high
        axes.plot([low, high], [row, row], **stroke)
        for edge in (low, high):
            axes.plot([edge, edge], [row - 0.1, row + 0.1], **stroke)
    for dot in bar.dots:
        axes.plot(100 * dot, row + 0.13, "o", ms=3, mfc="none", mec=palette.ink, mew=0.9, zorder=4)


def difference_plot(bars: Sequence[Bar], *, title: str, palette: Palette = SCREEN) -> Figure:
    """Draw each difference of two rates with its interval; left of zero is fewer errors.

    Where the interval holds zero the mean is hollow, since no difference is shown.
    """
    reach = max(
        abs(end) for bar in bars for end in (bar.rate, bar.low, bar.high) if end is not None
    )
    with drawing():
        figure, axes = new_panel(56 + 34 * len(bars), title, palette, BAR_MARGINS)
        axes.set_xlim(-115 * reach, 115 * reach)
        axes.set_ylim(len(bars) - 0.4, -0.8)
        for row, bar in enumerate(bars):
            seen = bar.low is not None and bar.high is not None and bar.low * bar.high > 0
            colour = palette.of(0) if seen else palette.muted
            if bar.low is not None and bar.high is not None:
                axes.plot([100 * bar.low, 100 * bar.high], [row, row], color=colour, lw=1.6)
            inside = colour if seen else "none"
            axes.plot(100 * (bar.rate or 0), row, "o", ms=6, mec=colour, mfc=inside, zorder=4)
            write(axes, -115 * reach, row, bar.name, palette.ink, after=3, above=13, size=10.5)
        percent_axis(axes, palette)
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:+g}" if x else "0")
    return figure


def failure_bars(
    rates: Mapping[str, Mapping[str, float]],
    *,
    title: str,
    palette: Palette = SCREEN,
) -> Figure:
    """Draw the share of utterances of each failure mode: mode -> system -> rate."""
    rows = sum(len(of) + 1.4 for of in rates.values())
    top = max(0.01, *(rate for of in rates.values() for rate in of.values()))
    with drawing():
        figure, axes = new_panel(round(48 + 18 * rows), title, palette, BAR_MARGINS)
        axes.set_xlim(0, 100 * top * 1.6)
        axes.set_ylim(rows - 0.5, -0.8)
        row = 0.0
        for mode, of in rates.items():
            write(axes, 0, row, mode, palette.ink, after=3, bold=True)
            for index, (system, rate) in enumerate(of.items()):
                row += 1
                axes.barh(row, 100 * rate, height=0.66, color=palette.of(index), zorder=2)
                text = f"{per_cent(rate)}  {system}"
                write(axes, 100 * rate, row, text, palette.muted, after=7, size=10.5)
            row += 1.4
        percent_axis(axes, palette)
    return figure
