"""What is known about each family, by the `model_type` of `config.json`; nothing imports torch.

What a fact means is in `Facts`. Prompts are the makers' own where those name no language,
and otherwise their nearest form that names none: a prompt that asks for English or for Chinese
asks a model to translate code-switched speech.
"""

from earmark.prompting.facts import Facts

QWEN25_OMNI = Facts(
    prompt="Transcribe the audio into text without any punctuation marks.",
    system="You are a speech recognition model.",
    pads_to_window=True,
)

# A LoRA on attention alone: with gate_proj or up_proj, peft would adapt every expert.
QWEN3_OMNI = Facts(
    prompt="Transcribe the audio into text.",
    longest_clip_s=2400.0,
    lora_targets=r".*language_model\..*\.(q|k|v|o)_proj",
)

FLAMINGO_OPENING = (
    r"^\s*The (?:spoken content of the|transcription of the|content of the input) audio is\s*"
)

FACTS: dict[str, Facts] = {
    "qwen2_audio": Facts(pads_to_window=True),
    "qwen2_5_omni": QWEN25_OMNI,
    "qwen2_5_omni_thinker": QWEN25_OMNI,
    "qwen3_omni_moe": QWEN3_OMNI,
    "qwen3_omni_moe_thinker": QWEN3_OMNI,
    "qwen3_asr": Facts(
        prompt="",
        takes_instruction=False,
        prefill="language None<asr_text>",
        longest_clip_s=1200.0,
        marks=(r"^\s*language [^<\n]*<asr_text>",),
    ),
    # Its code comes with the checkpoint, and needs --trust-remote-code; Earmark never ran it.
    "meralion2": Facts(
        prompt="Please transcribe this speech.",
        user_form="Instruction: {text} \nFollow the text instruction based on the following "
        "audio: <SpeechHere>",
        audio_token="<SpeechHere>",
        longest_clip_s=300.0,
        marks=(r"<Speaker ?\d+>:?", r"\((?:um|uh|er|ah|oh|hm+|mm+)\)", r"\[[a-z]+\]"),
    ),
    # Without any text its prompt is a transcription request, which finds the language by itself.
    "voxtral": Facts(prompt="", longest_clip_s=1800.0),
    # What it writes around a transcript is what its own processor takes off again: the opening
    # with the quotes that follow it, of which an answer that was cut has the first alone.
    "audioflamingo3": Facts(
        prompt="Transcribe the input speech.",
        audio_first=False,
        longest_clip_s=600.0,
        marks=(
            rf"(?s){FLAMINGO_OPENING}(?P<quote>['\"])(?P<text>.*)(?P=quote)\.?\s*$",
            rf"(?s){FLAMINGO_OPENING}(?:(?P<quote>['\"])(?!.*(?P=quote)))?",
        ),
    ),
    "glmasr": Facts(prompt="Please transcribe this audio into text", longest_clip_s=655.0),
    # Beyond 4096 tokens, of 80 ms each, the class changes the positions of all tokens.
    "phi4_multimodal": Facts(
        prompt="Transcribe the audio clip into text.",
        longest_clip_s=300.0,
        lora_targets=r"model\.layers\.\d+\..*\.(qkv|o|gate_up|down)_proj",
        speech_lora="speech-lora",
    ),
    # Its prompt is a language and a task; a context, what was said before, is the system text.
    "whisper": Facts(
        prompt="",
        takes_instruction=False,
        names_language=True,
        lora_targets=r"model\.decoder\.layers\.\d+\.(.*_attn\.(q|k|v|out)_proj|fc[12])",
    ),
}
