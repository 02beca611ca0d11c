"""Choose what is trained: a LoRA on the language model, or the language model as a whole."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from earmark.errors import InputError, KnobError
from earmark.policies.lora.fused_linear import take_one_step
from earmark.policies.lora.merge import shared_weights
from earmark.policies.policy import Policy


def freeze_hearing(policy: Policy) -> None:
    """Freeze tower and projector: preference pairs teach what to write, not how to hear."""
    for part in policy.frozen_by_default:
        part.requires_grad_(False)


def add_lora(policy: Policy, rank: int, alpha: int, targets: str | None = None) -> None:
    """Put a fresh LoRA on the language model's linear layers; all else is frozen.

    It has no dropout: answers that share a prompt would share its noise.

    Args:
        policy: changed in place; `policy.model` becomes the adapter.
        rank: rank of the update, at least 1.
        alpha: the update is scaled by alpha / rank.
        targets: regular expression for the whole names of the linear layers to put it on, and of
            the parameters of experts; None means the family's: the language model without experts.

    Raises:
        InputError: the expression matches no layer, or one that shares its weights.
        KnobError: it is not a regular expression.

    Source: Hu et al. 2021, arXiv 2106.09685.
    """
    chosen = targets or policy.lora_targets()
    layers, parameters = lora_places(policy.network, chosen)
    # Given an expression, peft 0.21 cuts it down to the last part of each name where a class has
    # experts: a tower whose layers are called alike would be adapted too.
    modules = layers if parameters or _experts(policy.network) else chosen
    settings = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=0.0,
        target_modules=modules,
        target_parameters=parameters or None,
    )
    with warnings.catch_warnings():
        # peft 0.21 asks for a property by the name that transformers 5.23 gave up.
        warnings.filterwarnings("ignore", ".is_gradient_checkpointing. is deprecated")
        policy.model = get_peft_model(policy.network, settings)
    # That card would say nothing of the run, which writes its own.
    policy.model.create_or_update_model_card = lambda output_dir: None  # type: ignore[method-assign]
    take_one_step(policy.model)


@contextmanager
def without_adapter(model: nn.Module) -> Iterator[None]:
    """Switch the adapter off for a while: what is left is the policy as it started.

    Raises:
        TypeError: the model has no adapter, so it is no frozen reference of itself.
    """
    if not isinstance(model, PeftModel):
        raise TypeError("a policy that is trained as a whole cannot be its own reference")
    # peft's own switch also freezes the adapter, which FSDP2 takes for a model without training.
    layers = [module for module in model.modules() if isinstance(module, BaseTunerLayer)]
    for layer in layers:
        layer._disable_adapters = True
    try:
        yield
    finally:
        for layer in layers:
            layer._disable_adapters = False


def lora_places(network: nn.Module, targets: str) -> tuple[list[str], list[str]]:
    """Return the linear layers, and the parameters of experts, whose whole names match.

    Raises:
        InputError: there is none, or one shares its weights with another layer.
        KnobError: not a regular expression.
    """
    layers = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    try:
        matches = re.compile(targets).fullmatch
    except re.error as error:
        raise KnobError(
            f"lora_targets '{targets}' is not a regular expression: {error}; expected one for "
            f"whole names, such as {_an_attention_layer(layers)}"
        ) from error
    found = [name for name in layers if matches(name)]
    parameters = [name for name in _experts(network) if matches(name)]
    if not found and not parameters:
        raise InputError(
            f"lora_targets '{targets}' matches no layer of {type(network).__name__}; expected a "
            f"regular expression for whole names, such as {_an_attention_layer(layers)}"
        )
    tied = sorted(shared_weights(network) & {*found})
    if tied:
        raise InputError(
            f"lora_targets '{targets}' matches {tied[0]}, which shares its weights with the "
            "embedding of tokens, so that the adapter could not be merged; leave it out, as in "
            f"{_an_attention_layer(layers)}"
        )
    return found, parameters


def _an_attention_layer(layers: Sequence[str]) -> str:
    """Return an expression for the last layer of attention, as an example."""
    of_attention = [name for name in layers if "attn" in name or "attention" in name]
    return re.escape((of_attention or layers)[-1])


def _experts(network: nn.Module) -> list[str]:
    """Name the parameters that hold one matrix for each expert."""
    every = network.named_parameters()
    return [name for name, value in every if value.dim() == 3 and ".experts." in name]


def disable_dropout(model: nn.Module) -> None:
    """Set every dropout to 0: in modules, in attention, and where a layer keeps it as a number.

    The noise that routers of experts add while training is set to 0 as well.
    """
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        numbers = [name for name, value in vars(module).items() if isinstance(value, float)]
        for name in numbers:
            if "dropout" in name or "jitter" in name or name == "layerdrop":
                setattr(module, name, 0.0)
