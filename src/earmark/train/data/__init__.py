"""From a line of a pairs file to a batch."""
