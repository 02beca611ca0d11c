"""Put a stored adapter on a model, every tensor of it.

peft ignores tensors whose names match no layer and leaves layers without tensors as they are, so
that an adapter of another class, or a part of one, would be loaded as the base model.
"""

import warnings
from pathlib import Path
from typing import Any

from peft import PeftConfig, PeftModel, set_peft_model_state_dict
from peft.utils import load_peft_weights

from earmark.errors import InputError
from earmark.policies.checkpoint.library_errors import one_message
from earmark.policies.lora.fused_linear import take_one_step
from earmark.policies.lora.names import own_names, own_targets

SHOWN = 3


def put_on(network: Any, folder: Path, *, base: str, name: str = "default") -> PeftModel:
    """Wrap a model in an adapter that was trained on it; the adapter is not trained further.

    Args:
        network: the model, changed in place; it may be without numbers.
        folder: the adapter's, checked before.
        base: the model's name, for messages.
        name: what the adapter is called.

    Raises:
        InputError: it does not fit the model, or a tensor of it is not used, or one is missing.
    """
    with warnings.catch_warnings(), one_message(str(folder), f"put on {base} as an adapter"):
        # peft 0.21 asks for a property by the name that transformers 5.23 gave up.
        warnings.filterwarnings("ignore", ".is_gradient_checkpointing. is deprecated")
        settings: Any = PeftConfig.from_pretrained(str(folder))
        settings.inference_mode = True
        settings.target_modules = own_targets(network, settings.target_modules)
        stored = load_peft_weights(str(folder), device="cpu")
        names = own_names(network, stored)
        tensors = {own: stored[name] for name, own in names.items()}
        is_bare = network.device.type == "meta"
        model = PeftModel(network, settings, adapter_name=name, low_cpu_mem_usage=is_bare)
        report: Any = set_peft_model_state_dict(
            model, tensors, adapter_name=name, low_cpu_mem_usage=is_bare
        )
    called = {own: name for name, own in names.items()}
    unused = [_without(name, key) for key in report.unexpected_keys]
    _refuse_unused(folder, base, [called.get(key, key) for key in unused], len(stored))
    _refuse_missing(folder, [_without(name, k) for k in report.missing_keys if ".lora_" in k])
    take_one_step(model)
    model.eval()
    return model


def _without(adapter: str, key: str) -> str:
    return key.replace(f".{adapter}", "")


def _refuse_unused(folder: Path, base: str, unused: list[str], count: int) -> None:
    """Refuse an adapter of which a tensor is not used.

    Raises:
        InputError: names the first ones, as its file does.
    """
    if unused:
        raise InputError(
            f"{folder}: {len(unused)} of the {count} tensors of this adapter match no layer of "
            f"{base}: {_some(unused)}. It was trained on another class or other layers; load it on "
            "the model that it was trained on, or rename its tensors to the names of that model"
        )


def _refuse_missing(folder: Path, missing: list[str]) -> None:
    """Refuse an adapter that lacks a tensor of a layer which its settings name.

    Raises:
        InputError: names the first ones.
    """
    if missing:
        raise InputError(
            f"{folder}: the file of this adapter lacks {_some(missing)}, a layer that its "
            "target_modules name; copy the whole folder again"
        )


def _some(names: list[str]) -> str:
    first, more = sorted(names)[:SHOWN], len(names) - SHOWN
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")
