"""Several frozen policies: load each, compute all pairs, free it again.

Each reference tokenizes with its own tokenizer; sums over an answer can be compared all the
same. Only one of them is in memory at a time, beside the policy that is trained.
"""

import gc
from pathlib import Path

import torch

from earmark.errors import InputError, KnobError
from earmark.objectives.contract.signature import Contract
from earmark.policies.load import load_policy
from earmark.progress import note
from earmark.train.cache import fingerprint
from earmark.train.cache.reference import Logps, ReferenceCache
from earmark.train.data.examples import EncodedPairs
from earmark.train.data.row_maker import RowMaker
from earmark.train.data.token_budget import to_be_asked
from earmark.train.distributed import Processes
from earmark.train.reference.compute import precompute
from earmark.train.settings import TrainSettings


def check_references(needs: Contract, settings: TrainSettings) -> None:
    """Refuse too few frozen policies, and such as would not be used.

    Raises:
        InputError: the objective needs several, and none is named.
        KnobError: some are named, and the objective has none but the policy as it starts.
    """
    if needs.needs_references and not settings.references:
        raise InputError(
            "this objective needs several frozen policies: name them by --references, once for "
            "each model folder; the first is the one that the others are clipped around"
        )
    if settings.references and not needs.needs_references:
        raise KnobError(
            "this objective does not use the references named by --references: its reference is "
            "the model as it starts. Leave them out, start from the model that you mean (--model), "
            "or take mrpo or mdpo, which mix several"
        )


def logps_of_references(
    encoded: EncodedPairs, settings: TrainSettings, processes: Processes
) -> list[list[Logps]]:
    """Return the log-probabilities of all pairs under each of `settings.references`.

    Raises:
        InputError: one cannot be loaded.
    """
    found = []
    for name in settings.references:
        note(f"reference {name}")
        found.append(logps_of_reference(name, encoded, settings, processes))
        let_go()
    return found


def logps_of_reference(
    name: str, encoded: EncodedPairs, settings: TrainSettings, processes: Processes
) -> list[Logps]:
    """Load one reference and return its log-probabilities of all pairs.

    Raises:
        InputError: it cannot be loaded.
    """
    policy = load_policy(
        name,
        dtype=settings.dtype,
        device=settings.device,
        trust_remote_code=settings.trust_remote_code,
        family=settings.model_family,
        silence_s=settings.silence_s,
        language=settings.language,
    )
    # It hears each clip for this one pass, so that the states of its tower are not kept.
    folder = Path(settings.cache_dir).expanduser()
    cache = ReferenceCache(folder, fingerprint.of_policy(policy))
    make = RowMaker(policy, encoded)
    batches = to_be_asked(policy, encoded, len(encoded), settings)
    return precompute(policy, make, cache, None, batches, processes)


def let_go() -> None:
    """Free the policies that nobody uses any more, and their memory on the GPU.

    A policy and its network refer to each other, so they wait for the collector.
    """
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
