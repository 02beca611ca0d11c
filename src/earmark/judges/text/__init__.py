"""Judges that read the answer's text alone, beside the truth or without it."""
