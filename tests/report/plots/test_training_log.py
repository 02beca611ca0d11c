"""A run's log becomes curves; a folder that is no run is refused with the reason."""

import json
from pathlib import Path

import pytest

from earmark.errors import InputError
from earmark.report.plots.training_log import RunLog, curves, read_run, read_runs


def write_run(
    folder: Path, rows: list[dict[str, object]], objective: dict[str, object] | None = None
) -> Path:
    folder.mkdir()
    if objective is not None:
        (folder / "run.json").write_text(json.dumps({"objective": objective}))
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
        read_run(write_run(tmp_path / name, [{"step": 1, "loss": 0.7, **of}], {"name": "dpo"}))
        for name, of in {"sft": {}, "dpo": shifts}.items()
    ]
    found = curves(runs, ["base", "dpo", "sft"])
    assert list(found) == ["Loss", "Log-probability since the start (nats)"]
    assert [(line.name, line.colour) for line in found["Loss"]] == [("sft", 2), ("dpo", 1)]
    chosen, rejected = found["Log-probability since the start (nats)"]
    assert (chosen.name, chosen.dashed) == ("dpo chosen", False)
    assert (rejected.name, rejected.dashed) == ("dpo rejected", True)


def write_arms(folder: Path, objectives: dict[str, dict[str, object]]) -> list[RunLog]:
    row: dict[str, object] = {"step": 1, "loss": 0.7, "rewards/margins": 1.0}
    row |= {"rewards/accuracies": 0.5}
    return [read_run(write_run(folder / name, [row], of)) for name, of in objectives.items()]


def test_margins_of_dpo_and_simpo_are_not_on_one_axis(tmp_path: Path) -> None:
    runs = write_arms(
        tmp_path,
        {
            "a": {"name": "dpo", "sft_weight": 0.0, "beta": 0.1},
            "b": {"name": "dpo", "sft_weight": 3.0, "beta": 0.1},
            "c": {"name": "simpo", "sft_weight": 0.0, "beta": 2.0, "gamma": 1.0},
            "d": {"name": "dpo", "sft_weight": 0.0, "beta": 0.5},
        },
    )
    shown = {title: [line.name for line in lines] for title, lines in curves(runs).items()}
    assert shown == {
        "Loss: dpo, beta 0.1": ["a"],
        "Loss: dpo, sft_weight 3.0, beta 0.1": ["b"],
        "Loss: simpo, beta 2.0, gamma 1.0": ["c"],
        "Loss: dpo, beta 0.5": ["d"],
        "Reward margin: dpo, beta 0.1": ["a", "b"],
        "Reward margin: simpo, beta 2.0, gamma 1.0": ["c"],
        "Reward margin: dpo, beta 0.5": ["d"],
        "Preference accuracy": ["a", "b", "c", "d"],
    }


def test_runs_of_one_name_show_the_folder_above(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"step": 1, "loss": 0.7}]
    for seed in ("seed-0", "seed-1"):
        (tmp_path / seed).mkdir()
        write_run(tmp_path / seed / "dpo", rows)
    folders = [tmp_path / seed / "dpo" for seed in ("seed-0", "seed-1")]
    assert [run.name for run in read_runs(folders)] == ["seed-0/dpo", "seed-1/dpo"]
    assert [run.name for run in read_runs(folders[:1])] == ["dpo"]
    with pytest.raises(InputError, match="this run is given twice"):
        read_runs([folders[0], tmp_path / "seed-0/../seed-0/dpo"])


def test_runs_whose_objective_is_not_known_share_no_axis(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"step": 1, "loss": 0.7}]
    runs = [read_run(write_run(tmp_path / name, rows)) for name in ("a", "b")]
    assert list(curves(runs)) == [
        "Loss: objective of a not known",
        "Loss: objective of b not known",
    ]


def test_a_run_json_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", [{"step": 1, "loss": 0.7}])
    (run / "run.json").write_text("[]")
    with pytest.raises(InputError, match=r"run\.json: expected a JSON object, found list"):
        read_run(run)
    (run / "run.json").write_text("{")
    with pytest.raises(InputError, match=r"run\.json: not JSON"):
        read_run(run)


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
