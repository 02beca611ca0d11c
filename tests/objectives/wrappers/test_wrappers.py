"""Wrappers: by hand, neutral settings, refusals, extremes, and TRL's own loss code."""

import math

import pytest
import torch
import torch.nn.functional as F
from datasets import Dataset
from transformers import Qwen2Config, Qwen2ForCausalLM
from trl import DPOConfig, DPOTrainer

from earmark.errors import KnobError
from earmark.objectives import OBJECTIVES, WRAPPERS
from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.signature import SUPPLIED, contract, set_knobs
from earmark.objectives.dpo import dpo
from earmark.objectives.mrpo import mrpo
from earmark.objectives.sft import sft, with_sft
from earmark.objectives.wrappers.divergences import (
    STEEP,
    gentle_expm1,
    with_alpha_divergence,
    with_forward_kl,
    with_js_divergence,
)
from earmark.objectives.wrappers.length_desensitised import with_length_desensitised
from earmark.objectives.wrappers.pair_tensors import RATIO_TENSORS, probe
from earmark.objectives.wrappers.policy_weight import with_policy_weight
from earmark.tiny.model import train_tokenizer
from tiny_world import TEXTS

DIVERGENCES = {
    "forward_kl": with_forward_kl,
    "js_divergence": with_js_divergence,
    "alpha_divergence": with_alpha_divergence,
}
OURS = [*DIVERGENCES.values(), with_length_desensitised, with_policy_weight]
# What TRL 1.16 generalises to other divergences, by the names here, and what it refuses.
GENERALISED = {"dpo", "sigmoid_norm", "hinge", "ipo_mean", "exo_pair", "robust_dpo", "discopop"}
NOT_GENERALISED = {"nca_pair", "bco_pair", "sppo_hard", "aot", "aot_unpaired", "apo_zero"}
NOT_GENERALISED.add("apo_down")
ROWS = [
    {"prompt": "Write it down.", "chosen": "我 想 去 library", "rejected": "我 想"},
    {"prompt": "we should share", "chosen": "the shop", "rejected": "the 会 议 at the library"},
    {"prompt": "Write it", "chosen": "down", "rejected": "大"},
]


