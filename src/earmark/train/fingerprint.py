"""Hashes that tell whether a cached number still belongs to these weights and this audio."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from earmark.policies.policy import Policy

DIGEST_BYTES = 16


def of_values(*values: Any) -> str:
    """Hash JSON values.

    >>> of_values("a", 1) == of_values("a", 1), of_values("a", 1) == of_values("a1")
    (True, False)
    """
    text = json.dumps(values, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


def of_file(path: str | Path) -> str:
    """Hash the bytes of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.blake2b(digest_size=DIGEST_BYTES)
        ).hexdigest()


def of_weights(module: nn.Module) -> str:
    """Hash names, types and values of all parameters and buffers of a module."""
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for name, tensor in module.state_dict().items():
        plain = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {plain.dtype} {tuple(plain.shape)}".encode())
        digest.update(
            plain.view(torch.uint8).numpy() if plain.dim() else repr(plain.item()).encode()
        )
    return digest.hexdigest()


def of_hearing(policy: Policy) -> str:
    """Hash what turns a clip into tower states: feature extractor, weights, kernel, route."""
    extractor = getattr(policy, "extractor", None)
    return of_values(
        extractor.to_dict() if extractor is not None else {},
        [of_weights(part) for part in policy.hearing],
        policy.device.type,
        type(policy).__name__,
        type(policy.processor).__name__,
    )


def of_policy(policy: Policy) -> str:
    """Hash what turns prompt, audio and answer into a log-probability."""
    return of_values(of_hearing(policy), of_weights(policy.model), type(policy).__name__)
