"""What the caches give back belongs to these weights, this configuration and this sound."""

import shutil

import numpy as np
import pytest
import torch

from earmark.errors import InputError
from earmark.policies.lora.adapt import disable_dropout, freeze_hearing
from earmark.policies.policy import SharedBatch
from earmark.speech.audio import write_audio
from earmark.train.cache.features import FeatureCache
from earmark.train.cache.fingerprint import of_hearing, of_policy
from earmark.train.cache.reference import ReferenceCache
from earmark.train.data.clip import ClipRef
from earmark.train.data.token_budget import AudioTokens
from earmark.train.preflight.costs import in_words
from tiny_world import noise, tiny_policy


@pytest.fixture(scope="module")
def policy():
    return tiny_policy()


def states(rows: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(rows, 5, generator=torch.Generator().manual_seed(seed)).to(dtype)


def test_what_was_kept_comes_back_to_every_process(tmp_path, policy, monkeypatch):
    monkeypatch.setattr("earmark.train.cache.features.SHARD_BYTES", 200)
    one, two = FeatureCache(tmp_path, policy), FeatureCache(tmp_path, policy)
    kept = {f"a{i}": states(3 + i, i) for i in range(4)} | {"b": states(2, 9, torch.bfloat16)}
    for key, value in kept.items():
        (one if key != "a1" else two).add(key, value)
    assert one.get("a1") is None, "another process's, not read yet"
    one.read()
    for cache in (one, FeatureCache(tmp_path, policy)):
        for key, value in kept.items():
            torch.testing.assert_close(cache.get(key), value, rtol=0, atol=0)
    assert len(list(one.folder.glob("*.bin"))) > 2, "shards of a limited size"


def test_bytes_that_are_damaged_or_gone_are_heard_again(tmp_path, policy, capsys):
    cache = FeatureCache(tmp_path, policy)
    cache.add("a", states(3, 1))
    cache.add("b", states(3, 2))
    (data,) = cache.folder.glob("*.bin")
    raw = bytearray(data.read_bytes())
    raw[7] ^= 1
    data.write_bytes(raw)
    again = FeatureCache(tmp_path, policy)
    assert again.get("a") is None
    assert "bin: damaged, cut off or gone; its clips are heard again" in capsys.readouterr().err
    assert again.get("b") is not None
    data.write_bytes(raw[:70])
    assert FeatureCache(tmp_path, policy).get("b") is None
    data.unlink()
    assert FeatureCache(tmp_path, policy).get("b") is None
    (index,) = cache.folder.glob("*.index.jsonl")
    index.write_text(index.read_text() + '{"key": "torn", "sh')
    assert "torn" not in FeatureCache(tmp_path, policy)


def test_lines_of_another_shape_are_no_answers(tmp_path):
    cache = ReferenceCache(tmp_path, "p")
    cache.add({"x": [[-1.0], [-2.0, -3.0]]})
    (path,) = cache.folder.glob("*.jsonl")
    path.write_text(path.read_text() + '{"key": 3}\n[1]\n{"key": "y", "logps": 4}\n{"ke')
    again = ReferenceCache(tmp_path, "p")
    assert again.get("x") == cache.get("x") == [[-1.0], [-2.0, -3.0]]
    assert again.get("y") is None
    assert len(again) == 1
    assert len(ReferenceCache(tmp_path, "q")) == 0


def test_a_number_that_was_changed_is_computed_again(tmp_path, capsys):
    """Whatever bit of a row is another, its log-probabilities are never used."""
    cache = ReferenceCache(tmp_path, "p")
    cache.add({"x": [[-1.25], [-2.0, -3.0]], "y": [[-4.0], [-5.0]]})
    (path,) = cache.folder.glob("*.jsonl")
    raw = path.read_bytes()
    first = raw.index(b"\n")
    for at in range(first):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        again = ReferenceCache(tmp_path, "p")
        assert again.get("x") is None, raw[:at]
        assert again.get("y") == [[-4.0], [-5.0]]
    told = "jsonl: 1 row is damaged, or of an earlier version of Earmark; their reference is"
    assert told in capsys.readouterr().err
    again.add({"x": [[-1.25], [-2.0, -3.0]]})
    assert ReferenceCache(tmp_path, "p").get("x") == [[-1.25], [-2.0, -3.0]]


def test_an_index_that_was_changed_is_not_followed(tmp_path, policy, capsys):
    """States of another shape may have as many numbers, and the right checksum."""
    cache = FeatureCache(tmp_path, policy)
    cache.add("a", states(3, 1))
    (path,) = cache.folder.glob("*.index.jsonl")
    text = path.read_text()
    assert '"shape": [3, 5]' in text
    for wrong in ("[5, 3]", "[15, 1]", "[3]", "3", "[-3, -5]"):
        path.write_text(text.replace("[3, 5]", wrong))
        assert FeatureCache(tmp_path, policy).get("a") is None
    path.write_text(text.replace("float32", "no_type"))
    assert FeatureCache(tmp_path, policy).get("a") is None
    told = "index.jsonl: 1 row is damaged, or of an earlier version of Earmark; their clips are"
    assert told in capsys.readouterr().err


def test_files_copied_from_other_weights_are_refused_by_name(tmp_path, policy):
    other = tiny_policy(seed=1)
    features = [FeatureCache(tmp_path, each) for each in (policy, other)]
    features[1].add("a", states(3))
    shutil.copytree(features[1].folder, features[0].folder)
    with pytest.raises(InputError, match=r"index\.jsonl: this cache belongs to other weights.*Rem"):
        FeatureCache(tmp_path, policy)
    assert "a" in FeatureCache(tmp_path, other)
    asked = [ReferenceCache(tmp_path, of_policy(each)) for each in (policy, other)]
    asked[1].add({"x": [[-1.0], [-2.0]]})
    shutil.copytree(asked[1].folder, asked[0].folder)
    with pytest.raises(InputError, match=r"jsonl: this cache belongs to other weights.*Remove"):
        ReferenceCache(tmp_path, of_policy(policy))


def test_a_frozen_tower_hears_in_training_as_it_does_outside():
    """Some towers draw at random while they train, dropout apart."""
    policy = tiny_policy()
    clip = policy.features(noise(np.random.default_rng(0), 1.0))
    for trains in (True, False):
        policy.tower.requires_grad_(trains)
        policy.model.train()
        policy.hear(SharedBatch(None, [clip]))
        assert {module.training for module in policy.tower.modules()} == {trains}
        freeze_hearing(policy)


def test_another_configuration_is_another_policy():
    one, two = tiny_policy(), tiny_policy()
    assert of_policy(one) == of_policy(two)
    two.network.config.text_config.rope_theta = 77.0
    assert of_policy(one) != of_policy(two)
    assert of_hearing(one) != of_hearing(two)


def test_a_clip_is_known_by_its_content(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        write_audio(tmp_path / f"{name}.wav", noise(rng, 1.0))
    (tmp_path / "c.wav").write_bytes((tmp_path / "a.wav").read_bytes())
    key = {name: ClipRef(str(tmp_path / f"{name}.wav")).key() for name in ("a", "b", "c")}
    assert key["a"] == key["c"] != key["b"]
    assert ClipRef(str(tmp_path / "a.wav"), 0.0, 0.5).key() != key["a"]
    write_audio(tmp_path / "a.wav", noise(rng, 1.5))
    assert ClipRef(str(tmp_path / "a.wav")).key() != key["a"], "written anew"


def test_tokens_of_a_length_are_those_of_a_clip(policy):
    tokens = AudioTokens(policy)
    for length in (0.3, 1.04, 2.0, 3.0):
        clip = noise(np.random.default_rng(0), length)
        exact = policy.audio_tokens(policy.features(clip))
        assert exact <= tokens(length) <= exact + 2
        assert exact == len(policy.encode(policy.features(clip)))


def test_dropout_is_off_wherever_a_layer_keeps_it():
    class Layer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.dropout, self.activation_dropout, self.layerdrop = 0.1, 0.2, 0.3
            self.jitter_noise = 0.1
            self.scale, self.inner = 0.5, torch.nn.Dropout(0.4)

    layer = Layer()
    disable_dropout(layer)
    assert (layer.dropout, layer.activation_dropout, layer.layerdrop) == (0, 0, 0)
    assert layer.jitter_noise == 0
    assert (layer.scale, layer.inner.p) == (0.5, 0)


def test_sizes_are_readable():
    assert [in_words(x) for x in (900, 12_340_000, 2.5e9)] == ["0.9 kB", "12.3 MB", "2.5 GB"]


@pytest.mark.parametrize("module", ["train.cache.features", "storage.append"])
def test_a_full_disk_is_an_error_that_says_what_to_do(tmp_path, policy, monkeypatch, module):
    def full(*_, **__):
        raise OSError(28, "full")

    cache = FeatureCache(tmp_path, policy)
    monkeypatch.setattr(f"earmark.{module}.open", full, raising=False)
    with pytest.raises(InputError, match=r"cannot be written: full; free some space.*cache.dir"):
        cache.add("a", states(2))
    assert "a" not in cache
