"""Figures follow the page's theme, carry text as text, and are the same every time."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib
import pytest
from matplotlib.figure import Figure

from earmark.report.plots.bars import Bar, difference_plot, error_bars, failure_bars
from earmark.report.plots.curves import Line, training_curves
from earmark.report.plots.svg import PAPER, SCREEN, to_svg, to_svg_file

NASTY = '</svg><script>alert("1")</script> & $x_1$ 会议'


def bars(palette=SCREEN) -> Figure:
    systems = [Bar("base", 0.273, 0.25, 0.3), Bar(NASTY, None), Bar("dpo", 1.4, 1.2, 1.7)]
    return error_bars(systems, title=NASTY, palette=palette)


def failures() -> Figure:
    return failure_bars({"omission": {"base": 0.2, NASTY: 0.0}}, title="dev")


def curve() -> Figure:
    lines = [Line(NASTY, [1, 2, 3], [0.7, float("nan"), 0.5]), Line("b", [1], [0.1], 1, True)]
    return training_curves(lines, title="Loss")


@pytest.mark.parametrize("name", ["my run", "_run"])
def test_one_line_of_a_short_run_has_a_legend_too(name: str) -> None:
    line = Line(name, [1], [0.7])
    texts = re.findall(r"<text[^>]*>([^<]*)<", to_svg(training_curves([line], title="Loss"), "a"))
    assert name in texts


def test_control_characters_of_a_name_are_shown() -> None:
    name = "a\u202eb\x1b[2J"
    svg = to_svg(error_bars([Bar(name, 0.1)], title=name), name)
    assert not re.search("[\x1b\u202e]", svg)
    assert svg.count("a‹U+202E›b‹U+001B›[2J") == 4  # the bar, the title, and the label twice


def differences() -> Figure:
    shown, not_shown = Bar(NASTY, -0.1, -0.13, -0.07), Bar("kto", 0.0, -0.01, 0.01)
    return difference_plot([shown, not_shown, Bar("one seed", 0.1)], title="Points")


FIGURES = pytest.mark.parametrize("draw", [bars, failures, curve, differences])


@FIGURES
def test_the_same_figure_gives_the_same_bytes_whatever_the_users_settings(draw) -> None:
    before = to_svg(draw(), "a")
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": True}):
        assert to_svg(draw(), "a") == before


@FIGURES
def test_names_are_text_and_escaped(draw) -> None:
    svg = to_svg(draw(), NASTY)
    assert "<script" not in svg
    root = ElementTree.fromstring(svg.replace("xlink:href", "href"))
    texts = [node.text for node in root.iter() if node.tag == "text"]
    assert any(text and NASTY in text for text in texts)
    assert root.attrib["aria-label"] == NASTY


@FIGURES
def test_nothing_leads_outside_or_to_another_figure(draw) -> None:
    first, second = to_svg(draw(), "a"), to_svg(draw(), "b")
    assert "http" not in first
    assert "<style" not in first
    ids = set(re.findall(r'\bid="([^"]*)"', first))
    assert ids
    assert not ids & set(re.findall(r'\bid="([^"]*)"', second))
    used = re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', first)
    assert {a or b for a, b in used} <= ids


@FIGURES
def test_every_colour_is_a_role_of_the_theme(draw) -> None:
    svg = to_svg(draw(), "a")
    assert "var(--ink)" in svg
    assert "var(--series-0)" in svg
    assert not re.search(r"(fill|stroke): #", svg)
    assert re.search(r"(fill|stroke): #", to_svg(bars(PAPER), "a"))


def test_a_file_of_its_own_is_xml_with_a_size():
    root = ElementTree.fromstring(to_svg_file(bars(PAPER), NASTY))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"


def test_figures_of_the_documents_are_files_of_their_own():
    figures = list((Path(__file__).parents[3] / "docs/figures").glob("*.svg"))
    assert figures
    for figure in figures:
        assert ElementTree.parse(figure).getroot().get("width"), figure
