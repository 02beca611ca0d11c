"""The model families that Earmark knows, one row each, by the `model_type` of `config.json`.

What a fact means stands in `Facts`. Prompts are the makers' own where those name no language,
and otherwise their nearest form that names none: a prompt that asks for English or for Chinese
asks a model to translate code-switched speech.
"""

from dataclasses import dataclass

from earmark.policies.captured import CapturedPolicy
from earmark.policies.facts import Facts
from earmark.policies.fallback import KeyValuePolicy
from earmark.policies.phi4_multimodal import Phi4MultimodalPolicy
from earmark.policies.policy import Policy
from earmark.policies.qwen2_audio import Qwen2AudioPolicy
from earmark.policies.voxtral import VoxtralPolicy


@dataclass(frozen=True)
class Family:
    """One family.

    Attributes:
        policy: the class that adapts it.
        facts: what is known about it.
        loader: the class of transformers that loads it.
    """

    policy: type[Policy]
    facts: Facts
    loader: str = "AutoModelForMultimodalLM"


QWEN25_OMNI = Family(
    CapturedPolicy,
    Facts(
        prompt="Transcribe the audio into text without any punctuation marks.",
        system="You are a speech recognition model.",
        pads_to_window=True,
    ),
    loader="Qwen2_5OmniThinkerForConditionalGeneration",
)

QWEN3_OMNI = Family(
    CapturedPolicy,
    # A LoRA on attention alone: asked for gate_proj or up_proj, peft would adapt every expert.
    Facts(
        prompt="Transcribe the audio into text.",
        longest_clip_s=2400.0,
        lora_targets=r".*language_model\..*\.(q|k|v|o)_proj",
    ),
    loader="Qwen3OmniMoeThinkerForConditionalGeneration",
)

FAMILIES: dict[str, Family] = {
    "qwen2_audio": Family(Qwen2AudioPolicy, Facts(pads_to_window=True)),
    "qwen2_5_omni": QWEN25_OMNI,
    "qwen2_5_omni_thinker": QWEN25_OMNI,
    "qwen3_omni_moe": QWEN3_OMNI,
    "qwen3_omni_moe_thinker": QWEN3_OMNI,
    "qwen3_asr": Family(
        CapturedPolicy,
        Facts(
            prompt="",
            takes_instruction=False,
            prefill="language None<asr_text>",
            longest_clip_s=1200.0,
            marks=(r"^\s*language [^<\n]*<asr_text>",),
        ),
    ),
    # Its code comes with the checkpoint, and needs --trust-remote-code; Earmark never ran it.
    "meralion2": Family(
        KeyValuePolicy,
        Facts(
            prompt="Please transcribe this speech.",
            user_form="Instruction: {text} \nFollow the text instruction based on the following "
            "audio: <SpeechHere>",
            audio_token="<SpeechHere>",
            longest_clip_s=300.0,
            marks=(r"<Speaker ?\d+>:?", r"\((?:um|uh|er|ah|oh|hm+|mm+)\)", r"\[[a-z]+\]"),
        ),
        loader="AutoModelForSpeechSeq2Seq",
    ),
    # Without any text its prompt is a transcription request, which finds the language by itself.
    "voxtral": Family(VoxtralPolicy, Facts(prompt="", longest_clip_s=1800.0)),
    # What it writes round a transcript is what its own processor takes off again.
    "audioflamingo3": Family(
        CapturedPolicy,
        Facts(
            prompt="Transcribe the input speech.",
            audio_first=False,
            longest_clip_s=600.0,
            marks=(
                r"^\s*The (spoken content of the|transcription of the|content of the input) "
                r"audio is\s*['\"]?",
                r"['\"]\.?\s*$",
            ),
        ),
        loader="AudioFlamingo3ForConditionalGeneration",
    ),
    "glmasr": Family(
        CapturedPolicy,
        Facts(prompt="Please transcribe this audio into text", longest_clip_s=655.0),
    ),
    # Beyond 4096 tokens, of 80 ms each, the class changes the positions of all tokens.
    "phi4_multimodal": Family(
        Phi4MultimodalPolicy,
        Facts(
            prompt="Transcribe the audio clip into text.",
            longest_clip_s=300.0,
            lora_targets=r"model\.layers\.\d+\..*\.(qkv|o|gate_up|down)_proj",
            speech_lora="speech-lora",
        ),
    ),
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
