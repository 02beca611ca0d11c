"""Which objective, when: every objective on the same pairs, in equal steps, under conditions.

Claims: each objective's paper says when it is better than what came before; `claims.py` has
one line for each, with its control.

Scale: the tiny Audio LLM of 2.6 million parameters and synthetic speech, a few hundred pairs.

Departure: objectives keep their own default knobs, only the learning rate is chosen; the papers
tune more. `cdpo` and `robust_dpo` are given the true share of flipped pairs where pairs are
flipped, as their papers assume; no other objective is.

It checks: the difference of each objective to SFT and to DPO on the same pairs, paired by seed,
on test sets that are used once for each run, with the learning rate that the development set
chose. The development set has clean truths in every condition.
"""
