"""Check judges: do they agree, and do they know good from bad."""
