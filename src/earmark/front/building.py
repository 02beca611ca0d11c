"""Build and choose preference pairs from Python."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.table import Table

from earmark.curate.chain import Outcome, run_chain
from earmark.curate.ledger import PairList
from earmark.curate.steps import By, steps_of
from earmark.curate.table import curation_table
from earmark.curate.verdict import Drop
from earmark.errors import InputError, KnobError
from earmark.evaluate.rows import frame
from earmark.evaluate.tables import as_text
from earmark.failures.choose import NO_MODES
from earmark.failures.mode import Mode, Tools
from earmark.formats.schema.fields import to_row
from earmark.front.inputs import Given, records_of, test_set
from earmark.pairs.candidates.choose import Relate, Survey, named_relation, settled
from earmark.pairs.candidates.relate import check_equal, check_row, new_tally, relate
from earmark.pairs.defaults import LEAST_ERRORS, MINED, PAPER_MIX
from earmark.pairs.imitate import Imitation, imitate_pairs
from earmark.pairs.mined import make_mining, mine_pairs
from earmark.pairs.mix import make_mix, parse_mix
from earmark.pairs.prompts import Prompter, load_prompts
from earmark.pairs.rows import Plan, plan_for
from earmark.pairs.tally import Tally
from earmark.progress import note
from earmark.records import Candidates, Hypothesis, Pair, Utterance
from earmark.translators import Translator
from earmark.translators.dictionaries.choose import DEFAULT, chosen_dictionary, load_dictionary
from earmark.translators.dictionaries.dictionary import Dictionary


@dataclass(frozen=True, repr=False)
class Pairs(Sequence[Pair]):
    """Pairs that were built, and the tally of what became of each rejected answer.

    A sequence of Pair that prints like the table of `earmark pairs`.
    """

    pairs: tuple[Pair, ...]
    tally: Tally

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.pairs)

    def __getitem__(self, index: Any) -> Any:
        """Return one pair, or some."""
        return self.pairs[index]

    def to_dict(self) -> dict[str, Any]:
        """Return the tally as plain values."""
        return self.tally.as_dict()

    def to_frame(self) -> Any:
        """Return a pandas data frame with one row per pair.

        Raises:
            ImportError: pandas is not installed.
        """
        return frame([to_row(pair) for pair in self.pairs])

    def __repr__(self) -> str:
        """Name the pairs by their numbers."""
        dropped = self.tally.dropped.total()
        return f"Pairs({len(self)} of {self.tally.utterances} {self.tally.noun}, {dropped} dropped)"

    def __str__(self) -> str:
        """Print like the table of `earmark pairs`."""
        return as_text(self.__rich__())

    def __rich__(self) -> Table:
        """Lay out the tally."""
        return self.tally.table("pairs")


@dataclass(frozen=True, repr=False)
class Curated(Sequence[Pair]):
    """The pairs that a chain of curators kept; `outcomes` has all, in order, with step and reason.

    `steps` has what each step saw, kept and dropped, as plain values.
    """

    curator: str
    outcomes: tuple[Outcome, ...]
    steps: tuple[dict[str, Any], ...]

    @property
    def kept(self) -> list[Pair]:
        """Return the pairs to train on, as the chain left them."""
        return [outcome.after for outcome in self.outcomes if outcome.after is not None]

    @property
    def dropped(self) -> list[Drop]:
        """Return the other pairs, each with the reason."""
        return [Drop(each.before, each.why) for each in self.outcomes if each.after is None]

    def __len__(self) -> int:
        """Return the number of pairs kept."""
        return len(self.kept)

    def __getitem__(self, index: Any) -> Any:
        """Return one pair that was kept, or some."""
        return self.kept[index]

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs that were kept."""
        return iter(self.kept)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        kept = len(self.kept)
        counts = {"kept": kept, "dropped": len(self.outcomes) - kept}
        return {"curator": self.curator, **counts, "steps": list(self.steps)}

    def to_frame(self) -> Any:
        """Return a pandas data frame with one row per pair: id, whether it is kept, step, why not.

        Raises:
            ImportError: pandas is not installed.
        """
        return frame(
            [
                {
                    "id": each.before.id,
                    "kept": each.after is not None,
                    "step": each.step,
                    "why": each.why,
                }
                for each in self.outcomes
            ]
        )

    def __repr__(self) -> str:
        """Name the result by its counts."""
        kept = len(self.kept)
        return f"Curated({self.curator}: {kept} kept, {len(self.outcomes) - kept} dropped)"

    def __str__(self) -> str:
        """Print a table of the reasons."""
        return as_text(self.__rich__())

    def __rich__(self) -> Table:
        """Lay out how many pairs each step kept, and how many it dropped for which reason."""
        return curation_table(self.to_dict(), self.curator)


