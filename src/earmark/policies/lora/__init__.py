"""LoRA: which layers get one, and how it is computed."""
