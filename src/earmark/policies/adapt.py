"""Choose what is trained: a LoRA on the language model, or the language model as a whole."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from earmark.policies.policy import Policy


def freeze_hearing(policy: Policy) -> None:
    """Freeze tower and projector: preference pairs teach what to write, not how to hear."""
    for part in policy.frozen_by_default:
        part.requires_grad_(False)


def add_lora(policy: Policy, rank: int, alpha: int) -> None:
    """Put a fresh LoRA on the language model's linear layers; all else is frozen.

    It has no dropout: answers that share a prompt would share its noise.

    Args:
        policy: changed in place; `policy.model` becomes the adapter.
        rank: rank of the update, at least 1.
        alpha: the update is scaled by alpha / rank.

    Source: Hu et al. 2021, arXiv 2106.09685.
    """
    settings = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=0.0, target_modules=policy.lora_targets()
    )
    with warnings.catch_warnings():
        # peft 0.21 asks for a property by the name that transformers 5.23 gave up.
        warnings.filterwarnings("ignore", ".is_gradient_checkpointing. is deprecated")
        policy.model = get_peft_model(policy.network, settings)


@contextmanager
def without_adapter(model: nn.Module) -> Iterator[None]:
    """Switch the adapter off for a while: what is left is the policy as it started.

    Raises:
        TypeError: the model has no adapter, so it is no frozen reference of itself.
    """
    if not isinstance(model, PeftModel):
        raise TypeError("a policy that is trained as a whole cannot be its own reference")
    with model.disable_adapter():
        yield


def disable_dropout(model: nn.Module) -> None:
    """Set every dropout to 0, in modules and in attention."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if hasattr(module, "attention_dropout"):
            module.attention_dropout = 0.0  # type: ignore[assignment]