def imitate(
    utterances: Given,
    *,
    mix: str | Mapping[str, float] = PAPER_MIX,
    modes: Mapping[str, Mode] = NO_MODES,
    per_utterance: int = 1,
    each: bool = False,
    several: bool = False,
    seed: int = 0,
    prompts: str | Path | None = None,
    translator: Translator | None = None,
    dictionary: str | Path | Dictionary = DEFAULT,
    longest: int = 40,
    on_error: Literal["stop", "skip"] = "stop",
) -> Pairs:
    """Build pairs whose rejected answers imitate failures of an Audio LLM, by rule.

    Args:
        utterances: records with audio and text, rows of them, or a path.
        mix: how often each failure is imitated, as `loop=1,empty=3` or a mapping.
        modes: failure modes of your own, by the names that `mix` has; `module:name` in the mix
            needs none. Each is tried out first: what it imitates it must detect.
        per_utterance: rejected answers drawn for each utterance.
        each: imitate each mode of the mix once for each utterance, instead of drawing.
        several: put all rejected answers of an utterance into one pair.
        seed: an utterance's pair depends on it and on the utterance's id alone.
        prompts: a file of transcription prompts, one a line; default: those that ship.
        translator: what translates, such as a `ChatTranslator`; default: the dictionary.
        dictionary: a dictionary: a name such as `earmark` or `earmark+cedict`, the path of a TSV or
            YAML file, `module:name`, or a Dictionary.
        longest: tokens that a loop or a tail adds, at most.
        on_error: what to do where the translator fails: stop, or leave the utterance out.

    Raises:
        InputError: an utterance that no pair can be made of, or not one pair could be made.
        KnobError: an unknown mode, or one that does not detect what it imitates.
    """
    parsed, remark = parse_mix(mix, modes) if isinstance(mix, str) else make_mix(mix, modes)
    if remark:
        note(remark)
    if translator is None and parsed.may_translate:
        translator = (
            dictionary if isinstance(dictionary, Dictionary) else load_dictionary(dictionary)
        )
    imitation = Imitation(parsed, Tools(translator, longest), per_utterance, each, on_error)
    knobs: dict[str, Any] = {"builder": "imitate", "mix": parsed.as_dict()}
    if translator is not None:
        knobs["translator"] = translator.name
    rows, plan = _planned(utterances, several, seed, prompts, knobs)
    tally = Tally()
    return built(imitate_pairs(rows, imitation, plan, tally), tally)


def mine(
    utterances: Given,
    *systems: Given,
    labels: Sequence[str] = MINED,
    modes: Mapping[str, Mode] = NO_MODES,
    least_errors: float = LEAST_ERRORS,
    match_style: bool = False,
    several: bool = False,
    seed: int = 0,
    prompts: str | Path | None = None,
    dictionary: str | Path | Dictionary | None = DEFAULT,
) -> Pairs:
    """Build pairs whose rejected answers are what a model wrote itself, where that is a failure.

    Args:
        utterances: records with audio and text, rows of them, or a path.
        systems: what each system wrote: records, rows, texts in the order of the utterances, or
            a path.
        labels: the failures to mine.
        modes: failure modes of your own, by name, which are looked for first; `module:name` among
            the labels does the same.
        least_errors: mine answers whose only fault is errors where their mixed error rate is at
            least this fraction.
        match_style: write rejected answers in the truth's case, punctuation, spacing and script.
        several: put all rejected answers of an utterance into one pair.
        seed: of the prompts.
        prompts: a file of transcription prompts, one a line; default: those that ship.
        dictionary: the dictionary that distinguishes translations, as `imitate` takes it, or None.

    Raises:
        InputError: an utterance that no pair can be made of, or not one pair could be made.
        KnobError: an unknown label, or no system.
    """
    if not systems:
        raise KnobError("mine needs the hypotheses of one system or several; found none")
    if isinstance(labels, str):
        raise KnobError(f"labels should be a list, found {labels!r}")
    words = chosen_dictionary(dictionary)
    mining = make_mining(labels, words, modes, least_errors=least_errors, match_style=match_style)
    knobs: dict[str, Any] = {"builder": "mined", **mining.knobs()}
    rows, plan = _planned(utterances, several, seed, prompts, knobs)
    _, written = test_set(rows, *systems)
    tally = Tally()
    found = mine_pairs(rows, [_by_id(hyps, rows) for hyps in written], mining, plan, tally)
    return built(found, tally)


