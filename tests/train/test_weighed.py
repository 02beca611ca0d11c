"""What weights references during training: nothing of the batch itself, and which pairs."""

import json
from functools import wraps

import pytest
import torch

from earmark.objectives import OBJECTIVES
from earmark.objectives.contract.choose import choose_objective
from earmark.objectives.mrpo import mrpo
from earmark.objectives.weightings.weighting import shares
from earmark.train.distributed import Processes
from earmark.train.run import note_of_batch, train
from earmark.train.settings import TrainSettings
from tiny_world import save_tiny, write_pairs

PAIRS, BATCH = 10, 2


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weighed")
    save_tiny(folder / "model")
    save_tiny(folder / "other", seed=1)
    return folder


@pytest.fixture(scope="module")
def pairs(world):
    return write_pairs(world, PAIRS)


@pytest.fixture
def seen(monkeypatch):
    """Return a list that gets the references' gaps and weights of each batch."""
    found = []

    @wraps(mrpo)
    def recorded(*args, **given):
        if "refs_chosen" in given and len(given["chosen"]) == BATCH:
            found.append((given["refs_chosen"] - given["refs_rejected"], given["ref_weights"]))
        return mrpo(*args, **given)

    monkeypatch.setitem(OBJECTIVES, "mrpo", recorded)
    return found


def trained(world, pairs, out, **knobs):
    references = (str(world / "model"), str(world / "other"))
    defaults = {"references": references, "cache_dir": str(world / "cache"), "warmup_steps": 0}
    defaults |= {"per_device_train_batch_size": BATCH, "logging_steps": 1, "learning_rate": 5e-3}
    settings = TrainSettings(**{**defaults, **knobs})
    return train(pairs, world, str(world / "model"), out, objective="mrpo", settings=settings)


def test_the_weights_of_a_batch_come_from_the_batch_before_it(world, pairs, tmp_path, seen):
    trained(world, pairs, tmp_path / "run", weighting="sliding_window", weighting_window=1)
    gaps, weights = zip(*seen, strict=True)
    assert len(gaps) == PAIRS // BATCH
    assert torch.equal(weights[0], torch.full_like(weights[0], 0.5))
    for before, here, used in zip(gaps[:-1], gaps[1:], weights[1:], strict=True):
        torch.testing.assert_close(used[:, 0], shares(before.abs().mean(1)))
        assert not torch.allclose(used[:, 0], shares(here.abs().mean(1)))


def test_gaps_per_token_give_other_weights(world, pairs, tmp_path, seen):
    knobs = {"weighting": "validation_discriminative", "validation_share": 0.4}
    for per_token in (False, True):
        out = tmp_path / str(per_token)
        trained(world, pairs, out, **knobs, weighting_per_token=per_token, max_steps=1)
    (_, summed), (_, per_token) = seen
    assert not torch.allclose(summed, per_token)
    torch.testing.assert_close(per_token.sum(0), torch.ones(BATCH))


@pytest.mark.parametrize(("weighting", "held"), [("uniform", 0), ("validation_accuracy", 2)])
def test_pairs_are_held_back_only_where_they_weigh(world, pairs, tmp_path, capsys, weighting, held):
    run = trained(world, pairs, tmp_path / "run", weighting=weighting, validation_share=0.2)
    rows = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    assert sum("loss" in row for row in rows) == (PAIRS - held) // BATCH
    said = f"{held} of {PAIRS} pairs, the last ones, weight the references" in " ".join(
        capsys.readouterr().err.split()
    )
    assert said == (held > 0)


@pytest.mark.parametrize("name", ["capo", "beta_dpo", "kto", "dpo", "s_dpo"])
def test_what_sees_its_batch_says_so_where_batches_are_accumulated(capsys, name):
    settings = TrainSettings(per_device_train_batch_size=BATCH, gradient_accumulation_steps=3)
    note_of_batch(choose_objective(name, 0.0, {}), settings, Processes(0, 4))
    found = " ".join(capsys.readouterr().err.split())
    says = "2 rows of each of 4 process(es), not all 3 batches whose gradients are accumulated"
    assert (says in found) == (name not in ("dpo", "s_dpo"))
    note_of_batch(choose_objective(name, 0.0, {}), TrainSettings(), Processes(0, 4))
    assert not capsys.readouterr().err
