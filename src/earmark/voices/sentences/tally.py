"""How much a set of sentences mixes: counts, code-mixing index and switches, by kind."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from earmark.records import Utterance
from earmark.voices.sentences.check import measure

HEADER = ("matrix, switch", "sentences", "tokens", "CMI", "switches", "1/2/3/4+ %")
NOTE = (
    "Means: tokens; code-mixing index (Das and Gambäck 2014), a fraction; switches. Last column: "
    "share of sentences with 1, 2, 3, and 4 or more switches."
)


class Mixing(NamedTuple):
    """Sums over sentences, and how many have 1, 2, 3, and 4 or more switches."""

    sentences: int
    templates: int
    tokens: int
    code_mixing_index: float
    switches: int
    with_switches: tuple[int, int, int, int]


def mixing(rows: Sequence[Utterance]) -> Mixing:
    """Count the tokens and switches of sentences.

    >>> mixing([Utterance("a", "那份 report 你 submit 了没有")]).with_switches
    (0, 0, 0, 1)
    """
    measures = [measure(row.text or "") for row in rows]
    capped = [min(said.switches, 4) for said in measures]
    return Mixing(
        len(rows),
        len({row.extra["template"] for row in rows if "template" in row.extra}),
        sum(said.tokens for said in measures),
        sum(said.code_mixing_index for said in measures),
        sum(said.switches for said in measures),
        (capped.count(1), capped.count(2), capped.count(3), capped.count(4)),
    )


def kind_of(row: Utterance) -> str:
    """Name the kind of a sentence by matrix language and switch.

    >>> kind_of(Utterance("a", extra={"matrix_language": "zh", "switch_type": "tag"}))
    'zh, tag'
    """
    name, switch = row.extra["matrix_language"], row.extra["switch_type"]
    return f"{name} alone" if switch == "none" else f"{name}, {switch}"


def table_rows(rows: Iterable[Utterance]) -> list[list[str] | None]:
    """Lay out one row per kind of sentence and one for all that are mixed; means of each.

    None is a line between rows.
    """
    groups: dict[str, list[Utterance]] = {}
    for row in rows:
        groups.setdefault(kind_of(row), []).append(row)
    mixed = [row for group in groups.values() for row in group if row.language == "mixed"]
    alone = sorted(kind for kind in groups if kind.endswith("alone"))
    laid = [_cells(kind, groups[kind]) for kind in sorted(groups.keys() - set(alone))]
    if len(laid) > 1:
        laid.append(_cells("all mixed", mixed))
    others = [_cells(kind, groups[kind]) for kind in alone]
    return [*laid, None, *others] if laid and others else [*laid, *others]


def laid_out(rows: Iterable[Utterance]) -> dict[str, Any]:
    """Return the header, the rows and the note of the table."""
    listed = list(rows)
    templates = mixing(listed).templates
    of_templates = f" {templates} templates were filled." if templates else ""
    return {"header": HEADER, "rows": table_rows(listed), "note": NOTE + of_templates}


def _cells(name: str, rows: Sequence[Utterance]) -> list[str]:
    """Write the means of a group."""
    sums = mixing(rows)
    n = sums.sentences
    cells = [name, f"{n:,}", f"{sums.tokens / n:.1f}"]
    if not sums.switches:
        return [*cells, "", "", ""]
    shares = "/".join(f"{100 * count / n:.0f}" for count in sums.with_switches)
    return [*cells, f"{sums.code_mixing_index / n:.3f}", f"{sums.switches / n:.2f}", shares]
