"""Turn a language model's GGUF file into a model folder of transformers, with float32 weights."""

import tempfile
from importlib.util import find_spec
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from earmark.errors import InputError


def check_reader() -> None:
    """Refuse to download what could not be read.

    Raises:
        InputError: the package `gguf` is not installed.
    """
    if find_spec("gguf") is None:
        raise InputError(
            "a GGUF file is read by the package 'gguf', which is not installed: "
            "pip install --no-deps gguf"
        )


def save_as_folder(raw: bytes, folder: Path) -> None:
    """Write weights, configuration and tokenizer of a GGUF file into a folder.

    Args:
        raw: the whole file.
        folder: where they are written; it is there.
    """
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary, "model.gguf")
        file.write_bytes(raw)
        tokenizer = AutoTokenizer.from_pretrained(temporary, gguf_file=file.name)
        model = AutoModelForCausalLM.from_pretrained(
            temporary, gguf_file=file.name, dtype=torch.float32
        )
        unquantized(model).save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def unquantized(model: PreTrainedModel) -> PreTrainedModel:
    """Return a model whose configuration no longer says that its weights are in blocks of bits.

    They are plain numbers once they are read; a folder that says otherwise could not be loaded.
    """
    for name in ("quantization_config", "_pre_quantization_dtype"):
        if hasattr(model.config, name):
            delattr(model.config, name)
    model.is_quantized = False
    model.hf_quantizer = None
    return model
