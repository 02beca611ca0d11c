"""Every objective that TRL 1.16 has too gives its loss and gradients, from TRL's own code."""

import pytest
import torch
import trl_bench as bench
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer
from trl.experimental.cpo import CPOConfig, CPOTrainer
from trl.experimental.orpo import ORPOConfig, ORPOTrainer

from earmark.objectives import OBJECTIVES
from earmark.objectives.bco_pair import BcoState
from earmark.objectives.contract.signature import contract
from earmark.objectives.sft import sft, with_sft

pytestmark = pytest.mark.filterwarnings("ignore")
BETA = 0.3
EPSILON = 0.2

# Our name: TRL's loss_type, its label smoothing, our knobs beside beta.
REFERENCE_BASED = {
    "dpo": ("sigmoid", 0.0, {}),
    "robust_dpo": ("robust", EPSILON, {"flip_rate": EPSILON}),
    "ipo_mean": ("ipo", 0.0, {}),
    "hinge": ("hinge", 0.0, {}),
    "exo_pair": ("exo_pair", EPSILON, {"label_smoothing": EPSILON}),
    "nca_pair": ("nca_pair", 0.0, {}),
    "bco_pair": ("bco_pair", 0.0, {}),
    "sppo_hard": ("sppo_hard", 0.0, {}),
    "aot": ("aot", EPSILON, {"label_smoothing": EPSILON}),
    "aot_unpaired": ("aot_unpaired", EPSILON, {"label_smoothing": EPSILON}),
    "apo_zero": ("apo_zero", 0.0, {}),
    "apo_down": ("apo_down", 0.0, {}),
    "discopop": ("discopop", 0.0, {"tau": 0.05}),
    "sigmoid_norm": ("sigmoid_norm", 0.0, {}),
}


@pytest.fixture(scope="module")
def words():
    return bench.tokenizer()


@pytest.fixture(scope="module")
def policy(words):
    return bench.tiny_language_model(len(words), 3)


@pytest.fixture(scope="module")
def reference(words):
    return bench.tiny_language_model(len(words), 4)


@pytest.fixture(scope="module")
def dpo_trainer(words, policy, reference, tmp_path_factory):
    return bench.trl_trainer(
        DPOTrainer,
        DPOConfig,
        tmp_path_factory.mktemp("dpo"),
        words,
        bench.UNEVEN,
        {"beta": BETA},
        model=policy,
        ref_model=reference,
    )


@pytest.fixture(scope="module")
def batch(dpo_trainer):
    return dict(next(iter(dpo_trainer.get_train_dataloader())))


def trls(trainer, batch, loss_type, smoothing=0.0, beta=BETA):
    """Run the branch of TRL's DPOTrainer that has this name."""
    trainer.loss_types, trainer.label_smoothing, trainer.beta = [loss_type], smoothing, beta
    return trainer.compute_loss(trainer.model, dict(batch))


@pytest.fixture(scope="module")
def supply(policy, reference, batch):
    return named(policy, reference, batch)


def named(policy, reference, batch):
    """Compute by hand, once a batch, what objectives take."""
    with torch.no_grad():
        frozen = bench.pairs(reference, batch)
    found = bench.supplied(*bench.pairs(policy, batch), *frozen)
    return found | {"training": False, "state": BcoState()}


def ours(name, supply, **knobs):
    objective = OBJECTIVES[name]
    return objective(**{n: supply[n] for n in contract(objective).tensors}, **knobs)


def only(batch, at):
    """Keep one pair of a DPOTrainer's batch, whose rejected rows follow the chosen ones."""
    pairs = len(batch["input_ids"]) // 2
    return {k: v[[at, pairs + at]] for k, v in batch.items()}


def test_the_batch_can_tell_losses_apart(supply):
    margin = ours("dpo", supply, beta=BETA).margin
    assert margin.min() < -0.1
    assert margin.max() > 1.1
    for name in ("aot", "aot_unpaired"):
        assert ours(name, supply, beta=BETA).logged["strangers"] > 0, "sorting must matter"
    assert len(set(supply["chosen_tokens"].tolist())) > 2
    assert (supply["chosen_tokens"] != supply["rejected_tokens"]).any()


