"""What is known about a model family beyond its classes: prompts, limits, marks."""

from dataclasses import dataclass

ATTENTION_AND_MLP = r".*language_model\..*\.(q|k|v|o|gate|up|down)_proj"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts of one family; each is used by the code that its line names.

    Attributes:
        prompt: the instruction of `earmark transcribe` when none is given; it names no language.
        system: the system text put before a prompt that has none; None leaves it to the
            chat template.
        takes_instruction: whether the chat template has a place for an instruction. Where it has
            none, the text of the user's turn is left out, and said to be.
        names_language: whether prompts name the language of the answer (`--language`).
        audio_first: whether `earmark transcribe` puts the audio before the instruction.
        user_form: the user's turn as one string, `{text}` in the place of the instruction, where
            the chat template takes no list of parts; the audio token is written in it.
        audio_token: the placeholder of audio, where the processor has no attribute of this name.
        prefill: what the answer is made to begin with in training, so that the answers of pairs
            are bare transcripts. A last assistant message in a pair's prompt wins over it.
        longest_clip_s: how many seconds the model hears at most, by its makers; None means the
            length of the feature extractor's window, beyond which the processor cuts silently.
        pads_to_window: whether the processor pads every clip to that window.
        marks: regular expressions of what the model writes around a transcript; see `clean`.
        lora_targets: regular expression of the modules that a LoRA is put on.
        speech_lora: subfolder of a checkpoint with a LoRA that the model needs for speech. It is
            merged when the model is loaded, so that it is part of the reference.
    """

    prompt: str = "Transcribe the audio."
    system: str | None = None
    takes_instruction: bool = True
    names_language: bool = False
    audio_first: bool = True
    user_form: str | None = None
    audio_token: str | None = None
    prefill: str = ""
    longest_clip_s: float | None = None
    pads_to_window: bool = False
    marks: tuple[str, ...] = ()
    lora_targets: str = ATTENTION_AND_MLP
    speech_lora: str | None = None