def pairs_from_candidates(
    candidates: Given,
    relation: str | Relate = "best_worst",
    *,
    equal_by: str = "words",
    **knobs: Any,
) -> Pairs:
    """Build pairs from several answers to each prompt, by their scores, models or order.

    Args:
        candidates: rows of candidates, as records, rows or a path.
        relation: `NAME[:knob=value]` of RELATIONS, `module:name`, or a function of a row that
            yields `Preferred` and `Unpaired`.
        equal_by: which answers are equal and never paired: those of the same words, as scoring has
            them, or of the same characters.
        knobs: the relation's own, such as by="bleu", least=0.1.

    Raises:
        InputError: candidates that cannot be used, or not one pair could be made.
        KnobError: no such relation or knob, or a criterion or a model that no candidate has.
    """
    check_equal(equal_by)
    asked = named_relation(relation, knobs)
    rows, survey, seen = records_of(Candidates, candidates, "candidates"), Survey(), set[str]()
    for row in rows:
        check_row(row, f"row '{row.id}'")
        if row.id in seen:
            raise InputError(f"two rows of candidates have the id '{row.id}'; ids must be unique")
        seen.add(row.id)
        survey.see(row)
    tally = new_tally()
    return built(relate(rows, settled(asked, survey), tally, equal_by=equal_by), tally)


def curate(pairs: Given, by: By = "gap", **knobs: Any) -> Curated:
    """Choose which pairs to train on.

    Args:
        pairs: pairs, rows of them, or a path. All are in memory; `earmark curate` reads a file of
            any size.
        by: a chain as on the command line, such as "order,duplicates:of=pair", with names of
            CURATORS or `module:name`; a function from a stream of pairs to verdicts, for each pair,
            in order, Keep(pair), Drop(pair, why) or Change(pair, why); or a list of these, each
            alone or as (curator, {knob: value}).
        knobs: values for each curator that has a knob of this name, such as criterion="reward".

    Raises:
        InputError: pairs that cannot be used, or verdicts that do not account for every pair.
        KnobError: no such curator, or a knob that it does not have.
    """
    rows = records_of(Pair, pairs, "pairs")
    curation = run_chain(PairList(rows, Path.cwd()), steps_of(by, knobs))
    return Curated(
        ",".join(map(str, curation.steps)),
        tuple(curation.outcomes()),
        tuple(tally.as_dict() for tally in curation.tallies),
    )


def built(pairs: Iterator[Pair], tally: Tally) -> Pairs:
    """Gather pairs.

    Raises:
        InputError: there is not one.
    """
    found = tuple(pairs)
    if not found:
        raise InputError(f"not one pair could be made: {tally.why_none()}")
    return Pairs(found, tally)


def _planned(
    utterances: Given, several: bool, seed: int, prompts: str | Path | None, knobs: dict[str, Any]
) -> tuple[list[Utterance], Plan]:
    """Return utterances that pairs can be made of, and how rows are written."""
    rows = records_of(Utterance, utterances, "utterances")
    here = Path.cwd() / "pairs"
    prompter = Prompter(load_prompts(prompts), Path.cwd(), here)
    seen: set[str] = set()
    for row in rows:
        prompter.check(row, f"utterance '{row.id}'")
        if row.id in seen:
            raise InputError(f"two utterances have the id '{row.id}'; ids must be unique")
        seen.add(row.id)
    return rows, plan_for(prompter, several, seed, **knobs)


def _by_id(hyps: Sequence[Hypothesis], utterances: Sequence[Utterance]) -> dict[str, Hypothesis]:
    """Return hypotheses by id; say how many belong to no utterance."""
    found = {hyp.id: hyp for hyp in hyps}
    if len(found) < len(hyps):
        raise InputError("two hypotheses of a system have the same id; ids must be unique")
    strangers = len(found.keys() - {utterance.id for utterance in utterances})
    if strangers:
        note(f"{strangers} of {len(found)} hypotheses belong to no utterance; left out")
    return found
