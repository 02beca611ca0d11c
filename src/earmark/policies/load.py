"""Load a policy from a model directory or a hub id: safetensors only, no remote code."""

from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from transformers import AutoConfig, AutoProcessor, GenerationConfig, PreTrainedConfig

from earmark.errors import InputError, KnobError
from earmark.policies.checkpoint.folder import check_adapter_dir, check_model_dir
from earmark.policies.checkpoint.hub_files import fetch
from earmark.policies.checkpoint.hub_name import hub_name
from earmark.policies.checkpoint.library_errors import one_message
from earmark.policies.checkpoint.stored_tensors import stored_tensors
from earmark.policies.checkpoint.weight_files import weight_files
from earmark.policies.checkpoint.weights_hash import check_base
from earmark.policies.checks.complete import bare_network, with_sdpa
from earmark.policies.checks.one_second import check_features, check_hearing
from earmark.policies.checks.tokenizer_fits import check_tokenizer_and_template
from earmark.policies.device_name import check_device_name
from earmark.policies.families.choose import check_supported, family_of, own_family
from earmark.policies.families.table import Family
from earmark.policies.kernels.rms_norm import take_torch_norms
from earmark.policies.lora.put_on import put_on
from earmark.policies.lora.speech_lora import merge_speech_lora
from earmark.policies.policy import Policy
from earmark.prompting.families import FACTS

GENERATION = "generation_config.json"
SHIPPED = {"tiny-base": "assets/tiny-base"}

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def model_path(model: str) -> str:
    """Turn the name of a shipped model into its folder; leave any other name as it is.

    Raises:
        InputError: a file or a pipe of that name.

    >>> model_path("Qwen/Qwen2-Audio-7B-Instruct")
    'Qwen/Qwen2-Audio-7B-Instruct'
    """
    if model in SHIPPED and not Path(model).exists():
        return str(files("earmark").joinpath(SHIPPED[model]))
    if Path(model).exists() and not Path(model).is_dir():
        raise InputError(f"{model}: not a folder; expected a model folder or a hub id")
    return model


def load_policy(
    model: str,
    adapter: str | None = None,
    *,
    dtype: str = "auto",
    device: str = "auto",
    trust_remote_code: bool = False,
    family: str | Family = "",
    silence_s: float | None = None,
    language: str = "",
) -> Policy:
    """Load a model and its processor as a policy, on the GPU when there is one.

    Args:
        model: a folder, a hub id (NAME or NAME@REVISION), or `tiny-base`, the model that ships
            with Earmark.
        adapter: a folder with a PEFT adapter that was trained on this model.
        dtype: `float32`, `bfloat16`, `float16`, or `auto`: bfloat16 on a GPU, else float32.
        device: `cpu`, `cuda`, ... or `auto`.
        trust_remote_code: run Python code that comes with the model.
        family: how the model is adapted, instead of by its `model_type`: a name of FAMILIES,
            `module:name`, or a Family of your own. It is proven before training like any other.
        silence_s: seconds of silence that are heard after each clip, where a family can choose;
            default: its own.
        language: what prompts name in training where they name none: `zh` or `en`.

    Raises:
        InputError: the folder is not a whole model, the family is unknown, or the adapter
            belongs to another model.
        KnobError: there is no family of that name, or it has no choice of silence or language.
    """
    path, number_type, where = model_path(model), _dtype(dtype), device_of(device)
    parts = read_parts(path, trust_remote_code, family)
    if adapter is not None:
        check_adapter(parts, Path(adapter), path)
    chosen = parts.family
    if language or silence_s is not None:
        # Before the weights are loaded, which may take minutes.
        _choose(chosen.policy(parts.bare, parts.processor, chosen.facts), silence_s, language)
    with one_message(path, "loaded as a model"):
        load = getattr(transformers, chosen.loader).from_pretrained
        kept = {**parts.options, "dtype": number_type, "use_safetensors": True}
        network = with_sdpa(partial(load, parts.name, **kept))
    if chosen.facts.speech_lora is not None:
        merge_speech_lora(network, parts.folder, chosen.facts.speech_lora)
    if number_type is torch.float16:
        _check_range(network, path)
    network.to(where)
    if network.device.type == "cuda":
        take_torch_norms(network)
    policy = chosen.policy(network, parts.processor, chosen.facts)
    _choose(policy, silence_s, language)
    if adapter is not None:
        policy.model = put_on(network, Path(adapter), base=path)
    policy.model.eval()
    check_hearing(policy, path)
    return policy


