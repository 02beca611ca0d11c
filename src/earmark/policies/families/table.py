"""The model families that Earmark knows, one row each, by the `model_type` of `config.json`.

What is known about each beyond its classes is in `prompting/families.py`, under the same name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from earmark.policies.families.any_other import KeyValuePolicy
from earmark.policies.families.audio_flamingo import AudioFlamingoPolicy
from earmark.policies.families.phi4_multimodal import Phi4MultimodalPolicy
from earmark.policies.families.qwen2_audio import Qwen2AudioPolicy
from earmark.policies.families.standard import CapturedPolicy
from earmark.policies.families.voxtral import VoxtralPolicy
from earmark.policies.families.whisper import WhisperPolicy
from earmark.policies.policy import Policy
from earmark.prompting.facts import Facts
from earmark.prompting.families import FACTS


@dataclass(frozen=True)
class Family:
    """One family.

    Attributes:
        policy: makes the policy of a network, its processor and these facts.
        facts: what is known about it.
        loader: the class of transformers that loads it.
    """

    policy: Callable[[Any, Any, Facts | None], Policy]
    facts: Facts
    loader: str = "AutoModelForMultimodalLM"


QWEN25_OMNI = Family(
    CapturedPolicy,
    FACTS["qwen2_5_omni"],
    loader="Qwen2_5OmniThinkerForConditionalGeneration",
)

QWEN3_OMNI = Family(
    CapturedPolicy,
    FACTS["qwen3_omni_moe"],
    loader="Qwen3OmniMoeThinkerForConditionalGeneration",
)

FAMILIES: dict[str, Family] = {
    "qwen2_audio": Family(Qwen2AudioPolicy, FACTS["qwen2_audio"]),
    "qwen2_5_omni": QWEN25_OMNI,
    "qwen2_5_omni_thinker": QWEN25_OMNI,
    "qwen3_omni_moe": QWEN3_OMNI,
    "qwen3_omni_moe_thinker": QWEN3_OMNI,
    "qwen3_asr": Family(CapturedPolicy, FACTS["qwen3_asr"]),
    "meralion2": Family(KeyValuePolicy, FACTS["meralion2"], loader="AutoModelForSpeechSeq2Seq"),
    "voxtral": Family(VoxtralPolicy, FACTS["voxtral"]),
    "audioflamingo3": Family(
        AudioFlamingoPolicy,
        FACTS["audioflamingo3"],
        loader="AudioFlamingo3ForConditionalGeneration",
    ),
    "glmasr": Family(CapturedPolicy, FACTS["glmasr"]),
    "phi4_multimodal": Family(Phi4MultimodalPolicy, FACTS["phi4_multimodal"]),
    "whisper": Family(WhisperPolicy, FACTS["whisper"], loader="WhisperForConditionalGeneration"),
}

SCALED_LOGITS = (
    "its class in transformers 5.23 does not divide logits by text_config.logits_scaling, as the "
    "language model it is made of does, so every log-probability would be that of another "
    "temperature. It will be supported once that is settled against a checkpoint"
)

OWN_FORM = (
    "this is Phi-4-multimodal in its makers' own form, whose code Earmark does not know; "
    "transformers' own form of it is the revision refs/pr/70: name the model as "
    "microsoft/Phi-4-multimodal-instruct@refs/pr/70"
)

# Families that load and run, and would be trained wrongly or without what is known about them.
REFUSED: dict[str, str] = {
    "phi4mm": OWN_FORM,
    "granite_speech": SCALED_LOGITS,
    "granite_speech_plus": SCALED_LOGITS,
}
