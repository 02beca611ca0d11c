"""A chat model as a judge: its prompts, its verdicts, and what it cost."""
