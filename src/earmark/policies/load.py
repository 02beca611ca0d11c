"""Load a policy from a model directory or a hub id: safetensors only, no remote code."""

import warnings
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
import transformers
from peft import PeftModel
from transformers import AutoConfig, AutoProcessor, PreTrainedConfig

from earmark.errors import InputError
from earmark.policies.checkpoint.folder import SETTINGS, check_model_dir
from earmark.policies.checkpoint.hub_name import hub_name
from earmark.policies.checkpoint.weights_hash import check_base
from earmark.policies.families.choose import check_supported, family_of
from earmark.policies.hub_files import fetch
from earmark.policies.kernels.rms_norm import take_torch_norms
from earmark.policies.lora.fused_linear import take_one_step
from earmark.policies.lora.speech_lora import merge_speech_lora
from earmark.policies.policy import Policy
from earmark.policies.weight_files import adapter_weights
from earmark.prompting.families import FACTS

SHIPPED = {"tiny-base": "assets/tiny-base"}

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def model_path(model: str) -> str:
    """Turn the name of a shipped model into its folder; leave any other name as it is.

    >>> model_path("Qwen/Qwen2-Audio-7B-Instruct")
    'Qwen/Qwen2-Audio-7B-Instruct'
    """
    if model in SHIPPED and not Path(model).exists():
        return str(files("earmark").joinpath(SHIPPED[model]))
    return model


def load_policy(
    model: str,
    adapter: str | None = None,
    *,
    dtype: str = "auto",
    device: str = "auto",
    trust_remote_code: bool = False,
) -> Policy:
    """Load a model and its processor as a policy, on the GPU when there is one.

    Args:
        model: a folder, a hub id (NAME or NAME@REVISION), or `tiny-base`, the model that ships
            with Earmark.
        adapter: a folder with a PEFT adapter that was trained on this model.
        dtype: `float32`, `bfloat16`, `float16`, or `auto`: bfloat16 on a GPU, else float32.
        device: `cpu`, `cuda`, ... or `auto`.
        trust_remote_code: run Python code that comes with the model.

    Raises:
        InputError: the folder is not a whole model, the family is unknown, or the adapter
            belongs to another model.
    """
    path = model_path(model)
    hub, folder = hub_name(path), checked_folder(path)
    options: dict[str, Any] = {"trust_remote_code": trust_remote_code}
    if not Path(path).is_dir():
        # The commit that was checked, whatever the branch is by now.
        options["revision"] = folder.name
    try:
        family = family_of(AutoConfig.from_pretrained(hub.name, **options), path)
        processor = AutoProcessor.from_pretrained(hub.name, **options)
        network = _load_network(family.loader, hub.name, {**options, "dtype": _dtype(dtype)})
    except (OSError, ValueError, AttributeError, KeyError, ImportError) as error:
        if "trust_remote_code" in str(error):
            raise InputError(
                f"{path}: this model comes with Python code of its own, which can do anything on "
                "this machine; read it, and pass --trust-remote-code to run it"
            ) from error
        raise InputError(f"{path}: cannot be loaded as a model: {error}") from error
    if family.facts.speech_lora is not None:
        merge_speech_lora(network, folder, family.facts.speech_lora)
    network.to(_device(device))
    if network.device.type == "cuda":
        take_torch_norms(network)
    policy = family.policy(network, processor, family.facts)
    if adapter is not None:
        policy.model = load_adapter(network, Path(adapter), path)
    policy.model.eval()
    return policy


def checked_folder(path: str) -> Path:
    """Return the folder of a model, fetched from the hub if need be, after it was checked.

    Raises:
        InputError: it is not a whole model, or a family that is not supported.
    """
    folder = Path(path)
    if folder.is_dir():
        check_model_dir(folder)
    elif path.startswith((".", "/", "~")):
        raise InputError(f"{path}: no such model folder")
    config = stored_config(path)
    # Before any code that comes with the model is asked for.
    check_supported(config, path)
    if folder.is_dir():
        return folder
    facts = FACTS.get(config.get("model_type", ""))
    folder = fetch(path, facts.speech_lora if facts else None)
    check_model_dir(folder)
    return folder


def stored_config(path: str) -> dict[str, Any]:
    """Return what a model's `config.json` holds.

    Raises:
        InputError: it cannot be read.
    """
    hub = hub_name(path)
    try:
        return PreTrainedConfig.get_config_dict(hub.name, **hub.where)[0]
    except OSError as error:
        raise InputError(f"{path}: its configuration cannot be read: {error}") from error


def _load_network(loader: str, name: str, options: dict[str, Any]) -> Any:
    """Load a model with the attention that takes a mask, or with its own if it has no such."""
    load = getattr(transformers, loader).from_pretrained
    try:
        return load(name, attn_implementation="sdpa", use_safetensors=True, **options)
    except ValueError as error:
        if "scaled_dot_product_attention" not in str(error):
            raise
        return load(name, use_safetensors=True, **options)


def load_adapter(network: Any, folder: Path, base: str) -> PeftModel:
    """Put a trained adapter on its base model.

    Raises:
        InputError: no adapter there, weights that are not safetensors, or another base model.
    """
    settings = folder / SETTINGS
    if not settings.is_file() or not (folder / "adapter_model.safetensors").is_file():
        raise InputError(
            f"{folder}: no adapter here; expected adapter_config.json and "
            "adapter_model.safetensors, which `earmark train --lora-rank N` writes. A run with "
            "--lora-rank 0 is a whole model: give it as --model"
        )
    adapter_weights(folder)
    check_base(folder, base)
    with warnings.catch_warnings():
        # peft 0.21 asks for a property by the name that transformers 5.23 gave up.
        warnings.filterwarnings("ignore", ".is_gradient_checkpointing. is deprecated")
        model = PeftModel.from_pretrained(network, str(folder), use_safetensors=True)
    take_one_step(model)
    return model


def _dtype(name: str) -> torch.dtype:
    if name == "auto":
        return torch.bfloat16 if torch.cuda.is_available() else torch.float32
    if name not in DTYPES:
        raise InputError(f"dtype '{name}' is unknown; expected auto, {', '.join(DTYPES)}")
    return DTYPES[name]


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)
