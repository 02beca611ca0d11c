"""A demo that is stopped while an arm trains ends with the same model: arms are whole models."""

from dataclasses import replace

import torch
from safetensors.torch import load_file

from earmark.recipes.demo import ARMS, MODEL, SETTINGS
from earmark.train.run import train
from resume_world import losses_of, stop_after
from tiny_world import write_pairs


def test_an_arm_of_the_demo_resumes_exactly(tmp_path):
    arm = ARMS["dpo+sft"]
    settings = replace(
        SETTINGS,
        learning_rate=arm.learning_rate,
        per_device_train_batch_size=2,
        max_steps=3,
        warmup_steps=0,
        logging_steps=1,
        save_steps=2,
        save_total_limit=2,
        cache_dir=str(tmp_path / "cache"),
    )
    pairs = write_pairs(tmp_path, 6, losers=2)

    def run(name):
        out, how = tmp_path / name, {"objective": arm.objective, "sft_weight": arm.sft_weight}
        return train(pairs, tmp_path, MODEL, out, **how, settings=settings)

    whole, stopped = run("whole"), tmp_path / "stopped"
    stop_after(whole, 2, stopped)
    run("stopped")
    assert losses_of(stopped) == losses_of(whole)
    one, two = (load_file(each / "model.safetensors") for each in (whole, stopped))
    assert all(torch.equal(one[name], two[name]) for name in one)