def batch(pairs=5, dtype=torch.float64, scale=3.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    draw = {"generator": generator, "dtype": torch.float64}
    supply = {}
    for name in ("chosen", "rejected", "ref_chosen", "ref_rejected"):
        supply[name] = -scale * torch.rand(pairs, **draw)
        supply[f"{name}_prefix"] = supply[name] * torch.rand(pairs, **draw)
    for name in ("chosen_tokens", "rejected_tokens"):
        supply[name] = torch.randint(1, 20, (pairs,), generator=generator).double()
    return {name: value.to(dtype) for name, value in supply.items()}


def call(objective, supply, **knobs):
    return objective(**{name: supply[name] for name in contract(objective).tensors}, **knobs)


def nca_like(chosen, rejected, ref_chosen, ref_rejected, *, beta: float = 0.1) -> Loss:
    """Depend on each log-ratio by itself."""
    up, down = beta * (chosen - ref_chosen), beta * (rejected - ref_rejected)
    return Loss(-F.logsigmoid(up) - F.logsigmoid(-down), up - down)


def sorting(chosen, rejected, ref_chosen, ref_rejected) -> Loss:
    """Compare sorted log-ratios, so that pairs mix."""
    up, down = (chosen - ref_chosen).sort().values, (rejected - ref_rejected).sort().values
    return Loss(-F.logsigmoid(up - down), up - down)


def many(chosen, losers) -> Loss:
    """Have several rejected answers."""
    return Loss(losers.logsumexp(1) - chosen, chosen)


@pytest.fixture(scope="module")
def trl(tmp_path_factory):
    """A tiny run of TRL's trainer; its settings are changed between tests."""
    tokenizer = train_tokenizer(TEXTS)
    models = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
        prefixes = {"num_attention_heads": 2, "num_key_value_heads": 2, "initializer_range": 0.3}
        models.append(Qwen2ForCausalLM(Qwen2Config(vocab_size=len(tokenizer), **size, **prefixes)))
    trainer = DPOTrainer(
        model=models[0],
        ref_model=models[1],
        args=DPOConfig(
            output_dir=str(tmp_path_factory.mktemp("trl")),
            per_device_train_batch_size=len(ROWS),
            report_to=[],
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
        ),
        train_dataset=Dataset.from_list(ROWS),
        processing_class=tokenizer,
    )
    return trainer, next(iter(trainer.get_train_dataloader()))


def logps_of(model, rows):
    """Return [answer, token] log-probabilities, 0 outside of answers."""
    logits = model(input_ids=rows["input_ids"], attention_mask=rows["attention_mask"]).logits
    logps = logits[:, :-1].log_softmax(-1).gather(2, rows["input_ids"][:, 1:, None])[..., 0]
    return logps * rows["completion_mask"][:, 1:]


def supply_of(trainer, rows):
    mask = rows["completion_mask"][:, 1:]
    chosen_tokens, rejected_tokens = mask.sum(1).chunk(2)
    shared = torch.minimum(chosen_tokens, rejected_tokens).repeat(2)
    in_prefix = (mask.cumsum(1) <= shared[:, None]) * mask
    supply = {"chosen_tokens": chosen_tokens.float(), "rejected_tokens": rejected_tokens.float()}
    for prefix, model in (("", trainer.model), ("ref_", trainer.ref_model)):
        with torch.set_grad_enabled(not prefix):
            logps = logps_of(model, rows)
        for suffix, values in (("", logps), ("_prefix", logps * in_prefix)):
            chosen, rejected = values.sum(1).chunk(2)
            supply[f"{prefix}chosen{suffix}"] = chosen
            supply[f"{prefix}rejected{suffix}"] = rejected
    return supply


def assert_like_trl(trl, objective, monkeypatch, settings, **knobs):
    trainer, rows = trl
    for name, value in settings.items():
        monkeypatch.setattr(trainer, name, value)
    parameters = list(trainer.model.parameters())
    theirs = trainer.compute_loss(trainer.model, dict(rows))
    wanted = torch.autograd.grad(theirs, parameters, allow_unused=True)
    ours = call(objective, supply_of(trainer, rows), **knobs).per_pair.mean()
    found = torch.autograd.grad(ours, parameters, allow_unused=True)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    for one, other in zip(found, wanted, strict=True):
        # As a whole: a small entry may be the difference of large ones, and its last digits hang on
        # the processor. An error of 1e-5 nats in a sum is as large a part of a gradient with e^t.
        assert (one - other).norm() <= 1e-4 * other.norm()
    return float(ours)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "coefficient"),
    [
        ("forward_kl", None),
        ("js_divergence", None),
        ("alpha_divergence", 0.5),
        ("alpha_divergence", 0.8),
        ("alpha_divergence", 1.0),
    ],
)
def test_divergences_are_trls(trl, monkeypatch, kind, coefficient):
    settings = {"beta": 0.3, "f_divergence_type": kind}
    knobs = {"beta": 0.3}
    if coefficient is not None:
        settings["f_alpha_divergence_coef"] = coefficient
        knobs["divergence_alpha"] = 1 - coefficient
    found = assert_like_trl(trl, DIVERGENCES[kind](dpo), monkeypatch, settings, **knobs)
    plain = float(call(dpo, supply_of(*trl), beta=0.3).per_pair.mean())
    assert (abs(found - plain) < 1e-5) == (coefficient == 1.0), "else this would prove nothing"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ld_alpha", [0.0, 0.4, 1.0])
def test_length_is_trls(trl, monkeypatch, ld_alpha):
    settings = {"beta": 0.3, "ld_alpha": ld_alpha}
    objective = with_length_desensitised(dpo)
    found = assert_like_trl(trl, objective, monkeypatch, settings, beta=0.3, ld_alpha=ld_alpha)
    plain = float(call(dpo, supply_of(*trl), beta=0.3).per_pair.mean())
    assert (abs(found - plain) < 1e-5) == (ld_alpha == 1.0), "else this would prove nothing"


@pytest.mark.filterwarnings("ignore")
def test_length_around_a_divergence_is_trls(trl, monkeypatch):
    settings = {"beta": 0.3, "ld_alpha": 0.4, "f_divergence_type": "js_divergence"}
    objective = with_length_desensitised(with_js_divergence(dpo))
    assert_like_trl(trl, objective, monkeypatch, settings, beta=0.3, ld_alpha=0.4)


