"""Weights come from safetensors inside of the model's folder, and from nowhere else."""

import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from earmark.cli.checks.path import check_path
from earmark.errors import InputError
from earmark.policies.checkpoint.weight_files import weight_files
from earmark.policies.checkpoint.weights_hash import adapter_hash, hash_of_model, weights_hash
from earmark.policies.load import load_policy
from earmark.policies.lora.speech_lora import merge_speech_lora
from phi4_model import build_phi4
from tiny_world import save_tiny

NAME = "lab/model"
INDEX = "model.safetensors.index.json"


class Touch:
    """Unpickled, it makes a file: the harm that a pickle may do."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return Path(self.path).touch, ()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("saved") / "model")


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


def shard(folder: Path, *, name: str = "model-2.safetensors") -> dict[str, str]:
    """Cut the weights into two files and an index; return which tensor is where."""
    whole = load_file(folder / "model.safetensors")
    places = {t: name if i % 2 else "model-1.safetensors" for i, t in enumerate(sorted(whole))}
    for file in set(places.values()):
        part = {t: v for t, v in whole.items() if places[t] == file}
        save_file(part, folder / file, {"format": "pt"})
    (folder / "model.safetensors").unlink()
    write_index(folder, places)
    return places


def write_index(folder: Path, places, metadata=None):
    whole = {"metadata": metadata or {"total_size": 1}, "weight_map": places}
    (folder / INDEX).write_text(json.dumps(whole))


def as_hub(folder: Path, cache: Path, monkeypatch) -> Path:
    """Lay a folder out as the hub's cache does: links to blobs; return the snapshot."""
    repository = cache / "models--lab--model"
    snapshot = repository / "snapshots" / ("a" * 40)
    for number, path in enumerate(sorted(p for p in folder.rglob("*") if p.is_file())):
        blob = repository / "blobs" / f"{number:040x}"
        link = snapshot / path.relative_to(folder)
        for made in (blob, link):
            made.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, blob)
        link.symlink_to(blob)
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("a" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return snapshot


def test_shards_are_loaded_and_hashed_by_the_index(folder, saved):
    shard(folder)
    (folder / "consolidated.safetensors").write_bytes(b"not loaded, so neither read nor hashed")
    assert [p.name for p in weight_files(folder)] == ["model-1.safetensors", "model-2.safetensors"]
    loaded, expected = (load_policy(str(f)).network.state_dict() for f in (folder, saved))
    assert all(torch.equal(loaded[name], value) for name, value in expected.items())
    before = weights_hash(folder)
    (folder / "consolidated.safetensors").unlink()
    assert weights_hash(folder) == before
    part = load_file(folder / "model-2.safetensors")
    save_file({t: v + 1 for t, v in part.items()}, folder / "model-2.safetensors", {"format": "pt"})
    assert weights_hash(folder) != before


@pytest.mark.parametrize("hub", [False, True])
def test_an_index_does_not_load_a_pickle(folder, tmp_path, monkeypatch, hub):
    places = shard(folder)
    ran = tmp_path / "the pickle ran"
    (folder / "x.bin").write_bytes(pickle.dumps(Touch(ran)))
    # The dummy file which alone was hashed.
    write_index(
        folder, {t: "x.bin" if p == "model-2.safetensors" else p for t, p in places.items()}
    )
    if hub:
        as_hub(folder, tmp_path / "cache", monkeypatch)
    name = NAME if hub else str(folder)
    message = r"index\.json: .* should be in a file named \*\.safetensors, found 'x\.bin'"
    with pytest.raises(InputError, match=message):
        load_policy(name)
    with pytest.raises(InputError, match=message):
        hash_of_model(name)
    assert not ran.exists()
    if not hub:
        assert "found 'x.bin'" in check_path(folder, "auto", 50, None).lines()[0]


@pytest.mark.parametrize("name", ["../outside.safetensors", "/outside.safetensors"])
@pytest.mark.parametrize("hub", [False, True])
def test_an_index_does_not_lead_out_of_the_folder(folder, tmp_path, monkeypatch, name, hub):
    places = shard(folder)
    shutil.move(folder / "model-2.safetensors", tmp_path / "outside.safetensors")
    name = name.replace("/outside", f"{tmp_path}/outside") if name[0] == "/" else name
    write_index(folder, {t: name if p == "model-2.safetensors" else p for t, p in places.items()})
    if hub:
        as_hub(folder, tmp_path / "cache", monkeypatch)
    with pytest.raises(InputError, match=r"outside\.safetensors: leads out of its folder, to "):
        load_policy(NAME if hub else str(folder))


def test_a_link_does_not_lead_out_of_the_folder(folder, tmp_path):
    weights = folder / "model.safetensors"
    weights.rename(tmp_path / "other.safetensors")
    weights.symlink_to(tmp_path / "other.safetensors")
    with pytest.raises(
        InputError, match=r"model\.safetensors: leads out of its folder, to .*other"
    ):
        load_policy(str(folder))
    weights.unlink()
    (tmp_path / "other.safetensors").rename(folder / "here.safetensors")
    weights.symlink_to("here.safetensors")
    linked = tmp_path / "linked"
    linked.symlink_to(folder)
    assert weights_hash(linked) == weights_hash(folder)
    load_policy(str(linked))


def test_a_snapshot_links_to_the_blobs_of_its_own_repository_alone(folder, tmp_path, monkeypatch):
    snapshot = as_hub(folder, tmp_path / "cache", monkeypatch)
    assert hash_of_model(NAME) == weights_hash(folder)
    load_policy(NAME)
    other = tmp_path / "cache/models--lab--secret/blobs/0"
    other.parent.mkdir(parents=True)
    shutil.copyfile(folder / "model.safetensors", other)
    (snapshot / "model.safetensors").unlink()
    (snapshot / "model.safetensors").symlink_to(other)
    with pytest.raises(InputError, match=r"leads out of its folder, to .*secret"):
        load_policy(NAME)


@pytest.mark.parametrize("name", ["adapter_model.bin", "x.bin", "../x.safetensors", 7])
def test_the_configuration_names_other_weights(folder, tmp_path, name):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "transformers_weights": name}))
    shutil.copyfile(folder / "model.safetensors", tmp_path / "x.safetensors")
    with pytest.raises(InputError, match=r"should name a safetensors file|leads out of its folder"):
        load_policy(str(folder))


