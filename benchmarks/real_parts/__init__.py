"""Real models put together from packages, one file each; nothing of them is shipped."""
