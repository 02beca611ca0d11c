"""`earmark demo`: see it all at once."""

from pathlib import Path

from earmark.cli.startup.later import later
from earmark.progress import output

run_demo = later("earmark.recipes.demo:run_demo")
summary_tables = later("earmark.recipes.demo_summary:summary_tables")
to_rich = later("earmark.report.tables:to_rich")


def demo(*, out: Path = Path("demo-out"), seeds: int = 1) -> None:
    """See it all at once: speech, failures, pairs, training, report.

    A tiny Audio LLM of the real Qwen2-Audio class transcribes English-Mandarin code-switching
    speech badly. Three arms are trained on the same 800 utterances in equal steps: SFT, DPO, and
    DPO with an SFT term. Takes about four minutes on two cores.

    Args:
        out: folder for speech, pairs, runs, hypotheses, results.json and report.html.
        seeds: repeat with as many seeds and show means with intervals.
    """
    results = run_demo(out, seeds)
    for table in summary_tables(results):
        output.print(to_rich(table))
    for name in ("results.json", "report.html"):
        output.print(f"{name}: {out / name}", soft_wrap=True)
