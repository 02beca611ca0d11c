"""What is printed: one table a case, one of all cases, the targets, and the last line of JSON."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from earmark.report.tables import Table
from training_steps.earmark_step import CACHED, LIVE
from training_steps.measure import Measured
from training_steps.shapes import SHAPES
from training_steps.trl_step import DEFAULT, PRECOMPUTED

Cases = Sequence[Measured]


def case_table(measured: Measured) -> Table:
    """Tabulate one case, a way a line."""
    case = measured.case
    rows = []
    for name, way in measured.ways.items():
        memory = "" if way.added_mib is None else f"{way.added_mib:.0f}"
        rows.append(
            (
                name,
                f"{way.seconds:.2f}",
                f"{case.pairs / way.seconds:.3f}",
                memory,
                f"{measured.times(PRECOMPUTED, name):.2f}",
                f"{measured.times(DEFAULT, name):.2f}",
                f"{measured.of_floor(name):.2f}",
                f"{way.clips_per_pair:.2g}",
            )
        )
    rows += [(name, "did not run", *[""] * 6) for name in measured.absent]
    timed = min(way.timed for way in measured.ways.values())
    worst = max(way.gradient_difference for way in measured.ways.values())
    note = (
        f"Floor: {measured.floor_s:.2f} CPU s. {_steps(timed)} Losses "
        f"agree; largest relative gradient difference {worst:.1e}. {SHAPES[case.shape].note}"
    )
    reasons = " ".join(measured.absent.values())
    header = ("step", "CPU s", "pairs / CPU s", "added MiB", "x TRL precomputed", "x TRL default")
    return Table(
        case.name, (*header, "x floor's time", "clips heard / pair"), rows, f"{note} {reasons}"
    )


def _steps(count: int) -> str:
    if not count:
        return "One step each, the one that was compared: there was no time for more."
    return f"Medians; {count} interleaved steps or more of each."


def summary(cases: Cases) -> Table:
    """Tabulate Earmark's cached step in all cases."""
    others = [n for m in cases for n in m.ways if n not in (CACHED, PRECOMPUTED, DEFAULT)]
    peers = [name for name in dict.fromkeys(others) if not name.startswith("earmark")]
    rows = []
    for measured in cases:
        share = measured.of_memory(PRECOMPUTED)
        live = measured.times(DEFAULT, LIVE)
        times = [f"{measured.times(p):.2f}" if p in measured.ways else "" for p in peers]
        rows.append(
            (
                measured.case.name,
                f"{measured.case.pairs / measured.ways[CACHED].seconds:.3f}",
                f"{measured.times(PRECOMPUTED):.2f}",
                f"{measured.times(DEFAULT):.2f}",
                f"{live:.2f}",
                *times,
                "" if share is None else f"{share:.2f}",
                f"{measured.of_floor():.2f}",
            )
        )
    header = (
        "case",
        "pairs / CPU s",
        "x TRL precomputed",
        "x TRL default",
        "live x TRL default",
        *(f"x {name}" for name in peers),
        "memory / TRL precomputed",
        "time / floor",
    )
    return Table(
        "Earmark's step, tower and reference cached, against the others",
        header,
        rows,
        "Times as fast per pair, on the same weights and the same batch; 'live' is Earmark with "
        "tower and reference in the step.",
    )


class Target(NamedTuple):
    """What was aimed at in one case, and what was found."""

    name: str
    case: str
    aim: float
    found: float
    met: bool


def targets(cases: Cases) -> list[Target]:
    """Compare with the targets, which hold for LoRA and answers of 24 tokens."""
    found = []
    for measured in (m for m in cases if m.case.tuning == "lora"):
        name = measured.case.name

        def least(what: str, aim: float, value: float, name: str = name) -> None:
            found.append(Target(what, name, aim, value, value >= aim))

        def most(what: str, aim: float, value: float | None, name: str = name) -> None:
            if value is not None:
                found.append(Target(what, name, aim, value, value <= aim))

        if measured.case.losers == 1:
            least("times TRL, both references precomputed", 2.0, measured.times(PRECOMPUTED))
            least("times TRL as it runs multimodal models", 3.6, measured.times(DEFAULT))
        else:
            least("times TRL default, per pair", 5.0, measured.times(DEFAULT))
            least("times TRL precomputed, per pair", 5.0, measured.times(PRECOMPUTED))
        most("of TRL's added memory, precomputed", 0.55, measured.of_memory(PRECOMPUTED))
        most("times the floor", 1.3, measured.of_floor())
    return found


def target_table(cases: Cases) -> Table:
    """Tabulate the targets."""
    rows = [
        (t.case, t.name, f"{t.aim:.2f}", f"{t.found:.2f}", "met" if t.met else "missed")
        for t in targets(cases)
    ]
    header = ("case", "target", "aim", "found", "")
    return Table("Targets: LoRA, answers of 24 tokens, on a CPU", header, rows)


def last_line(cases: Cases) -> dict[str, Any]:
    """Return what is printed as one line of JSON: ratios, memory and floor by case."""

    def ratios(m: Measured) -> dict[str, float]:
        others = [name for name in m.ways if not name.startswith("earmark")]
        ours = [name for name in m.ways if name.startswith("earmark")]
        return {
            f"{way} / {other}": round(m.times(other, way), 2) for way in ours for other in others
        }

    def memory(m: Measured) -> dict[str, float]:
        added = {n: round(w.added_mib, 1) for n, w in m.ways.items() if w.added_mib is not None}
        share = m.of_memory(PRECOMPUTED)
        return added if share is None else added | {"share of TRL precomputed": round(share, 2)}

    return {
        "ratios": {m.case.name: ratios(m) for m in cases},
        "memory": {m.case.name: memory(m) for m in cases},
        "floor": {m.case.name: round(m.of_floor(), 2) for m in cases},
        "missed": [t._asdict() for t in targets(cases) if not t.met],
    }
