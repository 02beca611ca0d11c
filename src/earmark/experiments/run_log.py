"""What is kept of a run's log."""

import json
from pathlib import Path
from statistics import mean

from earmark.experiments.cells import Result
from earmark.train.run_folder import LOG


def chosen_logps(run: Path) -> Result:
    """Read the chosen answer's log-probability, and its shift if logged: the last fifth's mean."""
    rows = [json.loads(line) for line in (run / LOG).read_text("utf-8").splitlines()]
    rows = [row for row in rows if "logps/chosen" in row]
    last = rows[-max(1, len(rows) // 5) :]
    shifts = [row["logps/chosen_shift"] for row in last if "logps/chosen_shift" in row]
    return {
        "chosen_logps": round(mean(row["logps/chosen"] for row in last), 4),
        "chosen_shift": round(mean(shifts), 4) if shifts else None,
    }
