"""The tiny Audio LLM: made, trained, shipped."""
