"""`earmark objectives`: what can be optimized, with which knobs, after which paper."""

from rich.table import Table

from earmark.cli.startup import catalog
from earmark.cli.startup.later import later
from earmark.errors import KnobError, did_you_mean
from earmark.progress import output

explain = later("earmark.cli.explain_objective:explain")


def objectives(name: str | None = None, /) -> None:
    """List the objectives and wrappers of `earmark train`, or explain one.

    Args:
        name: an objective or a wrapper; without it, all are listed.
    """
    if name is None:
        output.print(listing("Objectives (--objective NAME)", catalog.objectives()))
        output.print(listing("Wrappers (--wrap NAME) of an objective", catalog.wrappers()))
        output.print("All about one: earmark objectives NAME")
        return
    known = [*catalog.objectives(), *catalog.wrappers()]
    if name not in known:
        raise KnobError(f"no objective or wrapper '{name}'; {did_you_mean(name, known)}")
    explain(name)


def listing(title: str, entries: dict[str, catalog.Listed]) -> Table:
    """List names, first lines and papers."""
    table = Table("name", "what it does", "arXiv", title=title, title_justify="left")
    for name, entry in entries.items():
        table.add_row(name, entry.summary, " ".join(entry.papers))
    return table