@pytest.mark.parametrize("name", REFERENCE_BASED)
def test_dpo_trainers_branch(name, dpo_trainer, policy, batch, supply):
    loss_type, smoothing, knobs = REFERENCE_BASED[name]
    theirs = trls(dpo_trainer, batch, loss_type, smoothing)
    bench.assert_same(ours(name, supply, beta=BETA, **knobs).per_pair.mean(), theirs, policy)
    off = ours(name, supply, beta=1.05 * BETA, **knobs).per_pair.mean()
    assert abs(float(off) - float(theirs)) > 1e-4, "the comparison must be able to fail"


@pytest.mark.parametrize("at", [0, 1])
def test_cdpo_is_trls_aot_of_one_pair(at, dpo_trainer, policy, reference, batch):
    one = only(batch, at)
    theirs = trls(dpo_trainer, one, "aot", EPSILON)
    knobs = {"beta": BETA, "label_smoothing": EPSILON}
    found = ours("cdpo", named(policy, reference, one), **knobs)
    bench.assert_same(found.per_pair.mean(), theirs, policy)


def test_ipo_is_trls_where_lengths_are_equal(dpo_trainer, policy, reference, batch, supply):
    equal = supply["chosen_tokens"] == supply["rejected_tokens"]
    one = only(batch, int(equal.nonzero()[0]))
    tokens = float(supply["chosen_tokens"][equal][0])
    theirs = trls(dpo_trainer, one, "ipo")
    found = ours("ipo", named(policy, reference, one), beta=BETA / tokens).per_pair.mean()
    bench.assert_same(found / tokens**2, theirs, policy)


def test_ipo_is_not_trls_where_they_are_not(dpo_trainer, batch, supply):
    theirs = trls(dpo_trainer, batch, "ipo")
    found = ours("ipo", supply, beta=BETA).per_pair.mean()
    assert abs(float(found) - float(theirs)) > 0.1


def test_sft_is_trls_for_one_answer(dpo_trainer, policy, reference, batch):
    one = only(batch, 0)
    theirs = trls(dpo_trainer, one, "sft")
    found = ours("sft", named(policy, reference, one)).per_pair.mean()
    bench.assert_same(found, theirs, policy)


