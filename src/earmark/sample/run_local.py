"""Sample candidates with a model in this process, from what was given to the file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from earmark.errors import KnobError
from earmark.policies.families.table import Family
from earmark.policies.load import device_of, load_policy, model_path
from earmark.sample.check import check_prompts, check_sounds
from earmark.sample.given import Given, OnError
from earmark.sample.local import Manner, check_askable, maker
from earmark.sample.plan import TEXT, Per, Request, asks, check_options, plan
from earmark.sample.writer import Job, outputs_of, sample_into
from earmark.storage.outputs import check_outputs
from earmark.transcribe.decoding import Decoding
from earmark.transcribe.local import (
    check_language,
    choice_of,
    chosen_beside,
    how_it_was_made,
    weights_of,
)


@dataclass(frozen=True, kw_only=True)
class Local:
    """A model that is loaded here, and how it samples; see `earmark sample --help`."""

    model: str
    adapter: str | None = None
    decoding: Decoding = field(default_factory=Decoding)
    per: Per = "prompt"
    group_by: str = TEXT
    prompt: str | None = None
    prefill: str = ""
    language: str | None = None
    suppress: Sequence[str] = ()
    silence_s: float | None = None
    batch_size: int = 16
    dtype: str = "auto"
    device: str = "auto"
    trust_remote_code: bool = False
    family: str | Family = ""
    on_error: OnError = "stop"

    def __post_init__(self) -> None:
        """Refuse what cannot be, before a model is loaded.

        Raises:
            KnobError: says what.
        """
        check_language(self.language, self.prefill)
        device_of(self.device)
        if self.batch_size < 1:
            raise KnobError(f"batch_size is {self.batch_size}; expected 1 or more")


def sample_here(given: Given, out: Path, how: Local) -> int:
    """Sample candidates of what was given into a file; return the number of rows.

    Raises:
        InputError: prompts, clips or a model that cannot be used; an output where something
            else is.
        KnobError: an option that these prompts cannot have.
    """
    check_outputs(outputs_of(out), (how.model, how.adapter, given.name))
    check_options(given, how.prompt, how.per, how.group_by)
    given = check_sounds(given, how.on_error)
    policy = load_policy(
        how.model,
        how.adapter,
        dtype=how.dtype,
        device=how.device,
        trust_remote_code=how.trust_remote_code,
        family=how.family,
        silence_s=how.silence_s,
    )
    begun = policy.opening(how.language) if how.language else how.prefill
    asked = (policy.facts.prompt if how.prompt is None else how.prompt) if asks(given) else None
    request = Request(policy.facts, asked, begun, how.per, how.group_by)
    all_prompts = list(plan(given.rows, given.folder, request))
    check = partial(check_askable, policy)
    prompts, bad = check_prompts(all_prompts, check, given, how.on_error)
    adapter = Path(how.adapter) if how.adapter else None
    per = {"per": how.per, "group_by": how.group_by} if how.per == "clip" else {}
    made_by = how_it_was_made(
        how.model,
        how.adapter,
        asked or "",
        how.decoding.max_new_tokens,
        "refuse",
        begun,
        weights=weights_of(policy, model_path(how.model), adapter),
        decoding=how.decoding,
        options={
            **chosen_beside(policy, how.language, how.suppress),
            "candidates": how.decoding.candidates,
            **per,
        },
    )
    wrote = {"model": how.model, **({"adapter": how.adapter} if how.adapter else {})}
    choice = choice_of(policy, how.decoding, how.suppress)
    manner = Manner(how.decoding, choice, how.batch_size, wrote)
    job = Job(prompts, out, made_by, given.folder, bad, given.name, how.on_error)
    return sample_into(job, maker(policy, prompts, manner))
