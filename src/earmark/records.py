"""The records that travel between stages: Utterance, Hypothesis, Candidates, Pair, Counts.

Each is a frozen value; on disk each is one line of JSON (see `formats/jsonl.py`). A field
that is None or empty is left out of the line, so a file stays readable. What a file says of a
row beyond these fields is kept in `extra` and written back beside them.
"""

from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias, TypeVar

# The file of utterances in a folder of speech.
MANIFEST = "utterances.jsonl"


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of speech and what was said in it.

    `audio` is a path, absolute or relative to the manifest; `start_s` and `end_s` cut
    a span out of it, in seconds. `text` is the truth. `language` is `zh`, `en` or `mixed`.
    """

    id: str
    text: str | None = None
    audio: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    language: str | None = None
    speaker: str | None = None
    split: str | None = None
    task: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a model wrote for one utterance.

    `raw_text` is the model's output before post-processing, `logprob` its summed
    log-probability in nats, `tokens` the number of tokens written, `made_by` how it
    was decoded (model, adapter, decoding knobs). `cut` is true where the answer met the
    token cap before it had ended: the end of `text` is missing, or it loops. `set_aside` is the
    reason why the clip was not transcribed; `text` is then empty, which is not what a model wrote.
    """

    id: str
    text: str
    raw_text: str | None = None
    logprob: float | None = None
    tokens: int | None = None
    made_by: dict[str, Any] = field(default_factory=dict)
    cut: bool | None = None
    set_aside: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer to a prompt, with what is known of it.

    `content` is its text, or typed parts such as `{"type": "audio", "audio": path}`. `scores`
    maps a criterion to a number, higher is better. `audio` is the clip that it answers, where the
    candidates of one prompt were heard from different clips. `logprob` is its summed
    log-probability in nats, `tokens` the number of tokens written, `made_by` what wrote it.
    """

    content: str | list[dict[str, Any]]
    scores: dict[str, float] = field(default_factory=dict)
    audio: str | None = None
    logprob: float | None = None
    tokens: int | None = None
    made_by: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidates:
    """One prompt with several answers to it.

    `prompt` is a list of chat messages with typed parts, as that of a pair. `truth` is the right
    answer, where it is known. `source` is the id of the utterance; `annotations` are what is known
    of the prompt (task, difficulty, ...); `made_by` says how the candidates were sampled.
    """

    id: str
    prompt: list[dict[str, Any]]
    candidates: list[Candidate]
    truth: str | None = None
    language: str | None = None
    source: str | None = None
    annotations: dict[str, Any] = field(default_factory=dict)
    made_by: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """One prompt, one chosen answer, one or several rejected ones.

    `prompt` is a list of chat messages; audio is a typed content part
    `{"type": "audio", "audio": path}`. `rejected_prompt` is the prompt of the rejected answers,
    only where it is another one than that of the chosen, such as another clip. `failure_modes`
    names one mode per rejected answer. `scores` maps a criterion to one number per candidate,
    chosen first. `source` is the id of the utterance; `annotations` are what is known of the
    prompt (task, difficulty, ...); `made_by` the builder, its knobs, seed and version.
    """

    id: str
    prompt: list[dict[str, Any]]
    chosen: str
    rejected: str | list[str]
    failure_modes: list[str] = field(default_factory=list)
    scores: dict[str, list[float]] = field(default_factory=dict)
    language: str | None = None
    source: str | None = None
    made_by: dict[str, Any] = field(default_factory=dict)
    rejected_prompt: list[dict[str, Any]] | None = None
    annotations: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def losers(self) -> list[str]:
        """Return the rejected answers as a list, also when there is only one."""
        return [self.rejected] if isinstance(self.rejected, str) else list(self.rejected)


Record = TypeVar("Record", Utterance, Hypothesis, Pair, Candidates)
AnyRecord: TypeAlias = Utterance | Hypothesis | Pair | Candidates

# Fields of an utterance that other records keep in `extra`.
SAID_OF_UTTERANCE = ("language", "speaker", "split", "task")


def carried(utterance: Utterance, kind: type[AnyRecord]) -> dict[str, Any]:
    """Return what a record made from an utterance keeps of it in `extra`.

    That is what is known of the utterance and has no field of its own in the other kind of
    record. A field that is not ours and has the name of one there gets a longer name.

    >>> carried(Utterance("u1", language="zh", extra={"dialect": "Penang", "cut": 3}), Hypothesis)
    {'dialect': 'Penang', 'utterance_cut': 3, 'language': 'zh'}
    """
    taken = {f.name for f in fields(kind)}
    foreign = {f"utterance_{k}" if k in taken else k: v for k, v in utterance.extra.items()}
    named = {name: getattr(utterance, name) for name in SAID_OF_UTTERANCE if name not in taken}
    return {**foreign, **{name: value for name, value in named.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class Counts:
    """Edit counts of one or many utterances. Counts add; a rate is computed last.

    >>> Counts(hits=8, substitutions=1, deletions=1) + Counts(hits=4, insertions=1)
    Counts(hits=12, substitutions=1, deletions=1, insertions=1)
    >>> sum([Counts(hits=9, deletions=1), Counts()], Counts()).rate
    0.1
    """

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Add two counts, field by field."""
        return Counts(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )

    @property
    def truth_tokens(self) -> int:
        """Return the number of tokens in the truth: hits + substitutions + deletions."""
        return self.hits + self.substitutions + self.deletions

    @property
    def errors(self) -> int:
        """Return substitutions + deletions + insertions."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Return errors / truth tokens, or None when the truth has no tokens."""
        return self.errors / self.truth_tokens if self.truth_tokens else None
