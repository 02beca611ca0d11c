"""What rounding leaves of a training is printed, and an export of less than half is refused."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from earmark.errors import InputError
from earmark.export.merge import export
from earmark.export.rounding import check_rounding, moved_of_whole
from earmark.policies.checkpoint.weights_hash import weights_hash
from earmark.policies.load import load_policy
from earmark.policies.lora.adapt import add_lora
from earmark.policies.lora.merge import Moved
from tiny_world import save_tiny


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Make a base that is stored in bfloat16."""
    folder = save_tiny(tmp_path_factory.mktemp("base") / "model")
    path = folder / "model.safetensors"
    save_file({n: t.bfloat16() for n, t in load_file(path).items()}, path, {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "dtype": "bfloat16"}))
    return folder


def adapter_of(base, folder, std):
    """Write an adapter whose update has about this size in each weight."""
    policy = load_policy(str(base), device="cpu", dtype="float32")
    add_lora(policy, rank=2, alpha=4)
    generator = torch.Generator().manual_seed(0)
    for name, parameter in policy.model.named_parameters():
        if "lora_A" in name:
            torch.nn.init.normal_(parameter, std=1.0, generator=generator)
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=std, generator=generator)
    policy.model.save_pretrained(folder)
    return folder


def test_a_small_update_is_refused_unless_it_is_accepted(base, tmp_path, capsys):
    adapter = adapter_of(base, tmp_path / "adapter", 1e-5)
    message = (
        r"adapter: \d+ % of what was trained is left after rounding to bfloat16 .*; write "
        r"--dtype float32, or serve the adapter .* or accept the loss with --allow-rounding"
    )
    with pytest.raises(InputError, match=message):
        export(adapter, tmp_path / "out", model=str(base))
    assert not (tmp_path / "out").exists()

    export(adapter, tmp_path / "out", model=str(base), allow_rounding=True)
    exported = json.loads((tmp_path / "out/run.json").read_text())["exported"]
    share = exported["share_left_by_rounding"]
    assert 0.0 < share < 0.5
    assert f"{100 * share:.0f} % of what was trained is left after" in capsys.readouterr().err
    before, after = (load_file(f / "model.safetensors") for f in (base, tmp_path / "out"))
    moved = sum(float((after[n].float() - t.float()).abs().sum()) for n, t in before.items())
    assert moved > 0

    out = export(adapter, tmp_path / "wide", model=str(base), dtype="float32")
    assert json.loads((out / "run.json").read_text())["exported"]["share_left_by_rounding"] == 1.0


def test_a_large_update_is_written_and_its_share_printed(base, tmp_path, capsys):
    out = export(adapter_of(base, tmp_path / "a", 1e-2), tmp_path / "out", model=str(base))
    share = json.loads((out / "run.json").read_text())["exported"]["share_left_by_rounding"]
    assert share > 0.9
    assert f"{100 * share:.0f} % of what was trained is left" in capsys.readouterr().err


def test_an_adapter_that_changes_nothing_is_never_the_aligned_model(base, tmp_path):
    adapter = adapter_of(base, tmp_path / "adapter", 0.0)
    for dtype in ("stored", "float32"):
        with pytest.raises(InputError, match="what was trained changes no weight, so the export"):
            export(adapter, tmp_path / "out", model=str(base), dtype=dtype, allow_rounding=True)
    adapter = adapter_of(base, tmp_path / "tiny", 1e-12)
    with pytest.raises(InputError, match="nothing is left after rounding to bfloat16"):
        export(adapter, tmp_path / "out", model=str(base), allow_rounding=True)
    assert not (tmp_path / "out").exists()


def whole_run(base, folder, step):
    """Write a run that moved every weight of a base by a share of itself, in float32."""
    shutil.copytree(base, folder)
    path = folder / "model.safetensors"
    save_file(
        {n: t.float() * (1 + step) for n, t in load_file(path).items()}, path, {"format": "pt"}
    )
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "dtype": "float32"}))
    run = {"model": {"name": str(base), "weights": weights_hash(base)}}
    (folder / "run.json").write_text(json.dumps(run))
    return folder


def test_a_whole_model_is_measured_too(base, tmp_path, capsys):
    # bfloat16 has 8 bits: neighbours are from 1/256 to 1/128 of a number apart.
    run = whole_run(base, tmp_path / "run", 1e-4)
    assert moved_of_whole(run, base, "bfloat16").stored == 0
    with pytest.raises(InputError, match="nothing is left after rounding to bfloat16"):
        export(run, tmp_path / "out")
    run = whole_run(base, tmp_path / "more", 0.02)
    moved = moved_of_whole(run, base, "bfloat16")
    assert moved.share == pytest.approx(1, abs=0.05)
    assert moved_of_whole(run, base, "float32").share == pytest.approx(1, abs=1e-6)
    out = export(run, tmp_path / "out")
    assert "is left after rounding to bfloat16" in capsys.readouterr().err
    for name in ("tokenizer.json", "processor_config.json", "generation_config.json"):
        assert (out / name).read_bytes() == (base / name).read_bytes()
    # The base was written by transformers 5, whose class transformers 4 does not have.
    tokenizer = json.loads((out / "tokenizer_config.json").read_text())
    assert tokenizer["tokenizer_class"] == "PreTrainedTokenizerFast"


def test_a_base_that_has_changed_is_not_measured_against(base, tmp_path, capsys):
    other = shutil.copytree(base, tmp_path / "base")
    run = whole_run(other, tmp_path / "run", 0.02)
    path = other / "model.safetensors"
    save_file({n: 2 * t for n, t in load_file(path).items()}, path, {"format": "pt"})
    out = export(run, tmp_path / "out")
    assert "is not here as it was" in capsys.readouterr().err
    assert "share_left_by_rounding" not in json.loads((out / "run.json").read_text())["exported"]


@pytest.mark.parametrize(("share", "fine"), [(0.51, True), (0.49, False)])
def test_half_is_the_limit(tmp_path, share, fine):
    moved = Moved(1.0, share)
    check_rounding(moved, tmp_path, "bfloat16", allowed=True)
    if fine:
        check_rounding(moved, tmp_path, "bfloat16", allowed=False)
    else:
        with pytest.raises(InputError, match="49 % of what was trained"):
            check_rounding(moved, tmp_path, "bfloat16", allowed=False)
