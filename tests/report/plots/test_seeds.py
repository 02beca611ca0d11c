"""Means over seeds carry Student's interval, checked against its published quantiles."""

import pytest

from earmark.report.numbers import per_cent
from earmark.report.plots.seeds import seed_bars, seed_mean, t_95
from earmark.report.plots.svg import to_svg


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.706), (4, 2.776), (10, 2.228), (11, 2.201), (15, 2.131), (30, 2.042), (120, 1.980)],
)
def test_quantiles_agree_with_the_tables(freedom: int, quantile: float) -> None:
    assert t_95(freedom) == pytest.approx(quantile, abs=6e-4)


def test_an_interval_by_hand() -> None:
    # mean 0.3, standard deviation sqrt(0.025), so half = 2.7764 * sqrt(0.025 / 5)
    found = seed_mean([0.1, 0.2, 0.3, 0.4, 0.5])
    assert found.mean == pytest.approx(0.3)
    assert found.high == pytest.approx(0.3 + 0.19632, abs=1e-4)
    assert found.low == pytest.approx(0.3 - 0.19632, abs=1e-4)


def test_a_single_seed_has_no_interval_and_none_is_an_error() -> None:
    assert seed_mean([0.2]) == (0.2, None, None)
    with pytest.raises(ValueError, match="at least one seed"):
        seed_mean([])


def test_the_figure_shows_every_seed() -> None:
    two = to_svg(seed_bars({"dpo": [0.1, 0.3]}, title="dev"), "seeds")
    three = to_svg(seed_bars({"dpo": [0.1, 0.2, 0.3]}, title="dev"), "seeds")
    assert per_cent(0.2) in two
    assert three.count("<use ") == two.count("<use ") + 1
