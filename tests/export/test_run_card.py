"""A run's card says what run.json and log.jsonl say, whoever wrote them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from earmark.export.loading import Loading, commands, python_code
from earmark.export.run_card import run_card, write_run_card
from earmark.export.run_facts import measured_table, read_log, training_table

QWEN = Loading("Qwen2AudioForConditionalGeneration")
RUN: dict[str, Any] = {
    "earmark": "0.1.0",
    "objective": {"name": "dpo", "sft_weight": 3.0, "beta": 0.1},
    "settings": {
        "learning_rate": 2e-5,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 10,
        "lora_rank": 16,
        "lora_targets": "",
        "num_train_epochs": 2,
        "per_device_train_batch_size": 8,
        "gradient_accumulation_steps": 4,
        "token_budget": 0,
        "seed": 7,
    },
    "model": {
        "name": "Qwen/Qwen2-Audio-7B-Instruct@refs/pr/1",
        "weights": "b492",
        "loaded": {"dtype": "bfloat16", "device": "cuda"},
    },
    "pairs": {"count": 800, "hash": "f442"},
    "processes": 2,
    "versions": {"torch": "2.13.0", "peft": "0.21.2"},
}
LOG = [
    {"step": 5, "loss": 0.6931471, "rewards/margins": 0.0},
    {"step": 25, "loss": 0.4, "rewards/margins": 1.25},
    {"step": 25, "train_runtime": 3.0},
]


def cells(table: str) -> dict[str, list[str]]:
    """Return the rows of a Markdown table by their first cell."""
    rows = [line.strip("|").split(" | ") for line in table.splitlines()]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


def test_the_table_of_a_run_has_every_setting_that_decides() -> None:
    assert cells(training_table(RUN, LOG)) == {
        "setting": ["value"],
        "---": ["---"],
        "base model": ["Qwen/Qwen2-Audio-7B-Instruct@refs/pr/1 (weights b492)"],
        "objective": ["`dpo` (sft_weight 3.0, beta 0.1)"],
        "trained": ["a LoRA of rank 16 on the language model"],
        "pairs": ["800 (hash f442)"],
        "optimizer steps": ["25 (epochs 2)"],
        "batch": ["8 rows of 4 batches of 2 processes"],
        "learning rate": ["2e-05, cosine, warmup_steps 10"],
        "computed in": ["bfloat16 on cuda"],
        "seed": ["7"],
        "versions": ["earmark 0.1.0, torch 2.13.0, peft 0.21.2"],
    }


def test_what_was_measured_is_the_first_and_the_last_log() -> None:
    assert cells(measured_table(LOG)) == {
        "on the training pairs": ["until step 5", "until step 25"],
        "---": ["---:", "---:"],
        "loss": ["0.6931", "0.4"],
        "reward margin": ["0", "1.25"],
    }
    assert cells(measured_table(LOG[:1]))["loss"] == ["0.6931"]
    assert measured_table([]) == ""


def test_the_hub_files_the_card_under_its_base() -> None:
    _, header, text = run_card("run", RUN, LOG, QWEN, adapter=True).split("---\n", 2)
    found = yaml.safe_load(header)
    assert found["base_model"] == "Qwen/Qwen2-Audio-7B-Instruct"
    assert found["base_model_relation"] == "adapter"
    assert found["library_name"] == "peft"
    assert {"earmark", "dpo"} <= set(found["tags"])
    assert "A LoRA of rank 16 on the language model of `Qwen/Qwen2-Audio-7B-Instruct" in text


def test_the_code_names_class_revision_and_remote_code() -> None:
    code = python_code(
        Loading("AutoModelForCausalLM", remote_code=True), "a/b@v2", "run", adapter=True
    )
    assert 'from_pretrained(base, dtype="auto", revision="v2", trust_remote_code=True)' in code
    assert 'base = "a/b"' in code
    whole = python_code(QWEN, "a/b@v2", "run", adapter=False)
    assert "v2" not in whole
    assert "peft" not in whole
    compile(python_code(QWEN, "tiny-base", 'a "run"', adapter=True), "card", "exec")
    assert "'path/to/a run'" in commands("/home/me/base", "a run", adapter=True)
    assert "/home" not in commands("/home/me/base", "a run", adapter=True)


def test_a_base_with_a_lora_of_its_own_is_not_loaded_by_peft_alone() -> None:
    loading = Loading("Phi4MultimodalForCausalLM", own_lora=True)
    card = run_card("run", RUN, LOG, loading, adapter=True)
    assert "Earmark merges it before this adapter is put on" in card
    assert "```python" not in card


@pytest.mark.parametrize(
    "run",
    [
        {},
        {"settings": [1], "model": "x", "pairs": None, "objective": "dpo", "versions": 3},
        {"settings": {"lora_rank": {}, "seed": [1]}, "model": {"loaded": [], "name": 5}},
    ],
)
def test_a_damaged_run_json_has_a_card_too(run: dict[str, Any]) -> None:
    for adapter in (True, False):
        card = run_card(
            "run", run, [{"step": "x"}, {"loss": None, "step": 1}], QWEN, adapter=adapter
        )
        assert "# run" in card


def test_texts_of_a_stranger_stay_in_their_cells() -> None:
    nasty = "a|b\n# heading <script>`\x1b[2J\u202e"
    run = {**RUN, "objective": {"name": nasty, nasty: nasty}, "model": {"name": nasty}}
    card = run_card(nasty, run, LOG, QWEN, adapter=True).split("---\n", 2)[2]
    assert "\n# heading" not in card
    text = card.split("```")[0]
    assert "<script>" not in text
    assert not set("\x1b\u202e") & set(text)
    table = training_table(run, LOG).splitlines()
    assert {line.count("|") for line in table} == {3}


def test_a_damaged_log_is_noted_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").write_text(json.dumps(RUN))
    (tmp_path / "log.jsonl").write_text('{"step": 1, "loss": 0.5}\n{"step": 2, "lo')
    assert read_log(tmp_path) == []
    assert "cannot say what was measured" in capsys.readouterr().err
    write_run_card(tmp_path, QWEN)
    assert "Nothing was logged while training." in (tmp_path / "README.md").read_text()
