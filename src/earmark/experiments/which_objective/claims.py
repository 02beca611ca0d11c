"""What the papers claim, each beside its control; one line each."""

from typing import NamedTuple

from earmark.experiments.outcomes import Outcomes, paired, verdict
from earmark.report.plots.seeds import SeedMean


class Claim(NamedTuple):
    """An arm that should have a lower error rate than its control, and under which condition.

    `control_condition` is another condition to compare with, where the claim is about pairs.
    """

    says: str
    arm: str
    control: str
    condition: str = "clean"
    control_condition: str = ""

    def found(self, outcomes: Outcomes, name: str = "codeswitch") -> SeedMean | None:
        """Return the paired difference of mixed error rates, arm minus control."""
        outcome = outcomes.get((self.condition, self.arm))
        control = outcomes.get((self.control_condition or self.condition, self.control))
        return paired(outcome, control, name) if outcome else None

    def verdict(self, outcomes: Outcomes) -> str:
        """Say what became of the claim; `lower` is what it promised."""
        return verdict(self.found(outcomes))


CLAIMS = (
    Claim("a preference term beats SFT on the same transcripts", "dpo", "sft"),
    Claim("an SFT term helps DPO (2404.19733)", "dpo+sft", "dpo"),
    Claim("an SFT term and preference beat SFT", "dpo+sft", "sft"),
    Claim("smoothed labels resist flips (2305.18290, note)", "cdpo", "dpo", "flipped-20"),
    Claim("smoothed labels resist flips", "cdpo", "dpo", "flipped-40"),
    Claim("an unbiased loss resists flips (2403.00409)", "robust_dpo", "dpo", "flipped-20"),
    Claim("an unbiased loss resists flips", "robust_dpo", "dpo", "flipped-40"),
    Claim("a bounded target overfits less on few pairs (2310.12036)", "ipo", "dpo", "pairs-100"),
    Claim("no reference is needed (2405.14734)", "simpo", "dpo"),
    Claim("likelihood and contrast beat SFT (2401.08417)", "cpo", "sft"),
    Claim("an odds ratio beats SFT (2403.07691)", "orpo", "sft"),
    Claim("single answers do as well as pairs (2402.01306)", "kto", "dpo"),
    Claim("dynamic beta beats a fixed one (2407.08639)", "beta_dpo", "dpo"),
    Claim("dynamic beta resists flips", "beta_dpo", "dpo", "flipped-20"),
    Claim("dynamic beta resists flips", "beta_dpo", "dpo", "flipped-40"),
    Claim("the filter, not the dropping", "beta_dpo", "beta_dpo_random_drop"),
    Claim(
        "the filter, not the dropping, resists flips",
        "beta_dpo",
        "beta_dpo_random_drop",
        "flipped-20",
    ),
    Claim("dynamic margins help (2506.03690)", "gamma_dpo", "dpo"),
    Claim("dynamic margins resist flips", "gamma_dpo", "dpo", "flipped-20"),
    Claim("dynamic margins resist flips", "gamma_dpo", "dpo", "flipped-40"),
    Claim("confidence scaling helps (2511.07691, inferred)", "capo", "dpo"),
    Claim("confidence scaling resists flips", "capo", "dpo", "flipped-20"),
    Claim("confidence scaling resists flips", "capo", "dpo", "flipped-40"),
    Claim("several rejected answers help DPO", "dpo", "dpo", "several", "clean"),
    Claim("a softmax over several rejected (2406.09215)", "s_dpo", "dpo", "several"),
    Claim("more references help (2405.16388)", "mrpo", "dpo"),
    Claim("uncertainty weights help SimPO (2511.06222)", "spa", "simpo"),
    Claim("a tilted distribution beats pairs (2604.11119)", "ddo_rm", "dpo", "several"),
    Claim("a hinge on the gap (2309.06657)", "hinge", "dpo"),
    Claim("gaps per token (2411.15124)", "sigmoid_norm", "dpo"),
    Claim("a bounded target per token", "ipo_mean", "ipo"),
    Claim("exact optimization (2402.00856)", "exo_pair", "dpo"),
    Claim("noise contrast keeps the chosen answer likely (2402.05369)", "nca_pair", "dpo"),
    Claim("a binary classifier (2404.04656)", "bco_pair", "dpo"),
    Claim("self-play targets (2405.00675)", "sppo_hard", "dpo"),
    Claim("gaps in order instead of each pair's (2406.05882)", "aot", "dpo"),
    Claim("unpaired answers in order", "aot_unpaired", "dpo"),
    Claim("anchored, chosen up (2408.06266)", "apo_zero", "dpo"),
    Claim("anchored, chosen down, as better models need it", "apo_down", "apo_zero"),
    Claim("a discovered loss (2406.08414)", "discopop", "dpo"),
    Claim("dynamic margins help SimPO", "gamma_simpo", "simpo"),
    Claim("margins that converge, not the published 20 steps", "gamma_dpo", "gamma_dpo_published"),
    Claim("the same for SimPO", "gamma_simpo", "gamma_simpo_published"),
    Claim("confidence relative to the size of rewards (inferred)", "capo_relative", "capo"),
    Claim("confidence from scores (inferred)", "capo_external", "capo"),
    Claim("a target without gradient, not the published one", "ddo_rm", "ddo_rm_undetached"),
    Claim("anchored at the reference (inferred)", "ddo_rm_reference", "ddo_rm"),
    Claim("anchored at a snapshot (inferred)", "ddo_rm_snapshot", "ddo_rm"),
    Claim("a mixture of references beats the sum of their losses", "mrpo", "mdpo"),
    Claim("smoothed labels cost nothing on clean pairs", "cdpo", "dpo"),
    Claim("an unbiased loss costs nothing on clean pairs", "robust_dpo", "dpo"),
    Claim("single answers resist flips", "kto", "dpo", "flipped-20"),
    Claim("single answers resist flips", "kto", "dpo", "flipped-40"),
    Claim("likelihood and contrast beat SFT on mined failures", "cpo", "sft", "mined"),
    Claim("an odds ratio beats SFT on mined failures", "orpo", "sft", "mined"),
    Claim("an SFT term and preference beat SFT on mined failures", "dpo+sft", "sft", "mined"),
    Claim("likelihood and contrast beat SFT on noisy transcripts", "cpo", "sft", "noisy-chosen"),
    Claim("an odds ratio beats SFT on noisy transcripts", "orpo", "sft", "noisy-chosen"),
    Claim(
        "mined beats imitated on the same utterances",
        "dpo",
        "dpo",
        "mined",
        "imitated-failing",
    ),
    Claim("more pairs at equal steps help SFT", "sft", "sft", "pairs-2400", "pairs-100"),
    Claim("more pairs at equal steps help DPO", "dpo", "dpo", "pairs-2400", "pairs-100"),
    Claim(
        "negative control: nothing but the request's wording differs",
        "sft",
        "sft",
        "imitated-failing",
        "mined",
    ),
)
