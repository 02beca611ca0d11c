"""Sample candidates from a server, from what was given to the file; nothing here imports torch."""

from dataclasses import dataclass
from pathlib import Path

from earmark.endpoint import Endpoint
from earmark.sample.check import check_prompts, check_sounds
from earmark.sample.given import Given, OnError
from earmark.sample.plan import TEXT, Per, Request, asks, check_options, plan
from earmark.sample.served import Served, check_askable, maker
from earmark.sample.writer import Job, outputs_of, sample_into
from earmark.storage.outputs import check_outputs
from earmark.transcribe.served import Asking


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A server, and how it samples; see `earmark sample --help`."""

    endpoint: Endpoint
    asking: Asking
    per: Per = "prompt"
    group_by: str = TEXT
    logprobs: bool = False
    on_error: OnError = "stop"


def sample_served(given: Given, out: Path, how: Remote) -> int:
    """Sample candidates of what was given into a file; return the number of rows.

    Raises:
        InputError: prompts or clips that cannot be used, no server, an output where something
            else is.
        KnobError: an option that these prompts cannot have.
    """
    asking = how.asking
    check_outputs(outputs_of(out), (given.name,))
    check_options(given, asking.prompt, how.per, how.group_by)
    given = check_sounds(given, how.on_error)
    asked = asking.said if asks(given) else None
    request = Request(asking.facts, asked, "", how.per, how.group_by)
    all_prompts = list(plan(given.rows, given.folder, request))
    prompts, bad = check_prompts(all_prompts, check_askable(asking), given, how.on_error)
    how.endpoint.check_reachable()
    served = Served(how.endpoint, asking, how.logprobs)
    per = {"per": how.per, "group_by": how.group_by} if how.per == "clip" else {}
    made_by = served.made_by(asked, per)
    job = Job(prompts, out, made_by, given.folder, bad, given.name, how.on_error)
    return sample_into(job, maker(served, prompts))
