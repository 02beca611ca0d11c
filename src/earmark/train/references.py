"""Several frozen policies: load each, ask it for all pairs, let it go again.

Each reference tokenizes with its own tokenizer; sums over an answer can be compared all the
same. Only one of them is in memory at a time, beside the policy that is trained.
"""

from collections.abc import Sequence

from earmark.errors import InputError
from earmark.policies.load import load_policy
from earmark.progress import note
from earmark.train.encode import EncodedPair
from earmark.train.prepare import frozen_logps, hear_pairs
from earmark.train.rows import Logps
from earmark.train.settings import TrainSettings


def logps_of_references(
    encoded: Sequence[EncodedPair], settings: TrainSettings
) -> list[list[Logps]]:
    """Return the log-probabilities of all pairs under each of `settings.references`.

    Raises:
        InputError: no reference is named.
    """
    if not settings.references:
        raise InputError(
            "this objective needs several frozen policies: name them by --references, once for "
            "each model folder; the first is the one that the others are clipped around"
        )
    found = []
    for name in settings.references:
        note(f"reference {name}")
        policy = load_policy(
            name,
            dtype=settings.dtype,
            device=settings.device,
            trust_remote_code=settings.trust_remote_code,
        )
        found.append(frozen_logps(hear_pairs(policy, encoded, settings), settings))
    return found
