"""The Python code of a model that transformers does not know, as it lies in a model's folder."""

import torch
from torch import nn
from transformers import (
    BatchFeature,
    GenerationMixin,
    PreTrainedConfig,
    PreTrainedModel,
    ProcessorMixin,
    Qwen2Config,
    Qwen2ForCausalLM,
)

FRAMES_PER_TOKEN = 8


class EarsConfig(PreTrainedConfig):
    model_type = "ears"

    def __init__(self, text=None, audio_token_id=3, mel_bins=16, **kwargs):
        self.text = text or {}
        self.num_hidden_layers = self.text.get("num_hidden_layers", 1)
        self.audio_token_id = audio_token_id
        self.mel_bins = mel_bins
        super().__init__(**kwargs)


class EarsForCausalLM(PreTrainedModel, GenerationMixin):
    config_class = EarsConfig
    main_input_name = "input_ids"
    supports_gradient_checkpointing = True
    _supports_cache_class = True

    def __init__(self, config):
        super().__init__(config)
        self.speech = nn.Sequential(
            nn.Linear(config.mel_bins * FRAMES_PER_TOKEN, 32),
            nn.GELU(),
            nn.Linear(32, config.text["hidden_size"]),
        )
        self.writer = Qwen2ForCausalLM(Qwen2Config(**config.text))
        self.post_init()

    def get_input_embeddings(self):
        return self.writer.get_input_embeddings()

    def get_output_embeddings(self):
        return self.writer.lm_head

    def forward(self, input_ids, attention_mask=None, mel=None, mel_frames=None, **kwargs):
        embeds = self.get_input_embeddings()(input_ids)
        places = (input_ids == self.config.audio_token_id)[..., None]
        if mel is not None and places.any():
            cut = [clip[:, :n].T for clip, n in zip(mel, mel_frames.tolist(), strict=True)]
            heard = torch.cat([clip.reshape(-1, self.speech[0].in_features) for clip in cut])
            embeds = embeds.masked_scatter(places, self.speech(heard).to(embeds.dtype))
        return self.writer(inputs_embeds=embeds, attention_mask=attention_mask, **kwargs)


class EarsProcessor(ProcessorMixin):
    audio_token = "<|sound|>"

    def __init__(self, feature_extractor, tokenizer, chat_template=None):
        super().__init__(feature_extractor, tokenizer, chat_template=chat_template)

    def __call__(self, text=None, audio=None, sampling_rate=None, return_tensors="pt", **kwargs):
        made = self.feature_extractor(
            audio,
            sampling_rate=sampling_rate,
            padding="longest",
            return_attention_mask=True,
            return_tensors="pt",
        )
        tokens = made["attention_mask"].sum(-1) // FRAMES_PER_TOKEN
        left = tokens.tolist()
        whole = []
        for line in text:
            pieces = line.split(self.audio_token)
            for i in range(len(pieces) - 1):
                pieces[i] += self.audio_token * left.pop(0)
            whole.append("".join(pieces))
        encoded = self.tokenizer(whole, padding=True, return_tensors="pt")
        heard = {"mel": made["input_features"], "mel_frames": tokens * FRAMES_PER_TOKEN}
        return BatchFeature({**encoded, **heard})
