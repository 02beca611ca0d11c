"""Choose how a model is adapted: by its row in the table of families, or by what it is."""

from typing import Any

from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES,
)

from earmark.errors import InputError, KnobError
from earmark.lookup import look_up
from earmark.policies.families.any_other import KeyValuePolicy
from earmark.policies.families.table import FAMILIES, REFUSED, Family
from earmark.policies.families.text import text_policy
from earmark.progress import note
from earmark.prompting.facts import Facts

TEXT = Family(text_policy, Facts(), loader="AutoModelForCausalLM")

# How code that comes with a model may name the class that writes, the most telling name first.
NAMES = (
    "AutoModelForMultimodalLM",
    "AutoModelForSpeechSeq2Seq",
    "AutoModelForCausalLM",
    "AutoModelForImageTextToText",
    "AutoModelForSeq2SeqLM",
    "AutoModel",
)


def check_supported(config: dict[str, Any], path: str) -> None:
    """Refuse a family that is known not to work.

    Args:
        config: what `config.json` holds.
        path: where the model is, for messages.

    Raises:
        InputError: says why, and what to do.
    """
    name = config.get("model_type")
    if name in REFUSED:
        raise InputError(f"{path}: model family '{name}' is not supported: {REFUSED[name]}")


def own_family(given: str | Family) -> Family:
    """Return a family that the user names instead of that of the configuration.

    Args:
        given: a name of FAMILIES, `module:name`, or a Family.

    Raises:
        KnobError: there is none of that name, or it is not a Family.
    """
    found: Any = look_up(FAMILIES, given, "model family")
    if not isinstance(found, Family):
        raise KnobError(
            f"model family '{given}' should be an earmark.policies.families.table.Family, "
            f"found {type(found).__name__}"
        )
    return found


def family_of(config: Any, path: str) -> Family:
    """Return the family of a model by its configuration.

    Args:
        config: as transformers reads it.
        path: where the model is, for messages.

    Raises:
        InputError: nothing is known about it.
    """
    name = str(config.model_type)
    if name in FAMILIES:
        return FAMILIES[name]
    if type(config) not in CONFIG_MAPPING.values():
        return Family(KeyValuePolicy, Facts(), loader=_own_class(config, path))
    if _writes(config) and not _hears(config):
        return TEXT
    if name in MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES and _hears(config):
        note(f"{path}: nothing is known of family '{name}': it is trained by its key-value cache")
        return Family(KeyValuePolicy, Facts())
    raise InputError(
        f"{path}: model family '{name}' is not supported; Earmark knows "
        f"{', '.join(sorted(FAMILIES))}, and any causal language model for text alone; "
        "a family of your own is given as module:name"
    )


def _own_class(config: Any, path: str) -> str:
    """Return the name under which a model's own code offers the class that writes."""
    offered = getattr(config, "auto_map", None) or {}
    for name in NAMES:
        if name in offered:
            return name
    raise InputError(
        f"{path}: the code that comes with this model offers no class that writes text; expected "
        f"one of {', '.join(NAMES)} in auto_map of config.json"
    )


def _writes(config: Any) -> bool:
    """Return whether a class reads from left to right, and reads nothing but what it writes on."""
    causal = config.model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    both_ways = config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    return causal and not both_ways and not getattr(config, "is_encoder_decoder", False)


def _hears(config: Any) -> bool:
    return any("audio" in name or "speech" in name for name in config.to_dict())
