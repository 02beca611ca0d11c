"""Models loaded in this process: everything here imports torch."""
