"""Merge a trained adapter into a model folder that vLLM and transformers load."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch

from earmark import __version__
from earmark.errors import InputError, KnobError
from earmark.export.base_files import copy_base_files, keep_config, read_by_transformers_4
from earmark.export.loading import loading_of
from earmark.export.model_card import CARD, model_card, read_scores
from earmark.export.rounding import check_rounding, moved_of_whole
from earmark.export.run_facts import read_log
from earmark.policies.checkpoint.folder import SETTINGS, is_adapter
from earmark.policies.checkpoint.json_object import read_object
from earmark.policies.checkpoint.run_description import RUN, read_description
from earmark.policies.checkpoint.weights_hash import stored_folder, weights_hash
from earmark.policies.load import load_policy, model_path, stored_config
from earmark.policies.lora.merge import Moved, merge_lora
from earmark.policies.policy import Policy
from earmark.progress import note
from earmark.storage.atomic import atomic_folder, write_text

Dtype = Literal["stored", "float32", "bfloat16", "float16"]


def export(
    adapter: Path,
    out: Path,
    *,
    model: str | None = None,
    scores: Sequence[Path] = (),
    dtype: Dtype = "stored",
    allow_rounding: bool = False,
    trust_remote_code: bool = False,
) -> Path:
    """Write a whole model: weights, configuration, processor, card, run.json.

    The folder appears only when it is whole.

    Args:
        adapter: a run folder of `earmark train`: an adapter, or a whole model (`--lora-rank 0`).
        out: the folder to write; nothing may be there.
        model: the base; default: what the run was trained on.
        scores: what `earmark score --json` wrote, for the card.
        dtype: number type of the weights; stored: that of the base's files, or, of a whole model
            whose base is gone, its own.
        allow_rounding: write it also where rounding to that type leaves less than half of what
            was trained.
        trust_remote_code: run Python code that comes with the model.

    Raises:
        InputError: no adapter or model there, another base, bad scores, something in the way,
            weights that are not finite, or rounding that leaves too little.
        KnobError: a base is named for a model that is whole.
    """
    read = read_scores(list(scores))
    run = read_run(adapter)
    with atomic_folder(out) as folder:
        base, source = base_of(adapter, run, model)
        whole = not is_adapter(adapter)
        kept = dtype_of_base(base, source) if dtype == "stored" else dtype
        policy = load_policy(
            source,
            None if whole else str(adapter),
            dtype=kept,
            device="cpu",
            trust_remote_code=trust_remote_code,
            family=((run or {}).get("settings") or {}).get("model_family", ""),
        )
        if policy.facts.speech_lora is not None:
            note(
                f"{source}: its LoRA for speech becomes part of the weights; load the result as it "
                "is, without that LoRA. vLLM, which looks for it, has not been tried"
            )
        beside = base_folder(base, run) if whole else stored_folder(source)
        moved = None
        if not whole:
            moved = merge_lora(policy)
        elif beside is not None:
            moved = moved_of_whole(adapter, beside, kept)
        check_finite(policy, adapter, kept)
        if moved is not None:
            check_rounding(moved, adapter, kept, allowed=allow_rounding)
        write_model(policy, source, beside or adapter, folder, kept)
        described = {
            **(run or {}),
            "exported": facts_of_export(base, kept, merged=not whole, moved=moved),
        }
        write_text(folder / RUN, json.dumps(described, indent=2, ensure_ascii=False) + "\n")
        card = model_card(
            out.absolute().name,
            base,
            kept,
            run,
            read,
            loading=loading_of(policy),
            log=read_log(adapter),
        )
        write_text(folder / CARD, card)
    return out


def facts_of_export(base: str, dtype: str, *, merged: bool, moved: Moved | None) -> dict[str, Any]:
    """Return what run.json says of the export."""
    return {
        "earmark": __version__,
        "base": base,
        "merged": merged,
        "dtype": dtype,
        **({} if moved is None else {"share_left_by_rounding": round(moved.share, 4)}),
        "versions": {name: version(name) for name in ("torch", "transformers", "peft")},
    }


def read_run(adapter: Path) -> dict[str, Any] | None:
    """Read run.json; None if the adapter brings none.

    Raises:
        InputError: no such folder, a run that has not ended, or not JSON.
    """
    if not adapter.is_dir():
        raise InputError(f"{adapter}: no such folder; expected a run of `earmark train`")
    path = adapter / RUN
    if not path.is_file():
        note(f"{adapter}: no run.json here; the card cannot say how it was trained")
        return None
    run = read_description(path)
    if "settings" in run and not run.get("finished"):
        raise InputError(
            f"{adapter}: this run has not ended; run the same `earmark train` again to finish it"
        )
    return run


def base_of(adapter: Path, run: dict[str, Any] | None, model: str | None) -> tuple[str, str]:
    """Return the base's name, and the path or hub id from which weights are loaded.

    Raises:
        InputError: neither adapter nor model there, or the base is not known.
        KnobError: a base is named for a model that is whole.
    """
    trained_on = (run or {}).get("model", {}).get("name")
    if not is_adapter(adapter):
        if not (adapter / "config.json").is_file():
            raise InputError(
                f"{adapter}: neither an adapter (adapter_config.json) nor a model (config.json) "
                "here; expected a finished run of `earmark train`"
            )
        if model is not None:
            raise KnobError(f"--model {model}: {adapter} is a whole model and needs no base")
        return trained_on or str(adapter), str(adapter)
    settings, problem = read_object(adapter / SETTINGS)
    if problem:
        raise InputError(problem)
    base = model or trained_on or settings.get("base_model_name_or_path")
    if not base:
        raise InputError(f"{adapter}: it does not say on which model it was trained; say --model")
    return base, model_path(base)


def dtype_of_base(base: str, source: str) -> str:
    """Return the number type of the base's files, whatever that of a whole run's weights is.

    Args:
        base: the model that was trained.
        source: where weights are loaded from: the base, or the run if it is a whole model.
    """
    path = model_path(base)
    if path == source:
        return stored_dtype(source)
    own = stored_dtype(source)
    try:
        kept = stored_dtype(path)
    except InputError as error:
        note(f"{error}; so the weights keep the number type of the run, {own}")
        return own
    if kept != own:
        note(
            f"{source}: its weights, {own}, become {kept}, as the files of {base} are; "
            f"--dtype {own} keeps them as they were trained"
        )
    return kept


def stored_dtype(source: str) -> str:
    """Return the number type in which a model is stored; float32 if it does not say.

    Raises:
        InputError: its configuration cannot be read, or names another type.
    """
    named = named_dtype(stored_config(source)) or "float32"
    if named not in ("float32", "bfloat16", "float16"):
        raise InputError(f"{source}: its weights are {named}; say --dtype")
    return named


def named_dtype(config: dict[str, Any]) -> str | None:
    """Return the number type that a configuration names, or else one of its parts'.

    >>> named_dtype({"thinker_config": {"text_config": {"dtype": "bfloat16"}}})
    'bfloat16'
    """
    for name in ("dtype", "torch_dtype"):
        if config.get(name):
            return str(config[name])
    parts = (value for value in config.values() if isinstance(value, dict))
    return next((found for part in parts if (found := named_dtype(part))), None)


def check_finite(policy: Policy, adapter: Path, dtype: str) -> None:
    """Refuse a model, its adapter merged, that holds numbers which are not finite.

    Raises:
        InputError: names the first such weight.
    """
    for name, weight in policy.network.named_parameters():
        if not torch.isfinite(weight).all():
            range_ = ". If it did not, say --dtype bfloat16: float16 ends at 65504"
            raise InputError(
                f"{adapter}: {name} holds numbers that are not finite; the run has diverged. "
                "Train again with a smaller learning rate" + range_ * (dtype == "float16")
            )


def base_folder(base: str, run: dict[str, Any] | None) -> Path | None:
    """Return the folder of the model that a whole model was trained from, if it is still there.

    Its weights must have the hash that the run recorded.
    """
    folder = stored_folder(model_path(base))
    recorded = (run or {}).get("model", {}).get("weights")
    if folder is None or recorded is None or weights_hash(folder) != recorded:
        note(
            f"{base}: the model that was trained is not here as it was, so the tokenizer and the "
            "processor are the run's, and what rounding leaves of the training is not known"
        )
        return None
    return folder


def write_model(policy: Policy, source: str, beside: Path, folder: Path, dtype: str) -> None:
    """Write weights and configuration, and what the base has beside them, as it is.

    Args:
        policy: what is written.
        source: where it was loaded from, for messages.
        beside: the folder of the base, or of the run if the base is gone.
        folder: where it is written.
        dtype: number type of the weights.

    Raises:
        InputError: the library refuses to write it, or a file of the base leads elsewhere.
    """
    try:
        policy.network.save_pretrained(folder)
    except ValueError as error:
        raise InputError(f"{source}: cannot be saved again: {error}") from error
    copy_base_files(beside, folder)
    read_by_transformers_4(folder)
    keep_config(beside, folder, dtype)
