"""A run's log becomes curves; a folder that is no run is refused with the reason."""

import json
from pathlib import Path

import pytest

from earmark.errors import InputError
from earmark.report.plots.training_log import curves, read_run


def write_run(folder: Path, rows: list[dict[str, object]]) -> Path:
    folder.mkdir()
    (folder / "log.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return folder


def test_each_metric_keeps_its_own_steps(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "dpo",
        [
            {"step": 1, "loss": 0.7, "rewards/margins": 0.0, "note": "warm-up"},
            {"step": 2, "loss": 0.6},
            {"step": 3, "loss": 0.5, "rewards/margins": 1.5},
        ],
    )
    log = read_run(run)
    assert log.name == "dpo"
    assert log.metrics["loss"] == ([1, 2, 3], [0.7, 0.6, 0.5])
    assert log.metrics["rewards/margins"] == ([1, 3], [0.0, 1.5])
    assert "note" not in log.metrics


def test_a_figure_without_data_is_left_out_and_colours_follow_the_systems(tmp_path: Path) -> None:
    shifts = {"logps/chosen_shift": 1.0, "logps/rejected_shift": -2.0}
    runs = [
        read_run(write_run(tmp_path / "sft", [{"step": 1, "loss": 1.0}])),
        read_run(write_run(tmp_path / "dpo", [{"step": 1, "loss": 0.7, **shifts}])),
    ]
    found = curves(runs, ["base", "dpo", "sft"])
    assert list(found) == ["Loss", "Log-probability since the start (nats)"]
    assert [(line.name, line.colour) for line in found["Loss"]] == [("sft", 2), ("dpo", 1)]
    chosen, rejected = found["Log-probability since the start (nats)"]
    assert (chosen.name, chosen.dashed) == ("dpo chosen", False)
    assert (rejected.name, rejected.dashed) == ("dpo rejected", True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "empty"), ("[1]", "log.jsonl:1: expected a JSON object"), ('{"loss": 1}', "step")],
)
def test_a_log_that_is_none_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "log.jsonl").write_text(text)
    with pytest.raises(InputError, match=reason):
        read_run(tmp_path)


def test_a_folder_without_a_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"log\.jsonl: not found"):
        read_run(tmp_path)
