"""`earmark export`: make a whole model of a trained adapter."""

from pathlib import Path
from typing import Literal

from earmark.cli.startup.later import later
from earmark.progress import note

run_export = later("earmark.export.merge:export")


def export(
    *,
    adapter: Path,
    out: Path,
    model: str | None = None,
    scores: list[Path] | None = None,
    dtype: Literal["stored", "float32", "bfloat16", "float16"] = "stored",
    allow_rounding: bool = False,
    trust_remote_code: bool = False,
) -> None:
    """Merge a trained adapter into a model folder that vLLM and transformers load.

    The folder has weights (safetensors), configurations, processor, a model card (README.md)
    and run.json; it appears only when it is whole. `earmark train --model OUT` starts a new
    adapter from it.

    Args:
        adapter: a run folder of `earmark train`: an adapter, or a whole model (--lora-rank 0).
        out: the folder to write; nothing may be there.
        model: the base, a folder or hub id (NAME or NAME@REVISION); default: what the run was
            trained on.
        scores: what `earmark score --json FILE` wrote, for the table of the card; repeat it, and
            name the files as the rows should be named.
        dtype: number type of the weights; stored: that of the base's files.
        allow_rounding: write the model also where rounding to its number type leaves less than
            half of what was trained; --dtype float32 keeps all of it.
        trust_remote_code: run Python code that comes with the model.
    """
    folder = run_export(
        adapter,
        out,
        model=model,
        scores=scores or [],
        dtype=dtype,
        allow_rounding=allow_rounding,
        trust_remote_code=trust_remote_code,
    )
    note(f"{folder}: done; next: earmark transcribe --model {folder} ..., or vllm serve {folder}")
