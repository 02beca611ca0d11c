"""A real recogniser that really fails: preference against SFT on Whisper base.

Claim: preference pairs from a model's own failures repair code-switched speech beyond what SFT on
the same transcripts does (arXiv 2605.23975 has no SFT arm, so that it cannot show this).

Scale: Whisper base of 72.6 million parameters, pretrained by its makers on 680 000 hours and
taught to fail by nobody; sentences from templates, spoken by neural voices that read both
languages; 600 training sentences, 60 steps of 8.

Departure: Whisper has an encoder and a decoder; the paper's models are decoders that are given
audio. One clip is one sentence of 4 to 25 tokens. The voices are synthetic, except in a test set of
recorded words joined, and in a few recordings of people.

It checks: the mixed error rate of each arm against SFT of equal steps, in voices of the training
set, in other voices and on recorded words; what is forgotten of either language alone; and which
failures are left. Learning rates are chosen on a development set, each test set is used once.
"""
