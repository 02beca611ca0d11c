"""Hashes that say if a cached number still belongs to these weights and this audio."""

import json
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

from earmark.errors import InputError
from earmark.policies.policy import Policy
from earmark.storage.digests import new_digest, of_file, of_values

# What a configuration says of where it came from, and not of the computation.
NO_MATTER = ("_name_or_path", "transformers_version")


def of_weights(module: nn.Module) -> str:
    """Hash names, types and values of all parameters and buffers of a module."""
    digest = new_digest()
    for name, tensor in module.state_dict().items():
        plain = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {plain.dtype} {tuple(plain.shape)}".encode())
        # As bytes, since numpy has no bfloat16; a number without axes has no such view.
        digest.update(
            plain.view(torch.uint8).numpy() if plain.dim() else repr(plain.item()).encode()
        )
    return digest.hexdigest()


@lru_cache(maxsize=100_000)
def of_unchanged_file(path: str, size: int, mtime_ns: int) -> str:
    """Hash a file once, as long as its size and time stay what they are."""
    return of_file(path)


def of_config(policy: Policy) -> str:
    """Hash the model's configuration, and the library that turns it into a computation."""
    config = policy.network.config.to_dict()
    settings = {name: config[name] for name in sorted(config) if name not in NO_MATTER}
    return of_values(json.dumps(settings, sort_keys=True, default=str), version("transformers"))


def of_hearing(policy: Policy) -> str:
    """Hash what turns a clip into tower states: feature extractor, weights, kernel, route."""
    extractor = getattr(policy, "extractor", None)
    return of_values(
        extractor.to_dict() if extractor is not None else {},
        [of_weights(part) for part in policy.hearing],
        of_config(policy),
        policy.device.type,
        type(policy).__name__,
        type(policy.processor).__name__,
        *policy.hearing_options,
    )


def check_owner(path: Path, of: str, here: str) -> None:
    """Refuse a line of a cache that was kept for others than its folder is named after.

    Raises:
        InputError: `of`, what the line belongs to, is not `here`, the folder's name.
    """
    if of != here:
        raise InputError(
            f"{path}: this cache belongs to other weights: it was kept for {of}, and copied to the "
            f"folder of {here}. Remove the file, or choose another --cache-dir"
        )


def of_policy(policy: Policy) -> str:
    """Hash what turns prompt, audio and answer into a log-probability."""
    return of_values(of_hearing(policy), of_weights(policy.model), type(policy).__name__)
