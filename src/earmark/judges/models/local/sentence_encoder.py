"""Sentence embeddings by any encoder of transformers: the mean of its last states."""

from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from earmark.errors import InputError, KnobError
from earmark.judges.models.local.classifier import checked_folder, number_type_of
from earmark.policies.checkpoint.library_errors import one_message
from earmark.policies.checkpoint.weights_hash import weights_hash
from earmark.policies.load import device_of


def _load(folder: Path, dtype: torch.dtype) -> Any:
    """Return an encoder, and what the library says of its tensors."""
    return AutoModel.from_pretrained(
        folder,
        dtype=dtype,
        use_safetensors=True,
        trust_remote_code=False,
        output_loading_info=True,
    )


class SentenceEncoder:
    """An encoder of texts.

    Raises:
        InputError: not a whole model.
        KnobError: no such device or number type, or a batch of nothing.
    """

    def __init__(self, path: str, device: str, dtype: str, batch_size: int) -> None:
        if batch_size < 1:
            raise KnobError(f"batch_size is {batch_size}; expected 1 or more")
        folder, where = checked_folder(path), device_of(device)
        with one_message(path, "loaded as an encoder"):
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
            self._network, found = _load(folder, number_type_of(dtype))
        # A pooler is not used, and many checkpoints have none.
        missing = sorted(name for name in found["missing_keys"] if "pooler" not in name)
        if missing:
            raise InputError(
                f"{path}: the weights lack {missing[0]} and would be filled with random numbers; "
                "expected a whole encoder"
            )
        self._network.to(where).eval()
        self._inputs = signature(self._network.forward).parameters
        self._batch_size = batch_size
        self.weights = weights_hash(folder)

    @torch.no_grad()
    def encode(self, texts: list[str]) -> NDArray[np.float64]:
        """Return the mean of the last states of each text: [text, dimension]."""
        found = []
        for start in range(0, len(texts), self._batch_size):
            few = texts[start : start + self._batch_size]
            made = self._tokenizer(few, padding=True, return_tensors="pt")
            inputs = {k: v.to(self._network.device) for k, v in made.items() if k in self._inputs}
            states = self._network(**inputs).last_hidden_state.float()  # [text, token, dimension]
            real = inputs["attention_mask"][..., None].float()
            found.append(((states * real).sum(1) / real.sum(1)).cpu().double().numpy())
        return np.concatenate(found)
