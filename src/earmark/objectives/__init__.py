"""Preference objectives: pure functions of log-probabilities, one file each.

To add one: write the function in a file of its own and name it in OBJECTIVES.
"""

from collections.abc import Callable

from earmark.objectives.aot import aot, aot_unpaired
from earmark.objectives.apo import apo_down, apo_zero
from earmark.objectives.bco_pair import bco_pair
from earmark.objectives.beta_dpo import beta_dpo, beta_dpo_random_drop
from earmark.objectives.capo import capo, capo_external, capo_relative
from earmark.objectives.cdpo import cdpo
from earmark.objectives.contract.loss import Loss
from earmark.objectives.cpo import cpo
from earmark.objectives.ddo_rm import (
    ddo_rm,
    ddo_rm_reference,
    ddo_rm_snapshot,
    ddo_rm_undetached,
)
from earmark.objectives.discopop import discopop
from earmark.objectives.dph import con_dph, sep_dph
from earmark.objectives.dpo import dpo
from earmark.objectives.exo_pair import exo_pair
from earmark.objectives.gamma_po import gamma_dpo, gamma_simpo
from earmark.objectives.gamma_published import gamma_dpo_published, gamma_simpo_published
from earmark.objectives.hinge import hinge
from earmark.objectives.implicit_prm import implicit_prm_ce, implicit_prm_paired
from earmark.objectives.ipo import ipo, ipo_mean
from earmark.objectives.kto import kto
from earmark.objectives.mrpo import mdpo, mrpo
from earmark.objectives.nca_pair import nca_pair
from earmark.objectives.orpo import orpo
from earmark.objectives.robust_dpo import robust_dpo
from earmark.objectives.s_dpo import s_dpo
from earmark.objectives.sft import sft
from earmark.objectives.sigmoid_norm import sigmoid_norm
from earmark.objectives.simpo import simpo
from earmark.objectives.spa import spa
from earmark.objectives.sppo_hard import sppo_hard
from earmark.objectives.wrappers.confidence import with_confidence
from earmark.objectives.wrappers.divergences import (
    with_alpha_divergence,
    with_forward_kl,
    with_js_divergence,
)
from earmark.objectives.wrappers.length_desensitised import with_length_desensitised
from earmark.objectives.wrappers.policy_weight import with_policy_weight

OBJECTIVES: dict[str, Callable[..., Loss]] = {
    "dpo": dpo,
    "cdpo": cdpo,
    "robust_dpo": robust_dpo,
    "sigmoid_norm": sigmoid_norm,
    "ipo": ipo,
    "ipo_mean": ipo_mean,
    "hinge": hinge,
    "exo_pair": exo_pair,
    "nca_pair": nca_pair,
    "bco_pair": bco_pair,
    "sppo_hard": sppo_hard,
    "aot": aot,
    "aot_unpaired": aot_unpaired,
    "apo_zero": apo_zero,
    "apo_down": apo_down,
    "discopop": discopop,
    "kto": kto,
    "simpo": simpo,
    "cpo": cpo,
    "orpo": orpo,
    "beta_dpo": beta_dpo,
    "beta_dpo_random_drop": beta_dpo_random_drop,
    "gamma_dpo": gamma_dpo,
    "gamma_dpo_published": gamma_dpo_published,
    "gamma_simpo": gamma_simpo,
    "gamma_simpo_published": gamma_simpo_published,
    "capo": capo,
    "capo_relative": capo_relative,
    "capo_external": capo_external,
    "spa": spa,
    "s_dpo": s_dpo,
    "ddo_rm": ddo_rm,
    "ddo_rm_undetached": ddo_rm_undetached,
    "ddo_rm_reference": ddo_rm_reference,
    "ddo_rm_snapshot": ddo_rm_snapshot,
    "mrpo": mrpo,
    "mdpo": mdpo,
    "sft": sft,
}

HEAD_OBJECTIVES: dict[str, Callable[..., Loss]] = {
    "sep_dph": sep_dph,
    "con_dph": con_dph,
    "implicit_prm_ce": implicit_prm_ce,
    "implicit_prm_paired": implicit_prm_paired,
}
"""Losses of rewards or log-ratios of heads; no trainer supplies those, so call them yourself."""

WRAPPERS: dict[str, Callable[[Callable[..., Loss]], Callable[..., Loss]]] = {
    "forward-kl": with_forward_kl,
    "js": with_js_divergence,
    "alpha-divergence": with_alpha_divergence,
    "length": with_length_desensitised,
    "policy-weight": with_policy_weight,
    "confidence": with_confidence,
}
"""What changes another objective, by name; each takes an objective and returns one."""
