"""Score and compare from Python: texts, records, paths or columns of a data frame."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from earmark.errors import KnobError, check_seed, did_you_mean
from earmark.evaluate.bootstrap import Resampling, Unit
from earmark.evaluate.compare import Comparison
from earmark.evaluate.compare import compare as compare_scores
from earmark.evaluate.score import Score, SetAside, set_aside_in
from earmark.evaluate.score import score as score_records
from earmark.front.inputs import Given, test_set
from earmark.metrics import Metric
from earmark.metrics.choose import chosen_metrics
from earmark.text.mapping import load_mapping
from earmark.text.profiles import Profile, parse_profile
from earmark.translators.dictionaries.choose import DEFAULT, chosen_dictionary
from earmark.translators.dictionaries.dictionary import Dictionary

OwnMetric: TypeAlias = str | Metric | Callable[[str, str], Sequence[float]]


class Scoring(NamedTuple):
    """How systems are scored; the options of `earmark score`."""

    profile: str | Profile = "default"
    mapping: str | Path | None = None
    strip_marks: Sequence[str] = ()
    dictionary: str | Path | Dictionary | None = DEFAULT
    metrics: Sequence[OwnMetric] = ()
    over: Unit | Literal["auto"] = "auto"
    resamples: int = 1000
    seed: int = 0
    unmatched: Literal["stop", "skip"] = "stop"
    set_aside: SetAside = "leave-out"
    failures: bool = True
    workers: int = 1

    def keywords(self) -> dict[str, Any]:
        """Return them as `earmark.evaluate.score` takes them.

        Raises:
            KnobError: an unknown profile, metric or family of marks, too few resamples, or a seed
                below 0.
            InputError: a mapping or a dictionary that cannot be read.
        """
        if self.resamples < 1:
            raise KnobError(f"resamples is {self.resamples}; expected 1 or more")
        check_seed(self.seed)
        if self.workers < 1:
            raise KnobError(f"workers is {self.workers}; expected 1 or more")
        if isinstance(self.strip_marks, str):
            raise KnobError(f"strip_marks should be a list, found {self.strip_marks!r}")
        mapping = None if self.mapping is None else load_mapping(self.mapping)
        return {
            "profile": parse_profile(self.profile, mapping) if mapping else self.profile,
            "over": self.over,
            "resampling": Resampling(self.resamples, seed=self.seed),
            "dictionary": chosen_dictionary(self.dictionary),
            "unmatched": self.unmatched,
            "set_aside": self.set_aside,
            "failures": self.failures,
            "workers": self.workers,
            "strip_marks": self.strip_marks,
            "metrics": chosen_metrics(self.metrics),
        }


def score(
    truths: Given,
    hyps: Given,
    *,
    profile: str | Profile = "default",
    mapping: str | Path | None = None,
    strip_marks: Sequence[str] = (),
    dictionary: str | Path | Dictionary | None = DEFAULT,
    metrics: Sequence[OwnMetric] = (),
    over: Unit | Literal["auto"] = "auto",
    resamples: int = 1000,
    seed: int = 0,
    unmatched: Literal["stop", "skip"] = "stop",
    set_aside: SetAside = "leave-out",
    failures: bool = True,
    workers: int = 1,
) -> Score:
    """Score what a system wrote against what was said.

    Texts are matched by their order, everything else by id. A truth without a hypothesis counts
    as deletions. The result prints like the table of `earmark score`; `to_dict()` and
    `to_frame()` give its numbers.

    >>> result = score(["我想 review 一下"], ["我想一下"])
    >>> result.to_dict()["mixed_error_rate"], result.rows[0].failure.label
    (0.2, 'omission')

    Args:
        truths: what was said: texts, records, rows, `{id: text}`, a column of a data frame, or
            the path of a file.
        hyps: what the system wrote, in any of these forms.
        profile: how texts are split, with options after it, as in `default+drop-fillers`.
        mapping: a file of two columns with a TAB: what may be written, and what takes its place.
        strip_marks: families of models whose marks are stripped from the hypotheses, or `all`.
        dictionary: the dictionary that distinguishes translations: a name such as `earmark` or
            `earmark+cedict`, the path of a TSV or YAML file, `module:name`, a Dictionary, or None.
        metrics: metrics beside the built-in ones: names, `module:name`, `Metric` objects, or
            functions of a truth and an answer that return numbers that add.
        over: what intervals resample; auto is speakers when every truth names one.
        resamples: how many resamples an interval is drawn from.
        seed: of the resampling.
        unmatched: stop at a hypothesis without a truth, or leave it out and count it.
        set_aside: leave out utterances that were set aside when they were transcribed, or count
            them as deletions.
        failures: name the failure of each answer; without, scoring is faster and has no table of
            failures.
        workers: processes that score; the result is the same with any number. A script that uses
            several needs `if __name__ == "__main__":` around its work.

    Raises:
        InputError: texts or records that cannot be used, with their place.
        KnobError: an option that cannot be.
    """
    how = Scoring(
        profile,
        mapping,
        strip_marks,
        dictionary,
        metrics,
        over,
        resamples,
        seed,
        unmatched,
        set_aside,
        failures,
        workers,
    ).keywords()
    said, (written,) = test_set(truths, hyps)
    return score_records(said, written, **how)


def compare(
    truths: Given,
    first: Given,
    second: Given,
    *,
    names: tuple[str, str] | None = None,
    **scoring: Any,
) -> Comparison:
    """Compare two systems on the same utterances: second minus first, with paired intervals.

    >>> compare(["我想 review 一下", "好的"], ["我想一下", "好的"], ["我想 review 一下", "好的"])
    Comparison(second minus first: mixed_error_rate -0.1429)

    Args:
        truths: what was said, in any form that `score` takes.
        first: what the system to compare with wrote.
        second: what the other system wrote.
        names: what to call them in tables; default: the paths, or first and second.
        scoring: options of `score`.

    Raises:
        InputError: texts or records that cannot be used, with their place.
        KnobError: an option that cannot be.
    """
    how = scoring_of(scoring).keywords()
    said, systems = test_set(truths, first, second)
    how["leave_out"] = set_aside_in(*systems)
    called = names or (_name(first, "first"), _name(second, "second"))
    before, after = (score_records(said, each, **how) for each in systems)
    return compare_scores(before, after, called)


def scoring_of(options: dict[str, Any]) -> Scoring:
    """Return the options of `score`, given by name.

    Raises:
        KnobError: there is no such option; names the nearest.
    """
    for name in options:
        if name not in Scoring._fields:
            raise KnobError(f"there is no option '{name}'; {did_you_mean(name, Scoring._fields)}")
    return Scoring(**options)


def _name(system: Given, otherwise: str) -> str:
    return str(system) if isinstance(system, str | Path) else otherwise
