"""Draw the figures of a report: error rates with intervals, failure modes, training curves.

Every bar carries its name and its value, so that no figure relies on colour. Rates come in
as fractions and are drawn in per cent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from earmark.report.svg import SCREEN, Palette, drawing

WIDTH = 420  # of a panel, in CSS pixels; one point of matplotlib is one pixel of the page
POINTS_PER_INCH = 72
BAR_MARGINS = (12, 24)  # left and below a bar plot, in pixels
CURVE_MARGINS = (40, 40)
NO_BREAK = "\N{NO-BREAK SPACE}"
MARKERS = "os^Dv<>p"


class Bar(NamedTuple):
    """A system's rate and its interval, as fractions; None where it is not defined.

    `dots` are the rates behind the bar, such as one per seed.
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


class Line(NamedTuple):
    """A training curve: one value per logged step. `colour` is an index into the palette."""

    name: str
    steps: Sequence[float]
    values: Sequence[float]
    colour: int = 0
    dashed: bool = False


def per_cent(rate: float | None, digits: int = 1) -> str:
    """Write a fraction in per cent, or `n/a` where it is not defined; it never breaks in two.

    >>> per_cent(0.1234).replace(NO_BREAK, " "), per_cent(None)
    ('12.3 %', 'n/a')
    """
    return "n/a" if rate is None else f"{100 * rate:.{digits}f}{NO_BREAK}%"


def error_bars(
    bars: Sequence[Bar], *, title: str, top: float | None = None, palette: Palette = SCREEN
) -> Figure:
    """Draw one bar per system with its interval; `top` (a rate) fixes the scale over panels."""
    top = max(0.01, *(bar.end for bar in bars)) if top is None else top
    with drawing():
        figure, axes = _panel(56 + 42 * len(bars), title, palette, BAR_MARGINS)
        axes.set_xlim(0, 100 * top * 1.3)
        axes.set_ylim(len(bars) - 0.4, -0.7)
        for row, bar in enumerate(bars):
            axes.barh(row, 100 * (bar.rate or 0), height=0.42, color=palette.of(row), zorder=2)
            _whisker(axes, row, bar, palette)
            _write(axes, 0, row, bar.name, palette.muted, after=3, above=16)
            _write(axes, 100 * bar.end, row, per_cent(bar.rate), palette.ink, after=7, bold=True)
        _percent_axis(axes, palette)
    return figure


def _whisker(axes: Axes, row: int, bar: Bar, palette: Palette) -> None:
    """Draw a bar's interval, and the rates behind it."""
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
        figure, axes = _panel(56 + 34 * len(bars), title, palette, BAR_MARGINS)
        axes.set_xlim(-115 * reach, 115 * reach)
        axes.set_ylim(len(bars) - 0.4, -0.8)
        for row, bar in enumerate(bars):
            seen = bar.low is not None and bar.high is not None and bar.low * bar.high > 0
            colour = palette.of(0) if seen else palette.muted
            if bar.low is not None and bar.high is not None:
                axes.plot([100 * bar.low, 100 * bar.high], [row, row], color=colour, lw=1.6)
            inside = colour if seen else "none"
            axes.plot(100 * (bar.rate or 0), row, "o", ms=6, mec=colour, mfc=inside, zorder=4)
            _write(axes, -115 * reach, row, bar.name, palette.ink, after=3, above=13, size=10.5)
        _percent_axis(axes, palette)
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:+g}" if x else "0")
    return figure


def failure_bars(
    rates: Mapping[str, Mapping[str, float]],
    *,
    title: str,
    top: float | None = None,
    palette: Palette = SCREEN,
) -> Figure:
    """Draw the share of utterances of each failure mode: mode -> system -> rate."""
    rows = sum(len(of) + 1.4 for of in rates.values())
    if top is None:
        top = max(0.01, *(rate for of in rates.values() for rate in of.values()))
    with drawing():
        figure, axes = _panel(round(48 + 18 * rows), title, palette, BAR_MARGINS)
        axes.set_xlim(0, 100 * top * 1.6)
        axes.set_ylim(rows - 0.5, -0.8)
        row = 0.0
        for mode, of in rates.items():
            _write(axes, 0, row, mode, palette.ink, after=3, bold=True)
            for index, (system, rate) in enumerate(of.items()):
                row += 1
                axes.barh(row, 100 * rate, height=0.66, color=palette.of(index), zorder=2)
                text = f"{per_cent(rate)}  {system}"
                _write(axes, 100 * rate, row, text, palette.muted, after=7, size=10.5)
            row += 1.4
        _percent_axis(axes, palette)
    return figure


def training_curves(lines: Sequence[Line], *, title: str, palette: Palette = SCREEN) -> Figure:
    """Draw curves over training steps: thin as logged, thick as a running mean."""
    legend = 20 * ((len(lines) + 1) // 2) if len(lines) > 1 else 0
    with drawing():
        figure, axes = _panel(230 + legend, title, palette, CURVE_MARGINS, below_title=legend)
        for line in lines:
            colour = palette.of(line.colour)
            smooth = running_mean(line.values, window_of(len(line.values)))
            style = "--" if line.dashed else "-"
            # A marker of its own, so that a line can be told without its colour.
            marker: dict[str, Any] = {"marker": MARKERS[line.colour % len(MARKERS)], "ms": 5}
            marker["markevery"] = max(1, len(smooth) // 6)
            axes.plot(line.steps, line.values, color=colour, alpha=0.3, linewidth=1.0)
            axes.plot(line.steps, smooth, style, color=colour, lw=2, label=line.name, **marker)
        axes.grid(axis="y", color=palette.grid, linewidth=0.8)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel("step", color=palette.muted, size=11)
        if legend:
            corner = (-CURVE_MARGINS[0] / WIDTH, 1.0)
            axes.legend(
                frameon=False,
                labelcolor=palette.muted,
                fontsize=11,
                ncols=2,
                loc="lower left",
                bbox_to_anchor=corner,
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


def _panel(
    height: int, title: str, palette: Palette, margins: tuple[int, int], below_title: int = 0
) -> tuple[Figure, Axes]:
    """Make an empty panel, `height` pixels high, with a title on its left."""
    left, bottom = margins
    figure = Figure(figsize=(WIDTH / POINTS_PER_INCH, height / POINTS_PER_INCH))
    width, room = WIDTH - left - 8, height - bottom - 28 - below_title
    axes = figure.add_axes((left / WIDTH, bottom / height, width / WIDTH, room / height))
    place: dict[str, Any] = {"x": 1 / WIDTH, "y": 1 - 13 / height, "va": "center"}
    figure.text(s=title, color=palette.ink, weight="bold", size=13, **place)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=palette.muted, labelsize=10.5)
    return figure, axes


def _write(
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
        text,
        (x, y),
        xytext=(after, above),
        textcoords="offset points",
        va="center",
        color=colour,
        size=size,
        weight="bold" if bold else "normal",
    )


def _percent_axis(axes: Axes, palette: Palette) -> None:
    """Give a bar plot a quiet grid in per cent, and no vertical ticks."""
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter("{x:g} %")
    axes.grid(axis="x", color=palette.grid, linewidth=0.8, zorder=0)
    axes.axvline(0, color=palette.muted, linewidth=1.2, zorder=3)