def test_the_configuration_names_other_weights_that_are_safe(folder):
    config = json.loads((folder / "config.json").read_text())
    named = {**config, "transformers_weights": "other.safetensors"}
    (folder / "config.json").write_text(json.dumps(named))
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    # What lies under the usual name is not loaded, so it does not count.
    save_file({}, folder / "model.safetensors", {"format": "pt"})
    assert [path.name for path in weight_files(folder)] == ["other.safetensors"]
    loaded = load_policy(str(folder)).network.state_dict()
    name = next(name for name in loaded if name.endswith("embed_tokens.weight"))
    stored = next(v for n, v in weights.items() if n.endswith("embed_tokens.weight"))
    assert torch.equal(loaded[name], stored)


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ([], "expected a weight_map"),
        ({}, "expected a weight_map"),
        ({"w": 3}, r"w should be in a file named \*\.safetensors, found 3"),
        ({"w": "absent.safetensors"}, "absent.safetensors is missing, but the index"),
    ],
)
def test_an_index_that_makes_no_sense(folder, places, message):
    (folder / "model.safetensors").unlink()
    write_index(folder, places)
    with pytest.raises(InputError, match=message):
        load_policy(str(folder))


def test_weights_under_another_name_are_not_loaded(folder):
    (folder / "model.safetensors").rename(folder / "weights.safetensors")
    with pytest.raises(InputError, match=r"model\.safetensors or .*, found weights\.safetensors"):
        load_policy(str(folder))


def test_two_sets_of_weights_are_refused(folder):
    whole = (folder / "model.safetensors").read_bytes()
    shard(folder)
    (folder / "model.safetensors").write_bytes(whole)
    with pytest.raises(InputError, match=r"there twice, in model\.safetensors and in the files"):
        load_policy(str(folder))


def test_a_part_of_a_distributed_checkpoint_is_refused(folder):
    part = folder / "shard-00001-model-00001-of-00001.safetensors"
    shutil.copyfile(folder / "model.safetensors", part)
    with pytest.raises(InputError, match="a part of a distributed checkpoint"):
        load_policy(str(folder))


def test_a_model_and_an_adapter_in_one_folder_are_refused(folder, tmp_path):
    ran = tmp_path / "the pickle ran"
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(Touch(ran)))
    with pytest.raises(InputError, match=r"config\.json and adapter_config\.json are both here"):
        load_policy(str(folder))
    assert not ran.exists()


def test_an_adapter_is_safetensors_inside_of_its_folder(saved, tmp_path):
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    settings = {"peft_type": "LORA", "base_model_name_or_path": str(saved)}
    (adapter / "adapter_config.json").write_text(json.dumps(settings))
    (adapter / "adapter_model.bin").write_bytes(pickle.dumps(Touch(tmp_path / "ran")))
    with pytest.raises(InputError, match="no adapter here"):
        load_policy(str(saved), str(adapter))
    shutil.copyfile(saved / "model.safetensors", tmp_path / "other.safetensors")
    (adapter / "adapter_model.safetensors").symlink_to(tmp_path / "other.safetensors")
    for use in (lambda: load_policy(str(saved), str(adapter)), lambda: adapter_hash(adapter)):
        with pytest.raises(InputError, match=r"adapter_model\.safetensors: leads out of its"):
            use()
    assert not (tmp_path / "ran").exists()


def test_a_speech_lora_is_safetensors_inside_of_its_model(tmp_path):
    network, _ = build_phi4()
    lora = tmp_path / "model/speech-lora"
    lora.mkdir(parents=True)
    (lora / "adapter_config.json").write_text("{}")
    (lora / "adapter_model.bin").write_bytes(pickle.dumps(Touch(tmp_path / "ran")))
    with pytest.raises(InputError, match=r"found adapter_model\.bin, a pickle"):
        merge_speech_lora(network, tmp_path / "model", "speech-lora")
    (tmp_path / "other.safetensors").write_bytes(b"")
    (lora / "adapter_model.safetensors").symlink_to(tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="leads out of its folder"):
        merge_speech_lora(network, tmp_path / "model", "speech-lora")
    assert not (tmp_path / "ran").exists()
