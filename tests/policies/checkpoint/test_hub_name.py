"""A revision of a model of the hub is named as NAME@REVISION, and a folder by its path."""

import json
import shutil

import pytest
import torch

from earmark.errors import InputError
from earmark.export.loading import Loading
from earmark.export.model_card import model_card
from earmark.policies.checkpoint.hub_name import hub_name
from earmark.policies.checkpoint.weights_hash import hash_of_model, weights_hash
from earmark.policies.load import load_policy
from tiny_world import save_tiny

NAME, REVISION = "lab/model", "refs/pr/7"


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """Save two states of a model; the folder of one has an `@` in its path."""
    folder = tmp_path_factory.mktemp("states")
    return save_tiny(folder / "main@home", seed=0), save_tiny(folder / "other", seed=5)


@pytest.fixture
def hub(states, tmp_path, monkeypatch):
    """Lay both out as the hub's cache does, the second one as a revision, with no network."""
    repository = tmp_path / "models--lab--model"
    for commit, reference, folder in zip("ab", ("main", REVISION), states, strict=True):
        shutil.copytree(folder, repository / "snapshots" / (commit * 40))
        (repository / "refs" / reference).parent.mkdir(parents=True, exist_ok=True)
        (repository / "refs" / reference).write_text(commit * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return repository


def weight(model):
    return load_policy(model, device="cpu").network.get_input_embeddings().weight


def test_a_revision_is_what_is_loaded_and_hashed(hub, states):
    main, other = (weight(str(folder)) for folder in states)
    assert not torch.equal(main, other)
    assert torch.equal(weight(NAME), main)
    assert torch.equal(weight(f"{NAME}@{REVISION}"), other)
    assert hash_of_model(NAME) == weights_hash(states[0])
    assert hash_of_model(f"{NAME}@{REVISION}") == weights_hash(states[1])
    assert hash_of_model(f"{NAME}@nowhere") is None


def test_a_folder_is_a_folder_whatever_its_name(states):
    assert hub_name(str(states[0])) == (str(states[0]), None)
    assert hub_name("./not@here") == ("./not@here", None)
    with pytest.raises(InputError, match=r"\./not@here: no such model folder"):
        load_policy("./not@here")


def test_the_card_names_model_and_revision():
    loading = Loading("Qwen2AudioForConditionalGeneration")
    card = model_card("aligned", f"{NAME}@{REVISION}", "bfloat16", None, {}, loading=loading)
    assert f"base_model: {NAME}\n" in card
    assert f"`{NAME}@{REVISION}` aligned with" in card


def test_the_makers_own_form_of_phi_4_is_refused_before_its_code_is_asked_for(hub):
    path = hub / "snapshots" / ("a" * 40) / "config.json"
    own = {"model_type": "phi4mm", "auto_map": {"AutoConfig": "configuration.Phi4MMConfig"}}
    path.write_text(json.dumps(own))
    with pytest.raises(InputError, match=r"'phi4mm' is not supported: .*-instruct@refs/pr/70"):
        load_policy(NAME)
