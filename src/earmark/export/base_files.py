"""What an export takes over from its base: tokenizer, processor and generation files as they are.

transformers 5 writes them in forms that transformers 4 and what is built on it do not read, and
its configurations name the rotary base where transformers 4 does not look, which then takes
10000 for it. So files are copied, and the configuration is the base's with what 5 adds.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from earmark.policies.checkpoint.adapter_folder import SETTINGS
from earmark.policies.checkpoint.folder import runs_own_code
from earmark.policies.checkpoint.json_object import read_object
from earmark.policies.checkpoint.run_description import RUN
from earmark.policies.checkpoint.weight_files import inside
from earmark.storage.atomic import write_text

CONFIG = "config.json"
COPIED = {".json", ".jinja", ".txt", ".model", ".tiktoken"}
NOT_COPIED = {CONFIG, RUN, SETTINGS, "trainer_state.json"}
INDEX = ".index.json"
LICENCES = ("LICENSE*", "LICENCE*", "NOTICE*")
DTYPES = ("dtype", "torch_dtype")
# In the rotary parameters of transformers 5, and beside them in transformers 4.
BESIDE_ROPE = ("rope_theta", "partial_rotary_factor")


def copy_base_files(base: Path, folder: Path) -> None:
    """Copy what a base has beside its weights and configuration, over what is there.

    Args:
        base: the folder of the base.
        folder: the export's.

    Raises:
        InputError: a file is a link that leads out of the base's folder.
    """
    copied = COPIED | ({".py"} if runs_own_code(base) else set())
    files = [path for path in sorted(base.iterdir()) if path.suffix in copied]
    files += [path for pattern in LICENCES for path in sorted(base.glob(pattern))]
    for path in files:
        wanted = path.name not in NOT_COPIED and not path.name.endswith(INDEX)
        if wanted and path.is_file():
            shutil.copyfile(inside(path, base), folder / path.name)


def read_by_transformers_4(folder: Path) -> None:
    """Write tokenizer and processor settings of transformers 5 in forms that 4 reads too.

    transformers 4 has no class TokenizersBackend, takes no list of `extra_special_tokens`, and
    looks for the feature extractor in a file of its own.
    """
    path = folder / "tokenizer_config.json"
    settings = read_object(path)[0] if path.is_file() else {}
    if settings.get("tokenizer_class") == "TokenizersBackend":
        settings["tokenizer_class"] = "PreTrainedTokenizerFast"
        if isinstance(settings.get("extra_special_tokens"), list):
            settings["additional_special_tokens"] = settings.pop("extra_special_tokens")
        write_text(path, json.dumps(settings, indent=2, ensure_ascii=False) + "\n")
    path, own = folder / "processor_config.json", folder / "preprocessor_config.json"
    processor = read_object(path)[0] if path.is_file() else {}
    extractor = processor.get("feature_extractor")
    if isinstance(extractor, dict) and not own.exists():
        named = {"processor_class": processor.get("processor_class"), **extractor}
        write_text(own, json.dumps(named, indent=2, ensure_ascii=False) + "\n")


def keep_config(base: Path, folder: Path, dtype: str) -> None:
    """Write the base's configuration, with what the library adds to it, in both rotary forms.

    Where the export is of another class than the base, as a part of an Omni model is, the
    library's own configuration stays.

    Args:
        base: the folder of the base.
        folder: the export's; the library has written its configuration there.
        dtype: number type of the weights.
    """
    path = folder / CONFIG
    written, before = read_object(path)[0], read_object(base / CONFIG)[0]
    if written.get("model_type") == before.get("model_type"):
        written = over(written, before)
    config = both_rotary_forms(of_dtype({**written, "dtype": dtype}, dtype))
    write_text(path, json.dumps(config, indent=2, ensure_ascii=False) + "\n")


def over(added: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """Return one object with what another adds, at every depth; what is in both is the first's.

    >>> over({"a": 1, "part": {"b": 2}}, {"part": {"b": 3, "c": 4}})
    {'part': {'b': 3, 'c': 4}, 'a': 1}
    """
    both = {
        key: over(added[key], value)
        if isinstance(value, dict) and isinstance(added.get(key), dict)
        else value
        for key, value in kept.items()
    }
    return both | {key: value for key, value in added.items() if key not in kept}


def of_dtype(config: dict[str, Any], dtype: str) -> dict[str, Any]:
    """Return a configuration whose number types, where it names them, are another one.

    >>> of_dtype({"dtype": "float32", "part": {"torch_dtype": "float32"}}, "bfloat16")
    {'dtype': 'bfloat16', 'part': {'torch_dtype': 'bfloat16'}}
    """
    return {
        key: of_dtype(value, dtype)
        if isinstance(value, dict)
        else dtype
        if key in DTYPES and value is not None
        else value
        for key, value in config.items()
    }


def both_rotary_forms(config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration that names its rotary parameters as transformers 4 and 5 do.

    >>> both_rotary_forms({"rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}})
    {'rope_parameters': {'rope_theta': 1000000.0, 'rope_type': 'default'}, 'rope_theta': 1000000.0}
    """
    config = {k: both_rotary_forms(v) if isinstance(v, dict) else v for k, v in config.items()}
    rotary = config.get("rope_parameters")
    if not isinstance(rotary, dict) or "rope_theta" not in rotary:
        return config
    beside = {name: rotary[name] for name in BESIDE_ROPE if name in rotary}
    scaling = {name: value for name, value in rotary.items() if name not in BESIDE_ROPE}
    if scaling.get("rope_type", "default") != "default" or len(scaling) > 1:
        beside["rope_scaling"] = {"type": scaling.get("rope_type", "default"), **scaling}
    return config | {name: v for name, v in beside.items() if config.get(name) is None}