@pytest.mark.parametrize("wrapper", OURS)
def test_wrappers_are_in_the_table_and_keep_the_contract_of_what_they_wrap(wrapper):
    assert wrapper in WRAPPERS.values()
    wrapped, before = contract(wrapper(dpo)), contract(dpo)
    assert wrapped.tensors[:4] == before.tensors
    assert set(wrapped.tensors) <= SUPPLIED.keys()
    assert wrapped.knobs["beta"] == 0.1
    document = wrapper.__doc__
    assert "By hand:" in document
    assert "arXiv" in document
    for knob in wrapped.knobs.keys() - before.knobs.keys():
        assert f"    {knob}: " in document


def test_divergences_by_hand():
    supply = {
        "chosen": torch.tensor([4.0]).log(),
        "rejected": torch.tensor([0.25]).log(),
        "ref_chosen": torch.zeros(1),
        "ref_rejected": torch.zeros(1),
    }
    wanted = {
        with_forward_kl: (1 - 1 / 4) - (1 - 4),
        with_js_divergence: math.log(8 / 5) - math.log(0.5 / 1.25),
        with_alpha_divergence: 2 * (1 - 1 / 2) - 2 * (1 - 2),
    }
    for wrapper, margin in wanted.items():
        found = call(wrapper(dpo), supply, beta=1.0)
        assert found.margin.item() == pytest.approx(margin)
        assert found.per_pair.item() == pytest.approx(math.log1p(math.exp(-margin)))


def test_alpha_divergence_ends_in_both_kullback_leiblers():
    supply, alpha = batch(), with_alpha_divergence(dpo)
    reverse, forward = call(dpo, supply), call(with_forward_kl(dpo), supply)
    torch.testing.assert_close(call(alpha, supply, divergence_alpha=0).per_pair, reverse.per_pair)
    near = call(alpha, supply, divergence_alpha=1e-9)
    torch.testing.assert_close(near.per_pair, reverse.per_pair)
    torch.testing.assert_close(call(alpha, supply, divergence_alpha=1).per_pair, forward.per_pair)
    assert not torch.allclose(reverse.per_pair, forward.per_pair)


@pytest.mark.parametrize("wrapper", DIVERGENCES.values())
def test_divergences_leave_policy_as_reference_at_log_2_with_dpos_gradient(wrapper):
    supply = batch()
    supply |= {f"ref_{side}": supply[side].clone() for side in ("chosen", "rejected")}
    leaf = supply["chosen"].requires_grad_()
    found = call(wrapper(dpo), supply, beta=0.4)
    torch.testing.assert_close(found.per_pair, torch.full_like(leaf, math.log(2)))
    (gradient,) = torch.autograd.grad(found.per_pair.sum(), leaf)
    # f''(1) = 1 for both Kullback-Leiblers and α; Jensen-Shannon is half as steep there
    steep = 0.5 if wrapper is with_js_divergence else 1.0
    torch.testing.assert_close(gradient, torch.full_like(leaf, -0.5 * 0.4 * steep))


def test_length_by_hand_and_at_1_bit_by_bit():
    supply = batch(dtype=torch.float32)
    wrapped = with_length_desensitised(dpo)
    assert torch.equal(call(wrapped, supply, ld_alpha=1).per_pair, call(dpo, supply).per_pair)
    prefixes = {name: supply[f"{name}_prefix"] for name in contract(dpo).tensors}
    assert torch.equal(call(wrapped, supply, ld_alpha=0).per_pair, call(dpo, prefixes).per_pair)
    mixed = {name: 0.7 * prefixes[name] + 0.3 * supply[name] for name in prefixes}
    torch.testing.assert_close(
        call(wrapped, supply, ld_alpha=0.3).per_pair, call(dpo, mixed).per_pair
    )


def test_length_works_without_a_reference():
    def likely(chosen, rejected, *, beta: float = 1.0) -> Loss:
        return Loss(-F.logsigmoid(beta * (chosen - rejected)), chosen - rejected)

    wrapped = contract(with_length_desensitised(likely))
    assert wrapped.tensors == ("chosen", "rejected", "chosen_prefix", "rejected_prefix")
    assert not wrapped.needs_reference
    assert wrapped.needs_prefixes


def test_policy_weight_by_hand():
    supply = batch()
    found, plain = call(with_policy_weight(dpo), supply), call(dpo, supply)
    exponent = supply["chosen"] / supply["chosen_tokens"]
    exponent = exponent + supply["rejected"] / supply["rejected_tokens"]
    torch.testing.assert_close(found.per_pair, exponent.exp() * plain.per_pair)
    assert torch.equal(found.margin, plain.margin)
    torch.testing.assert_close(found.logged["policy_weight"], exponent.exp())


