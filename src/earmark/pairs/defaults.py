"""What is imitated and mined unless something else is wanted.

Help texts name these, so this file imports nothing.
"""

# arXiv 2605.23975: 80 % of the rejected answers are translated as a whole, 20 % in part.
PAPER_MIX = "global_translation=0.8,partial_translation=0.2"

FAILURES = ("omission", "translation", "hallucination", "format", "empty")
# Errors too, ordinary ones and words written by sound, where there are many in an utterance.
MINED = ("error", *FAILURES)
LEAST_ERRORS = 0.2
