"""Several frozen policies: load each, ask it for all pairs, let it go again.

Each reference tokenizes with its own tokenizer; sums over an answer can be compared all the
same. Only one of them is in memory at a time, beside the policy that is trained.
"""

from pathlib import Path

from earmark.errors import InputError
from earmark.policies.load import load_policy
from earmark.policies.policy import Policy
from earmark.progress import note
from earmark.train import fingerprint
from earmark.train.encode import EncodedPairs
from earmark.train.feature_cache import FeatureCache
from earmark.train.frozen import Caches, ask_for_all
from earmark.train.plan import to_be_asked
from earmark.train.prepare import RowMaker
from earmark.train.reference_cache import ReferenceCache
from earmark.train.rows import Logps
from earmark.train.settings import TrainSettings
from earmark.train.together import Processes


def logps_of_references(
    encoded: EncodedPairs, settings: TrainSettings, processes: Processes
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
        caches = open_caches(policy, fingerprint.of_policy(policy), settings)
        make = RowMaker(policy, encoded, caches.features, caches.reference)
        batches = to_be_asked(policy, encoded, len(encoded), settings)
        found.append(ask_for_all(policy, make, caches, batches, processes))
    return found


def open_caches(policy: Policy, policy_hash: str, settings: TrainSettings) -> Caches:
    """Open the caches of a policy, as far as the settings want them."""
    folder = Path(settings.cache_dir).expanduser()
    # Without parts that hear by themselves there are no states to keep, only the clips.
    wanted = settings.cache_features and policy.hearing and policy.hearing_is_frozen
    features = FeatureCache(folder, policy) if wanted else None
    return Caches(features, ReferenceCache(folder, policy_hash))