def test_policy_weight_is_1_where_the_policy_is_sure_and_never_more():
    supply = batch()
    supply |= {"chosen": torch.zeros(5).double(), "rejected": torch.full((5,), 1e-3).double()}
    assert torch.equal(call(with_policy_weight(dpo), supply).per_pair, call(dpo, supply).per_pair)


def test_no_gradient_flows_through_the_policy_weight():
    supply = batch()
    leaf = supply["chosen"].requires_grad_()
    found = call(with_policy_weight(dpo), supply)
    weighted = (found.logged["policy_weight"] * call(dpo, supply).per_pair).sum()
    one, other = (torch.autograd.grad(x, leaf)[0] for x in (found.per_pair.sum(), weighted))
    torch.testing.assert_close(one, other)
    assert not found.logged["policy_weight"].requires_grad


@pytest.mark.parametrize("wrapper", DIVERGENCES.values())
@pytest.mark.parametrize("objective", [sft, mrpo, many, nca_like, sorting, with_sft(dpo, 1.0)])
def test_divergences_refuse_all_but_a_difference_of_ratios(wrapper, objective):
    with pytest.raises(KnobError, match=r"has no .*ref_chosen|log-ratios and nothing else"):
        wrapper(objective)


@pytest.mark.parametrize("wrapper", DIVERGENCES.values())
def test_divergences_accept_and_refuse_what_trl_does(wrapper):
    for name in GENERALISED:
        assert contract(wrapper(OBJECTIVES[name])).tensors == contract(OBJECTIVES[name]).tensors
    for name in NOT_GENERALISED:
        with pytest.raises(KnobError, match="nothing else"):
            wrapper(OBJECTIVES[name])


def test_wrappers_refuse_the_wrong_order_and_what_they_cannot_act_on():
    with pytest.raises(KnobError, match="chosen_prefix, rejected_prefix"):
        with_js_divergence(with_length_desensitised(dpo))
    with pytest.raises(KnobError, match="nothing else"):
        with_js_divergence(with_policy_weight(dpo))
    with pytest.raises(KnobError, match="chosen_prefix"):
        with_length_desensitised(with_length_desensitised(dpo))
    for objective in (sft, many):
        for wrapper in (with_length_desensitised, with_policy_weight):
            with pytest.raises(KnobError, match="has no rejected"):
                wrapper(objective)
    with pytest.raises(KnobError, match="refs_chosen, refs_rejected"):
        with_length_desensitised(mrpo)
    with pytest.raises(KnobError, match="mixes the pairs"):
        with_policy_weight(sorting)
    for name in ("simpo", "spa", "gamma_simpo", "orpo", "cpo", "sigmoid_norm", "ipo_mean"):
        with pytest.raises(KnobError, match="the longer answer would win by its length"):
            with_length_desensitised(OBJECTIVES[name])


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_no_accepted_objective_prefers_an_answer_for_its_length(alpha):
    """All tokens at −1 nat as under the reference: nothing is preferred, whatever the lengths."""
    tokens = {"chosen": 20.0, "rejected": 5.0}
    accepted = 0
    for objective in OBJECTIVES.values():
        try:
            wrapped = with_length_desensitised(objective)
        except KnobError:
            continue
        accepted += 1
        supply = {
            name: value.float() if torch.is_tensor(value) else value
            for name, value in probe(contract(wrapped)).items()
        }
        for name in supply.keys() & {f"{p}{s}" for p in RATIO_TENSORS for s in ("", "_prefix")}:
            whole = tokens[name.removeprefix("ref_").removesuffix("_prefix")]
            value = min(tokens.values()) if name.endswith("_prefix") else whole
            supply[name] = torch.full_like(supply[name], -value)
        margin = wrapped(**supply, ld_alpha=alpha).margin
        assert margin.abs().max() < 1e-6, objective
    assert accepted >= len(GENERALISED)


@pytest.mark.parametrize(
    ("wrapper", "knob"),
    [(with_alpha_divergence, "divergence_alpha"), (with_length_desensitised, "ld_alpha")],
)
@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_knobs_out_of_range_are_refused(wrapper, knob, value):
    with pytest.raises(KnobError, match=f"'{knob}' should be from 0 to 1, found {value}"):
        call(wrapper(dpo), batch(), **{knob: value})


