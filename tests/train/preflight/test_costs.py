"""What a run costs is said before it starts; what is kept is what is heard more than once."""

import gc
import json
import shutil
import weakref
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from earmark.errors import InputError
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.train.cache.features import FeatureCache
from earmark.train.data.examples import EncodedPairs
from earmark.train.distributed import Processes
from earmark.train.preflight.costs import (
    Heard,
    check_room,
    choose_features,
    choose_reference,
    passes,
    row_visits,
)
from earmark.train.reference import compute as frozen
from earmark.train.reference import several as references
from earmark.train.reference.several import logps_of_references
from earmark.train.run import train
from earmark.train.settings import TrainSettings
from tiny_world import save_tiny, tiny_policy, write_pairs

ROWS = 8


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("costs")
    save_tiny(folder / "model")
    return folder


@pytest.fixture(scope="module")
def encoded(world) -> EncodedPairs:
    return EncodedPairs(write_pairs(world, ROWS), world, contract(dpo))


@pytest.fixture(scope="module")
def policy():
    return tiny_policy()


def hear(policy, encoded, cache) -> int:
    """Keep all clips and return their bytes."""
    states = {
        clip.key(): policy.encode(policy.features(clip.read())).detach()
        for number in range(len(encoded))
        for clip in encoded[number].clips
    }
    for key, value in states.items():
        cache.add(key, value)
    return sum(value.numel() * value.element_size() for value in states.values())


def full_disk(monkeypatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))