def _choose(policy: Policy, silence_s: float | None, language: str) -> None:
    """Set what is heard after clips and named in prompts.

    Raises:
        KnobError: the family has no such choice.
    """
    if silence_s is not None:
        policy.hear_silence(silence_s)
    if language:
        policy.prefill = policy.opening(language)


class Parts(NamedTuple):
    """What is known of a model before its weights are loaded.

    Attributes:
        folder: where its files are: its own, or its snapshot in the hub's cache.
        name: by which the library loads it.
        options: what the library takes beside the name.
        family: how it is adapted.
        processor: its processor, or its tokenizer if it does not hear.
        bare: its network without numbers, on the meta device.
    """

    folder: Path
    name: str
    options: dict[str, Any]
    family: Family
    processor: Any
    bare: Any


def read_parts(path: str, trust_remote_code: bool = False, family: str | Family = "") -> Parts:
    """Check a model as a whole without loading its weights; return what was read on the way.

    The files, then the configuration, the processor, the tensors against those of the class, the
    tokenizer against the embeddings, and one prompt.

    Raises:
        InputError: the first thing that is wrong, with its file.
        KnobError: there is no family of that name.
    """
    named = own_family(family) if family else None
    folder, name = checked_folder(path, named), hub_name(path).name
    options: dict[str, Any] = {"trust_remote_code": trust_remote_code}
    if not Path(path).is_dir():
        # The commit that was checked, whatever the branch is by now.
        options["revision"] = folder.name
    with one_message(f"{folder / 'config.json'}", "read as a model's configuration"):
        config = AutoConfig.from_pretrained(name, **options)
        chosen = named or family_of(config, path)
    with one_message(path, "used: its tokenizer or processor files cannot be read"):
        processor = AutoProcessor.from_pretrained(name, **options)
    tensors = [tensor for _, tensor in stored_tensors(weight_files(folder)).values()]
    with one_message(path, "built as its config.json says"):
        bare = bare_network(chosen.loader, name, config, tensors, options)
    if (folder / GENERATION).is_file():
        with one_message(f"{folder / GENERATION}", "read as settings of generation"):
            bare.generation_config = GenerationConfig.from_pretrained(folder)
    with one_message(path, "used"):
        policy = chosen.policy(bare, processor, chosen.facts)
        check_tokenizer_and_template(policy, path, folder)
    check_features(policy, path)
    return Parts(folder, name, options, chosen, processor, bare)


def checked_folder(path: str, family: Family | None = None) -> Path:
    """Return the folder of a model, fetched from the hub if need be, after its files were checked.

    Raises:
        InputError: it is not a whole model, or a family that is not supported.
    """
    folder = Path(path)
    if folder.is_dir():
        check_model_dir(folder)
    elif path.startswith((".", "/", "~")):
        raise InputError(f"{path}: no such model folder")
    config = stored_config(path)
    # Before any code that comes with the model is run.
    if family is None:
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
    with one_message(path, "used: its configuration cannot be read"):
        return PreTrainedConfig.get_config_dict(hub.name, **hub.where)[0]


def check_adapter(parts: Parts, folder: Path, base: str) -> None:
    """Refuse an adapter that does not fit a model, before the model's weights are loaded.

    Args:
        parts: of the model.
        folder: the adapter's.
        base: the model's folder or name.

    Raises:
        InputError: no adapter there, one that is damaged or does not fit, or another base model.
    """
    check_adapter_dir(folder)
    check_base(folder, base)
    put_on(parts.bare, folder, base=base)


def _check_range(network: Any, path: str) -> None:
    """Refuse weights that float16, which ends at 65504, cannot hold.

    Raises:
        InputError: names the first one.
    """
    for name, weight in network.named_parameters():
        if not torch.isfinite(weight).all():
            raise InputError(
                f"{path}: {name} is beyond what float16 can hold; load it in bfloat16 or float32"
            )


def _dtype(name: str) -> torch.dtype:
    if name == "auto":
        return torch.bfloat16 if torch.cuda.is_available() else torch.float32
    if name not in DTYPES:
        raise InputError(f"dtype '{name}' is unknown; expected auto, {', '.join(DTYPES)}")
    return DTYPES[name]


def device_of(name: str) -> torch.device:
    """Return the device of a name.

    Raises:
        KnobError: there is no such device, or none here.
    """
    check_device_name(name)
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise KnobError(
            f"device '{name}' is not here: torch finds {count} GPU(s); expected auto or cpu, or a "
            "build of torch for your GPU"
        )
    return device