def test_knobs_of_wrapper_and_wrapped_are_set_by_name():
    ready = set_knobs("dpo", with_length_desensitised(dpo), {"beta": 0.7, "ld_alpha": 0.2})
    wanted = call(with_length_desensitised(dpo), batch(), beta=0.7, ld_alpha=0.2)
    assert torch.equal(call(ready, batch()).per_pair, wanted.per_pair)


@pytest.mark.parametrize("wrapper", OURS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("side", ["chosen", "rejected"])
def test_finite_at_1e5_nats_and_still_a_gradient(wrapper, dtype, side):
    supply = batch(dtype=dtype, scale=1e5)
    supply[side] = torch.full_like(supply[side], -1e5)
    supply[f"ref_{side}"] = torch.full_like(supply[side], -1.0)
    leaves = [supply[name].requires_grad_() for name in ("chosen", "rejected")]
    loss = call(wrapper(dpo), supply).per_pair
    assert loss.dtype == dtype
    assert torch.isfinite(loss).all()
    gradients = torch.autograd.grad(loss.sum(), leaves)
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    if side == "chosen" and wrapper is not with_policy_weight:
        assert (gradients[0] < 0).any(), "a pair that is far off must still be pulled back"


@pytest.mark.parametrize("wrapper", OURS)
def test_gradients(wrapper):
    # No gradient flows through the policy's weight, so it cannot agree with differences.
    wrapped = wrapper(dpo)
    names = ("chosen", "rejected")
    supply = batch(pairs=3)
    leaves = [supply[name].clone().requires_grad_() for name in names]

    def loss(*xs):
        return call(wrapped, {**supply, **dict(zip(names, xs, strict=True))}).per_pair

    if wrapper is not with_policy_weight:
        assert torch.autograd.gradcheck(loss, leaves)
    chosen, rejected = torch.autograd.grad(loss(*leaves).sum(), leaves)
    assert (chosen < 0).all()
    assert (rejected > 0).all()


def test_the_gentle_exponential_is_smooth_where_it_leaves_the_real_one():
    at = torch.tensor([STEEP - 1e-6, STEEP + 1e-6], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(gentle_expm1(at).sum(), at)
    assert slope.tolist() == pytest.approx([math.exp(STEEP)] * 2, rel=1e-5)
    assert torch.equal(gentle_expm1(at[:1]), torch.expm1(at[:1]))


@pytest.mark.parametrize("wrapper", OURS)
def test_whatever_is_accepted_stays_finite_at_1e5_nats(wrapper):
    accepted = 0
    for objective in OBJECTIVES.values():
        try:
            wrapped = wrapper(objective)
        except KnobError:
            continue
        accepted += 1
        supply = probe(contract(wrapped))
        for name, value in supply.items():
            if name.endswith(("chosen", "rejected", "head")):
                supply[name] = 1e4 * value.float()
            elif isinstance(value, torch.Tensor):
                supply[name] = value.float()
        leaves = [supply[name].requires_grad_() for name in ("chosen", "rejected")]
        loss = wrapped(**supply).per_pair
        assert torch.isfinite(loss).all()
        for gradient in torch.autograd.grad(loss.sum(), leaves):
            assert torch.isfinite(gradient).all()
    assert accepted >= len(GENERALISED)


@pytest.fixture
def without_alignment(trl, monkeypatch):
    """Leave out of TRL's weights what they divide each token's probability by."""
    trainer, _ = trl
    forward = trainer.model.forward

    def unaligned(*args, **kwargs):
        output = forward(*args, **kwargs)
        if "labels" in kwargs:
            output.log_sum_sq_probs = torch.zeros_like(output.log_probs)
        return output

    monkeypatch.setattr(trainer.model, "forward", unaligned)


@pytest.mark.filterwarnings("ignore")
def test_policy_weight_is_trls_but_for_its_alignment(trl, monkeypatch, without_alignment):
    settings = {"beta": 0.3, "use_weighting": True}
    found = assert_like_trl(trl, with_policy_weight(dpo), monkeypatch, settings, beta=0.3)
    plain = float(call(dpo, supply_of(*trl), beta=0.3).per_pair.mean())
    assert found < 0.9 * plain, "else this would prove nothing"
