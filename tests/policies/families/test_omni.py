"""Of a whole Omni checkpoint the thinker alone is loaded: talker and vocoder are never trained."""

import pytest
import torch
import transformers

from earmark.errors import InputError
from earmark.policies.load import load_policy
from earmark.train.preflight.proofs import plain_logps
from family_models import build_policy
from tiny_world import messages, noise

WHOLE = {
    "qwen2_5_omni": (transformers.Qwen2_5OmniConfig, "Qwen2_5OmniForConditionalGeneration"),
    "qwen3_omni_moe": (transformers.Qwen3OmniMoeConfig, "Qwen3OmniMoeForConditionalGeneration"),
}


def save_whole(name, folder):
    """Save a whole checkpoint, its talker left out, round the thinker of a policy."""
    policy = build_policy(f"{name}_thinker")
    config, loader = WHOLE[name]
    thinker = policy.network.config.to_dict()
    whole = getattr(transformers, loader)(config(thinker_config=thinker, enable_audio_output=False))
    whole.thinker.load_state_dict(policy.network.state_dict())
    whole.save_pretrained(folder)
    policy.processor.feature_extractor.save_pretrained(folder)
    policy.tokenizer.save_pretrained(folder)
    return policy


@pytest.mark.parametrize("name", WHOLE)
@torch.no_grad()
def test_the_thinker_is_taken_out_of_a_whole_checkpoint(name, tmp_path, rng, monkeypatch):
    built = save_whole(name, tmp_path)
    # Its processor has eyes as well, which need torchvision; what hears needs none.
    monkeypatch.setattr(
        transformers.AutoProcessor, "from_pretrained", lambda *_, **__: built.processor
    )
    loaded = load_policy(str(tmp_path), device="cpu", dtype="float32")
    assert type(loaded.network) is type(built.network)
    assert loaded.facts == built.facts
    clip = noise(rng, 1.2)
    one, two = (plain_logps(p, messages(), [clip], ["the shop"]) for p in (built, loaded))
    torch.testing.assert_close(one, two)


def test_a_processor_that_lacks_a_package_says_which(tmp_path, monkeypatch):
    save_whole("qwen2_5_omni", tmp_path)

    def lacking(*_, **__):
        raise ImportError("Qwen2VLVideoProcessor requires the Torchvision library")

    monkeypatch.setattr(transformers.AutoProcessor, "from_pretrained", lacking)
    with pytest.raises(InputError, match="requires the Torchvision library"):
        load_policy(str(tmp_path))