def test_a_disk_too_small_is_refused_and_one_large_enough_is_not(
    policy, encoded, tmp_path, monkeypatch, capsys
):
    size = hear(policy, encoded, FeatureCache(tmp_path / "other", policy))
    cache = FeatureCache(tmp_path / "cache", policy)
    full_disk(monkeypatch, size // 2)
    with pytest.raises(InputError, match="the feature cache would need about"):
        check_room(policy, encoded, cache)
    full_disk(monkeypatch, 2 * size)
    check_room(policy, encoded, cache)
    assert f"more for {ROWS} rows in" in capsys.readouterr().err


def test_clips_of_another_corpus_make_no_room(policy, encoded, tmp_path, monkeypatch):
    cache = FeatureCache(tmp_path / "cache", policy)
    (tmp_path / "more").mkdir()
    others = write_pairs(tmp_path / "more", 3 * ROWS, seed=1)
    hear(policy, EncodedPairs(others, tmp_path / "more", contract(dpo)), cache)
    full_disk(monkeypatch, 0)
    with pytest.raises(InputError, match="the feature cache would need about"):
        check_room(policy, encoded, cache)
    hear(policy, encoded, cache)
    check_room(policy, encoded, cache)


def test_what_is_heard_once_is_not_kept(policy, encoded, tmp_path, capsys):
    def chosen(heard: Heard, cache_features: bool | None = None) -> bool:
        return choose_features(heard, encoded, cache, TrainSettings(cache_features=cache_features))

    cache = FeatureCache(tmp_path / "cache", policy)
    assert not chosen(Heard(times=8, clips=8))
    assert "feature cache: off, no clip is heard twice" in capsys.readouterr().err
    assert chosen(Heard(times=8, clips=8), cache_features=True)
    assert chosen(Heard(times=24, clips=8))
    assert "8 clips would be heard 24 times without" in capsys.readouterr().err
    assert not chosen(Heard(times=24, clips=8), cache_features=False)
    hear(policy, encoded, cache)
    assert chosen(Heard(times=8, clips=8)), "known from an earlier run"


def test_visits_are_those_of_all_steps_and_processes():
    assert row_visits(10, 4, TrainSettings(num_train_epochs=2.5), 2) == 25
    stepped = TrainSettings(max_steps=3, gradient_accumulation_steps=2)
    assert row_visits(10, 4.5, stepped, 2) == 54


@pytest.mark.parametrize(
    ("epochs", "known", "chosen", "said"),
    [
        (1, 0, "live", "live, 10 passes over a row, about 50% of the cost of the steps"),
        (1, 4, "cached", "cached, 6 passes over a row, about 30%"),
        (3, 0, "cached", "cached, 10 passes over a row, about 17%"),
    ],
)
def test_the_reference_is_asked_where_it_costs_least(epochs, known, chosen, said, capsys):
    settings = TrainSettings(num_train_epochs=epochs, lora_rank=8)
    cost = passes(10, known, 2, settings, 1)
    assert choose_reference(cost, settings) == chosen
    assert f"reference: {said}" in capsys.readouterr().err
    assert choose_reference(cost, replace(settings, reference_logps="live")) == "live"


def test_without_an_adapter_the_reference_is_kept():
    settings = TrainSettings(num_train_epochs=1, lora_rank=0)
    cost = passes(10, 0, 2, settings, 1)
    assert choose_reference(cost, settings) == "cached"
    with pytest.raises(InputError, match=r"lora_rank 0 the whole model.*set it to cached"):
        choose_reference(cost, replace(settings, reference_logps="live"))


@pytest.mark.parametrize("rank", [8, 0])
def test_a_run_does_what_was_chosen(rank, world, encoded, tmp_path):
    """Kept answers lie on disk; live ones leave nothing behind."""
    settings = TrainSettings(
        device="cpu", cache_dir=str(tmp_path / "c"), lora_rank=rank, num_train_epochs=1
    )
    train(encoded.pairs, world, str(world / "model"), tmp_path / "run", settings=settings)
    assert (tmp_path / "c/reference").exists() == (rank == 0)


def test_one_epoch_trains_the_same_with_and_without_the_cache(world, encoded, tmp_path):
    def run(name: str, **knobs) -> list[str]:
        settings = TrainSettings(
            device="cpu",
            cache_dir=str(tmp_path / name),
            per_device_train_batch_size=4,
            logging_steps=1,
            **knobs,
        )
        train(
            encoded.pairs, world, str(world / "model"), tmp_path / f"{name}-run", settings=settings
        )
        rows = map(json.loads, (tmp_path / f"{name}-run/log.jsonl").read_text().splitlines())
        return [row["loss"] for row in rows if "loss" in row]

    assert run("auto") == run("on", cache_features=True)
    assert not (tmp_path / "auto/features").exists()
    assert len(list((tmp_path / "on/features").rglob("*.bin"))) == 1


def test_one_reference_is_in_memory_at_a_time(world, encoded, tmp_path, monkeypatch):
    networks: list[weakref.ref] = []
    alive: list[int] = []
    load = references.load_policy

    def loading(*args, **options):
        alive.append(sum(network() is not None for network in networks))
        policy = load(*args, **options)
        networks.append(weakref.ref(policy.network))
        return policy

    monkeypatch.setattr(references, "load_policy", loading)
    settings = TrainSettings(
        references=(str(world / "model"),) * 3, cache_dir=str(tmp_path), device="cpu"
    )
    gc.disable()
    try:
        found = logps_of_references(encoded, settings, Processes())
    finally:
        gc.enable()
    assert len(found) == 3
    assert not (tmp_path / "features").exists(), "each of them hears a clip once"
    assert alive == [0, 0, 0]
    assert all(network() is None for network in networks)


def test_references_in_another_order_are_not_asked_again(world, encoded, tmp_path, monkeypatch):
    one, other = str(world / "model"), str(save_tiny(tmp_path / "other", seed=1))

    def asked(*names):
        settings = TrainSettings(references=names, cache_dir=str(tmp_path / "c"), device="cpu")
        return logps_of_references(encoded, settings, Processes())

    first, second = asked(one, other)
    assert first != second
    monkeypatch.setattr(frozen, "logps_of", None)  # what would run a policy
    assert asked(other, one) == [second, first]
    assert asked(one) == [first]
