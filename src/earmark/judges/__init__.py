"""Judges: what scores an answer. A number for each, under a name and a version.

A judge fails on a row rather than invent a number. To add one: write a function whose keyword-only
parameters are its knobs and which returns a `Judge`, in a file of its own, and name it in JUDGES.
What needs torch or an optional package is imported when the judge is made.
"""

from collections.abc import Callable

from earmark.judges.instruction_rules import instruction_rules
from earmark.judges.judge import Judge
from earmark.judges.llm.llm_judge import llm_judge
from earmark.judges.models.embedding_similarity import embedding_similarity
from earmark.judges.models.implicit_reward import implicit_reward
from earmark.judges.models.log_probability import log_probability
from earmark.judges.models.reward_model import reward_model
from earmark.judges.sound.dnsmos import dnsmos
from earmark.judges.sound.plcmos import plcmos
from earmark.judges.text.alias_match import alias_match
from earmark.judges.text.bleu import bleu
from earmark.judges.text.chrf import chrf
from earmark.judges.text.exact_match import exact_match
from earmark.judges.text.failure import failure
from earmark.judges.text.language_kept import language_kept
from earmark.judges.text.length import length
from earmark.judges.text.loop import loop
from earmark.judges.text.mixed_error_rate import mixed_error_rate
from earmark.judges.text.script import script

JUDGES: dict[str, Callable[..., Judge]] = {
    "mixed_error_rate": mixed_error_rate,
    "failure": failure,
    "script": script,
    "language_kept": language_kept,
    "loop": loop,
    "length": length,
    "bleu": bleu,
    "chrf": chrf,
    "exact_match": exact_match,
    "alias_match": alias_match,
    "instruction_rules": instruction_rules,
    "embedding_similarity": embedding_similarity,
    "log_probability": log_probability,
    "implicit_reward": implicit_reward,
    "reward_model": reward_model,
    "llm_judge": llm_judge,
    "dnsmos": dnsmos,
    "plcmos": plcmos,
}
