"""Draw the figures of a page as inline SVG, from scored test sets and training logs."""

from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.figure import Figure

from earmark.report.plots.bars import Bar, error_bars, failure_bars
from earmark.report.plots.curves import training_curves
from earmark.report.plots.svg import to_svg
from earmark.report.plots.training_log import RunLog, curves
from earmark.report.test_set import ERROR, OK, ScoredSet


def error_figures(sets: Sequence[ScoredSet]) -> list[Markup]:
    """Draw the error rates of every set, one panel each, all on one scale."""
    panels = {scored.name: _bars(scored) for scored in sets}
    top = max(0.01, *(bar.end for bars in panels.values() for bar in bars))
    return [
        _inline(
            error_bars(bars, title=f"{name}: mixed error rate", top=top),
            f"Mixed error rate, {name}",
        )
        for name, bars in panels.items()
    ]


def _bars(scored: ScoredSet) -> list[Bar]:
    """Return the bar of each system on one set."""
    bars = []
    for system, score in scored.scores.items():
        low, high = score["interval"] or (None, None)
        bars.append(Bar(system, score["mixed_error_rate"], low, high))
    return bars


def failure_figure(scored: ScoredSet) -> Markup | None:
    """Draw the failures of a set; one that no system shows is left out. None without any."""
    modes = _failure_rates(scored)
    if not modes:
        return None
    figure = failure_bars(modes, title=f"{scored.name}: failures")
    return _inline(figure, f"Failures, {scored.name}")


def _failure_rates(scored: ScoredSet) -> dict[str, dict[str, float]]:
    """Return failure -> system -> share of utterances, for those that occur; `error` last."""
    rates = {
        mode: {
            system: score["failure_modes"].get(mode, {}).get("rate", 0.0)
            for system, score in scored.scores.items()
        }
        for mode in sorted(scored.failure_modes, key=lambda mode: mode == ERROR)
        if mode != OK
    }
    return {mode: of for mode, of in rates.items() if any(of.values())}


def curve_figures(runs: Sequence[RunLog], systems: Sequence[str]) -> list[Markup]:
    """Draw the training curves of all runs, one panel per metric."""
    return [
        _inline(training_curves(lines, title=title), f"Training curve: {title}")
        for title, lines in curves(runs, systems).items()
    ]


def _inline(figure: Figure, label: str) -> Markup:
    """Turn a figure into SVG that the template does not escape: `to_svg` has done so."""
    return Markup(to_svg(figure, label))
