"""A checkpoint whose tensors are not exactly the model's is refused, and they are named."""

from pathlib import Path

import pytest
import torch
import torch.distributed.checkpoint as dist_cp
from peft import get_peft_model_state_dict
from safetensors.torch import load_file, save_file

from earmark.errors import InputError
from earmark.policies.lora.adapt import add_lora
from earmark.policies.policy import Policy
from earmark.train.resume.weights import SPREAD, check_spread, load_weights
from earmark.train.run import train
from resume_world import reseal, stop_after
from tiny_world import settings, tiny_policy


def started(lora: bool) -> Policy:
    policy = tiny_policy()
    if lora:
        add_lora(policy, 4, 8)
    return policy


@pytest.fixture(params=[False, True], ids=["whole", "lora"])
def saved(request, tmp_path) -> tuple[torch.nn.Module, Path]:
    """Return a model, and the file of its checkpoint."""
    model = started(request.param).model
    model.save_pretrained(tmp_path)
    return model, tmp_path / f"{'adapter_' * request.param}model.safetensors"


def change(path: Path, changed: dict[str, torch.Tensor]) -> None:
    save_file(changed, path, metadata={"format": "pt"})


def refusal(saved) -> str:
    model, path = saved
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(InputError) as refused:
        load_weights(model, path.parent)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert "resume" in str(refused.value), "it says what to do next"
    return str(refused.value)


def test_a_missing_tensor_is_refused_by_name(saved):
    tensors = load_file(saved[1])
    gone = next(name for name in tensors if "layers.1" in name and "down_proj" in name)
    del tensors[gone]
    change(saved[1], tensors)
    told = refusal(saved)
    assert "missing: " in told
    assert gone.partition("layers.1")[2] in told


def test_all_tensors_under_another_name_are_refused(saved):
    """The fault itself: names that match nothing were loaded without a word."""
    tensors = {f"thinker.{name}": value for name, value in load_file(saved[1]).items()}
    change(saved[1], tensors)
    told = refusal(saved)
    assert "missing: " in told
    assert "unexpected: thinker." in told
    assert " more" in told


def test_an_unexpected_tensor_is_refused_by_name(saved):
    change(saved[1], {**load_file(saved[1]), "layers.7.extra.weight": torch.ones(2)})
    assert "unexpected: layers.7.extra.weight" in refusal(saved)


def test_a_tensor_of_another_shape_is_refused_by_name(saved):
    tensors = load_file(saved[1])
    other = next(name for name in tensors if "layers.1" in name and "down_proj" in name)
    change(saved[1], {**tensors, other: tensors[other][:-1].clone()})
    told = refusal(saved)
    assert "of another shape: " in told
    assert other.partition("layers.1")[2] in told


@pytest.mark.parametrize("keep", [0, 4, 1000])
def test_a_cut_file_is_refused(saved, keep):
    saved[1].write_bytes(saved[1].read_bytes()[:keep])
    assert "cannot be read" in refusal(saved)


def test_no_file_is_refused(saved):
    saved[1].unlink()
    assert "cannot be read" in refusal(saved)


def test_a_run_is_not_resumed_from_a_checkpoint_that_lacks_a_tensor(world, pairs, tmp_path):
    knobs = settings(world, lora_rank=0, max_steps=3)
    model = str(world / "model")
    whole = train(pairs[:8], world, model, tmp_path / "whole", settings=knobs)
    path = stop_after(whole, 2, tmp_path / "stopped") / "model.safetensors"
    tensors = load_file(path)
    del tensors[next(name for name in tensors if name.endswith("layers.1.mlp.up_proj.weight"))]
    change(path, tensors)
    reseal(path.parent)
    with pytest.raises(InputError, match=r"missing: .*layers\.1\.mlp\.up_proj\.weight"):
        train(pairs[:8], world, model, tmp_path / "stopped", settings=knobs)


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")
@pytest.mark.parametrize("lora", [False, True], ids=["whole", "lora"])
def test_spread_weights_are_refused_by_name(lora, tmp_path):
    """As FSDP2 writes them; torch itself ignores tensors that it does not expect."""
    model = started(lora).model
    own = get_peft_model_state_dict(model) if lora else model.state_dict()

    def save(folder: str, state: dict[str, torch.Tensor]) -> Path:
        writer = dist_cp.FileSystemWriter(tmp_path / folder / f"{SPREAD}_0")
        dist_cp.save(state_dict={"model": state}, storage_writer=writer)
        return tmp_path / folder

    check_spread(model, save("same", own))
    gone = next(name for name in own if "layers.1" in name and "down_proj" in name)
    less = {name: value for name, value in own.items() if name != gone}
    for folder, state, told in (
        ("less", less, f"missing: {gone}"),
        ("more", {**own, "extra": torch.ones(1)}, "unexpected: extra"),
        ("other", {**own, gone: torch.ones(3)}, rf"of another shape: {gone} \(3,\) for"),
    ):
        with pytest.raises(InputError, match=told):
            check_spread(model, save(folder, state))
    (save("cut", own) / f"{SPREAD}_0" / ".metadata").write_bytes(b"\x80\x04")
    with pytest.raises(InputError, match="cannot be read"):
        check_spread(model, tmp_path / "cut")


@pytest.mark.parametrize("lora", [False, True], ids=["whole", "lora"])
def test_spread_weights_in_one_file_are_refused_by_name(lora, tmp_path):
    """As FSDP2 writes them with FULL_STATE_DICT; accelerate loads adapters without strictness."""
    model = started(lora).model
    own = {name: p for name, p in model.named_parameters() if p.requires_grad}
    own = own if lora else model.state_dict()
    torch.save(own, tmp_path / f"{SPREAD}.bin")
    check_spread(model, tmp_path)
    gone = next(name for name in own if "layers.1" in name and "down_proj" in name)
    torch.save({name: v for name, v in own.items() if name != gone}, tmp_path / f"{SPREAD}.bin")
    with pytest.raises(InputError, match=f"missing: {gone}"):
        check_spread(model, tmp_path)
    (tmp_path / f"{SPREAD}.bin").write_bytes(b"PK")
    with pytest.raises(InputError, match="cannot be read"):
        check_spread(model, tmp_path)
