"""Compare two systems on the same utterances, with a paired interval, and write the page."""

import tempfile
from pathlib import Path

import earmark

HERE = Path(__file__).parent
truth, base, aligned = (HERE / f"{name}.jsonl" for name in ("truth", "base", "aligned"))

comparison = earmark.compare(truth, base, aligned, names=("base", "aligned"))
print(comparison)
change = comparison.rates["mixed_error_rate"]
print(f"difference {change.difference:+.3f}, interval {change.interval}, p {change.p:.3f}")

with tempfile.TemporaryDirectory() as folder:
    systems = {"base": base, "aligned": aligned}
    page = earmark.report(truth, systems, Path(folder) / "report.html", examples=3)
    print(f"{page.name}: {len(page.read_text('utf-8')):,} characters")