def test_dpo_with_an_sft_term_is_trls_two_losses(words, policy, reference, tmp_path):
    """Chosen answers of equal lengths: see the departure of sft."""
    options = {"beta": BETA, "loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 0.7]}
    models = {"model": policy, "ref_model": reference}
    trainer = bench.trl_trainer(
        DPOTrainer, DPOConfig, tmp_path, words, bench.EVEN, options, **models
    )
    batch = dict(next(iter(trainer.get_train_dataloader())))
    theirs = trainer.compute_loss(trainer.model, dict(batch))
    supply = named(policy, reference, batch)
    names = (*contract(OBJECTIVES["dpo"]).tensors, "chosen_tokens")
    given = {name: supply[name] for name in names}
    found = with_sft(OBJECTIVES["dpo"], 0.7)(**given, beta=BETA).per_pair.mean()
    bench.assert_same(found, theirs, policy)
    off = with_sft(OBJECTIVES["dpo"], 0.6)(**given, beta=BETA).per_pair.mean()
    assert abs(float(off) - float(theirs)) > 1e-3, "the comparison must be able to fail"


def reference_free(kind, config, rows, words, policy, folder, **options):
    trainer = bench.trl_trainer(kind, config, folder, words, rows, options, model=policy)
    batch = dict(next(iter(trainer.get_train_dataloader())))
    theirs = trainer.compute_loss(policy, dict(batch))
    return trainer, theirs, bench.supplied(*bench.labelled_pairs(policy, batch))


def free(name, supply, **knobs):
    return ours(name, supply, **knobs).per_pair.mean()


def test_simpo(words, policy, tmp_path):
    options = {"loss_type": "simpo", "cpo_alpha": 0.0, "simpo_gamma": 0.7, "beta": BETA}
    _, theirs, supply = reference_free(
        CPOTrainer, CPOConfig, bench.UNEVEN, words, policy, tmp_path, **options
    )
    bench.assert_same(free("simpo", supply, beta=BETA, gamma=0.7), theirs, policy)
    assert abs(float(free("simpo", supply, beta=BETA, gamma=0.5)) - float(theirs)) > 1e-3


def test_cpo(words, policy, tmp_path):
    _, theirs, supply = reference_free(
        CPOTrainer, CPOConfig, bench.EVEN, words, policy, tmp_path, beta=BETA, cpo_alpha=0.6
    )
    bench.assert_same(free("cpo", supply, beta=BETA, alpha=0.6), theirs, policy)


def test_cpo_differs_by_its_mean_over_tokens_alone(words, policy, tmp_path):
    _, theirs, supply = reference_free(
        CPOTrainer, CPOConfig, bench.UNEVEN, words, policy, tmp_path, beta=BETA, cpo_alpha=0.6
    )
    pooled = -supply["chosen"].sum() / supply["chosen_tokens"].sum()
    preference = free("cpo", supply, beta=BETA, alpha=0.0)
    bench.assert_same(preference + 0.6 * pooled, theirs, policy)
    assert abs(float(free("cpo", supply, beta=BETA, alpha=0.6)) - float(theirs)) > 1e-3


def test_orpo(words, policy, tmp_path):
    _, theirs, supply = reference_free(
        ORPOTrainer, ORPOConfig, bench.EVEN, words, policy, tmp_path, beta=BETA
    )
    bench.assert_same(free("orpo", supply, beta=BETA), theirs, policy)


def test_orpo_differs_by_its_sft_term_alone(words, policy, tmp_path):
    trainer, theirs, supply = reference_free(
        ORPOTrainer, ORPOConfig, bench.UNEVEN, words, policy, tmp_path, beta=BETA
    )
    odds = trainer.odds_ratio_loss(
        supply["chosen"] / supply["chosen_tokens"], supply["rejected"] / supply["rejected_tokens"]
    )[0]
    bench.assert_same(
        free("orpo", supply, beta=BETA) - sft(supply["chosen"], supply["chosen_tokens"])[0].mean(),
        -odds.mean(),
        policy,
    )
    assert abs(float(free("orpo", supply, beta=BETA)) - float(theirs)) > 1e-3


def test_summed_ipo_is_the_loss_method_of_trls_cpo(words, policy, tmp_path):
    trainer, _, _ = reference_free(
        CPOTrainer, CPOConfig, bench.EVEN, words, policy, tmp_path, loss_type="ipo", beta=BETA
    )
    generator = torch.Generator().manual_seed(0)
    chosen, rejected, *frozen = (-20 * torch.rand(4, 6, generator=generator)).requires_grad_()
    theirs, _, _ = trainer.cpo_loss(chosen - frozen[0], rejected - frozen[1])
    found = OBJECTIVES["ipo"](chosen, rejected, *frozen, beta=BETA).per_pair
    torch.testing.assert_close(found, theirs)
    for leaf in (chosen, rejected):
        got, wanted = (
            torch.autograd.grad(x.sum(), leaf, retain_graph=True) for x in (found, theirs)
        )
        torch.testing.assert_close(got, wanted)


KTO_KNOBS = {"beta": BETA, "desirable_weight": 1.5, "undesirable_weight": 0.8}
KTO_ROWS = [
    {"prompt": row["prompt"], "completion": row[side], "label": side == "chosen"}
    for row in bench.UNEVEN
    for side in ("chosen", "rejected")
][:-1]


def kto_supply(policy, reference, batch):
    found = {"wanted": batch["label"].bool()}
    for prefix, name in (("", "answers"), ("KL_", "mismatched")):
        row = [batch[f"{prefix}{k}"] for k in ("input_ids", "attention_mask", "completion_mask")]
        found[name] = bench.answer_sums(policy, *row).logps
        with torch.no_grad():
            found[f"ref_{name}"] = bench.answer_sums(reference, *row).logps
    return found


@pytest.mark.parametrize("seeds", [(3, 4), (4, 3)])
def test_kto(seeds, words, tmp_path):
    """One of the two directions has a baseline above 0, the other one is clamped."""
    policy, reference = (bench.tiny_language_model(len(words), seed) for seed in seeds)
    models = {"model": policy, "ref_model": reference}
    trainer = bench.trl_trainer(
        KTOTrainer, KTOConfig, tmp_path, words, KTO_ROWS, KTO_KNOBS, **models
    )
    batch = dict(next(iter(trainer.get_train_dataloader())))
    theirs = trainer.compute_loss(policy, dict(batch))
    supply = kto_supply(policy, reference, batch)
    loss = OBJECTIVES["kto"](**supply, **KTO_KNOBS)
    gap = float((supply["mismatched"] - supply["ref_mismatched"]).mean())
    assert (gap > 0.1) if seeds == (3, 4) else (gap < -0.1), gap
    assert float(loss.logged["kl"]) == pytest.approx(max(gap, 0.0))
    bench.assert_same(loss.per_pair.mean(), theirs, policy)
