"""From rows of candidates to pairs: what a file has, which relation and knobs, the pairs, files."""
