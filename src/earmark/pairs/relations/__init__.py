"""Relations: which answers to a prompt are preferred to which. RELATIONS has all of them.

A relation is a function of a row of candidates, whose keyword-only parameters are its knobs, and
which yields `Preferred` for each pair and `Unpaired` for what it leaves out. To add one: write such
a function in a file of its own and name it here.
"""

from collections.abc import Callable

from earmark.pairs.relations.all_pairs import all_pairs
from earmark.pairs.relations.best_worst import best_worst
from earmark.pairs.relations.best_worst_per_voice import best_worst_per_voice
from earmark.pairs.relations.draft_vs_truth import draft_vs_truth
from earmark.pairs.relations.lexicographic import lexicographic
from earmark.pairs.relations.margin import margin
from earmark.pairs.relations.no_to_yes import no_to_yes
from earmark.pairs.relations.relation import Verdicts
from earmark.pairs.relations.success_and_cost import success_and_cost
from earmark.pairs.relations.teacher_vs_own import teacher_vs_own
from earmark.pairs.relations.unanimous import unanimous
from earmark.pairs.relations.weak_model import weak_model

RELATIONS: dict[str, Callable[..., Verdicts]] = {
    "best_worst": best_worst,
    "all_pairs": all_pairs,
    "margin": margin,
    "unanimous": unanimous,
    "lexicographic": lexicographic,
    "success_and_cost": success_and_cost,
    "draft_vs_truth": draft_vs_truth,
    "teacher_vs_own": teacher_vs_own,
    "best_worst_per_voice": best_worst_per_voice,
    "weak_model": weak_model,
    "no_to_yes": no_to_yes,
}
