"""Turn a matplotlib figure into inline SVG that follows the page's theme, or into a PNG.

A figure is drawn in stand-in colours; in the SVG each becomes a CSS variable, so the same
drawing is dark on white and white on dark. Text stays text: it can be read aloud, searched
and copied, and the browser finds a font for any script. The same figure always gives the
same bytes.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from io import StringIO
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from earmark.display import visible


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a drawing; `series` are cycled through, one per system."""

    ink: str
    muted: str
    grid: str
    series: tuple[str, ...]

    def of(self, index: int) -> str:
        """Return the colour of the system with this index."""
        return self.series[index % len(self.series)]


# Near-black stand-ins that no drawing would use by chance.
SCREEN = Palette(
    ink="#000101",
    muted="#000102",
    grid="#000103",
    series=tuple(f"#0002{index:02x}" for index in range(8)),
)

# For files that leave the page. Colour-blind readers can distinguish the series colours too
# (after Okabe and Ito); style.css holds the same ones, and lighter ones for dark mode.
PAPER = Palette(
    ink="#1c2430",
    muted="#5b6675",
    grid="#d9dee5",
    series=(
        "#6b7684",
        "#0072b2",
        "#d55e00",
        "#009e73",
        "#b0559a",
        "#a07a00",
        "#3a9bd9",
        "#7a4b2a",
    ),
)

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 12.0,
    "axes.unicode_minus": True,
}


@contextmanager
def drawing() -> Iterator[None]:
    """Draw and save in one fixed style, whatever the user's own matplotlib settings.

    A system may be named in any script. Matplotlib's own font cannot measure all of them and
    warns; the text itself reaches the browser whole, so that one warning is not shown.
    """
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def to_svg(figure: Figure, label: str) -> str:
    """Return a figure as one inline `<svg>` element; `label` says aloud what it shows."""
    out = StringIO()
    with drawing():
        matplotlib.rcParams["svg.hashsalt"] = "earmark"
        no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=no_metadata)
    text, label = out.getvalue(), visible(label)
    prefix = "f" + sha256((label + text).encode()).hexdigest()[:8]
    return _inline(text, label, prefix)


def to_svg_file(figure: Figure, label: str) -> str:
    """Return a figure as an SVG file of its own, on white; draw it with the PAPER palette."""
    inline = to_svg(figure, label)
    width, height = (round(inches * 72) for inches in figure.get_size_inches())
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    style = "font-family: sans-serif; background: white"
    head = f'<svg {names} width="{width}" height="{height}" style="{style}"'
    return inline.replace("<svg", head, 1)


def _inline(text: str, label: str, prefix: str) -> str:
    """Keep the `<svg>` element alone, with ids of its own and the page's fonts and colours."""
    body = text[text.index("<svg") :]
    head, inner = body.split(">", 1)
    view = re.search(r'viewBox="([^"]*)"', head)
    assert view is not None, "matplotlib always writes a viewBox"
    # Both speak to the whole page once the figure is inline: metadata, and a rule for `*`.
    inner = re.sub(r"\s*<(metadata|style).*?</\1>", "", inner, flags=re.DOTALL)
    # Inside tags only: what a text says stays as it is.
    inner = re.sub(r"<[^>]*>", lambda tag: _restyled(tag[0], prefix), inner)
    name = escape(label, quote=True)
    return f'<svg viewBox="{view[1]}" role="img" aria-label="{name}"><title>{name}</title>{inner}'


def _restyled(tag: str, prefix: str) -> str:
    """Rename the ids of a tag, drop its font, and turn stand-in colours into CSS variables."""
    tag = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}-", tag)
    tag = re.sub(r" font-family: [^;\"]*;?", "", tag)
    return re.sub(r"#000[12][0-9a-f]{2}", lambda found: _VARIABLES.get(found[0], found[0]), tag)


_VARIABLES = {
    SCREEN.ink: "var(--ink)",
    SCREEN.muted: "var(--muted)",
    SCREEN.grid: "var(--grid)",
    **{colour: f"var(--series-{index})" for index, colour in enumerate(SCREEN.series)},
}
