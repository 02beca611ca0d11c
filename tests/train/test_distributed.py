"""Two processes give the gradients of one with the joined batch, and remember the same.

Run by the test in two processes (gloo, on loopback), as by

    python -m torch.distributed.run --nproc-per-node 2 test_distributed.py FOLDER OUT
"""

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback, TrainingArguments

from earmark.formats.files.lines import write_jsonl
from earmark.formats.reading import read
from earmark.objectives import OBJECTIVES
from earmark.objectives.contract.objective import Objective
from earmark.objectives.contract.signature import contract
from earmark.records import Pair
from earmark.train.assemble import assemble
from earmark.train.cache.fingerprint import of_policy
from earmark.train.data.examples import EncodedPairs
from earmark.train.distributed import concatenate, processes
from earmark.train.settings import TrainSettings
from earmark.train.state import flatten
from earmark.train.trainer import PreferenceTrainer
from tiny_world import save_tiny, tiny_policy, trainable, write_pairs

STEPS = 3
NAMES = ("dpo", "s_dpo", "beta_dpo", "kto", "aot", "mrpo")


def write_ragged_pairs(folder: Path) -> None:
    """Write pairs of which some have one rejected answer and some three.

    In the last step one pair is left, and the other process has none.
    """
    count = 4 * STEPS - 3
    few, many = write_pairs(folder, count, losers=1), write_pairs(folder, count, losers=3)
    mixed = [one if i % 3 else other for i, (one, other) in enumerate(zip(few, many, strict=True))]
    write_jsonl(folder / "pairs.jsonl", mixed)


class Gradients(TrainerCallback):
    """Keep every step's gradients, as the optimizer gets them."""

    def __init__(self, policy):
        self.policy = policy
        self.found = {}

    def on_pre_optimizer_step(self, args, state, control, **_):
        for name, parameter in trainable(self.policy).items():
            if parameter.grad is not None:
                self.found[f"{state.global_step}/{name}"] = parameter.grad.clone()


def work(folder: Path, out: Path, name: str, batch_size: int) -> None:
    """Train a few steps and write the gradients, and what is remembered at the end."""
    objective, policy = OBJECTIVES[name], tiny_policy()
    needs = contract(objective)
    settings = TrainSettings(
        lora_rank=0,
        cache_features=False,
        cache_dir=str(out / "cache"),
        references=(str(folder / "model"), str(folder / "other")),
        weighting="thompson_mixture",
    )
    pairs = list(read(Pair, folder / "pairs.jsonl"))
    arguments = TrainingArguments(
        output_dir=str(out),
        per_device_train_batch_size=batch_size,
        max_steps=STEPS,
        learning_rate=0.05,
        max_grad_norm=0,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        remove_unused_columns=False,
        logging_strategy="no",
        disable_tqdm=True,
        ddp_find_unused_parameters=True,
        optim="sgd",
    )
    kept = Gradients(policy)
    encoded = EncodedPairs(pairs, folder, needs)
    parts = assemble(policy, of_policy(policy), encoded, settings, processes=processes())
    trainer = PreferenceTrainer(policy, Objective.of(objective), parts, arguments, [kept])
    trainer.train()
    if trainer.is_world_process_zero():
        found = {**kept.found, **flatten("state", parts.state.state)}
        save_file(found, out / f"{name}.safetensors")


def test_two_processes_do_what_one_does_with_the_joined_batch(tmp_path, warm):
    folders = [tmp_path / name for name in ("pairs", "one", "two")]
    for folder in folders:
        folder.mkdir()
    write_ragged_pairs(folders[0])
    save_tiny(folders[0] / "model")
    save_tiny(folders[0] / "other", seed=1)
    warm.run(tmp_path, [folders[0], folders[2]], script=Path(__file__), ranks=2)
    for name in NAMES:
        work(folders[0], folders[1], name, batch_size=4)
        one, two = (load_file(folder / f"{name}.safetensors") for folder in folders[1:])
        assert one.keys() == two.keys()
        assert len(one) > STEPS
        assert any(value.abs().max() > 1e-3 for value in one.values())
        for key, value in one.items():
            torch.testing.assert_close(two[key], value, rtol=1e-3, atol=1e-5, msg=f"{name} {key}")


def test_ragged_candidates_are_filled():
    joined = concatenate([torch.ones(2, 3), torch.ones(1, 2)], 0)
    assert joined.tolist() == [[1, 1, 1], [1, 1, 1], [1, 1, 0]]
    masks = concatenate([torch.ones(1, 1, dtype=torch.bool), torch.ones(1, 2, dtype=torch.bool)], 0)
    assert masks.tolist() == [[True, False], [True, True]]


if __name__ == "__main__":
    for objective_name in NAMES:
        work(Path(sys.argv[1]), Path(sys.argv[2]), objective_name, batch_size=2)
    if dist.is_initialized():
        dist.destroy_process_group()
