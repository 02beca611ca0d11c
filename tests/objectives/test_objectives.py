"""Every objective, and every wrapper round every objective it takes, must behave."""

import inspect
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import KnobError
from earmark.objectives import OBJECTIVES, WRAPPERS
from earmark.objectives.contract.choose import choose_objective
from earmark.objectives.contract.explain import argument_lines, knobs, papers, summary
from earmark.objectives.contract.signature import SUPPLIED, contract
from earmark.objectives.dpo import dpo
from earmark.objectives.sft import sft, with_sft

nats = st.floats(-500, -0.01)
PAIRS, REFS, CANDIDATES = 6, 3, 4
POLICY = ("chosen", "rejected", "losers", "logps", "answers", "chosen_prefix", "rejected_prefix")


def is_logp(name):
    return (
        "log-probabilit" in SUPPLIED[name].meaning
        or "same" in SUPPLIED[name].meaning
        or (name.startswith(("refs_", "chosen_prefix", "rejected_prefix")))
    )


def shape_of(name):
    sizes = {"pair": PAIRS, "answer": PAIRS, "ref": REFS, "loser": CANDIDATES - 1}
    sizes["candidate"] = CANDIDATES
    return [sizes[axis] for axis in SUPPLIED[name].axes.split()]


def everything(dtype=torch.float64, seed=0):
    """Make all that a trainer may supply."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name in SUPPLIED:
        shape = shape_of(name)
        if name.endswith("_mask") or name == "wanted":
            found[name] = torch.rand(shape, generator=generator) < 0.6
        elif name.endswith("_tokens"):
            found[name] = torch.randint(1, 20, shape, generator=generator).to(dtype)
        else:
            found[name] = -40 * torch.rand(shape, generator=generator, dtype=torch.float64)
            found[name] = found[name].to(dtype)
    found["losers_mask"][:, 0] = True
    found["candidates_mask"][:, :2] = True
    found["wanted"][:2] = torch.tensor([True, False])
    found["ref_weights"] = torch.full(shape_of("ref_weights"), 1 / REFS, dtype=dtype)
    found["chosen_score"] = found["rejected_score"] + 1 + torch.arange(PAIRS, dtype=dtype)
    found["mean_score_gap"] = torch.tensor(3.0, dtype=dtype)
    found["rewards"][:, 0] = found["rewards"].amax(1) + 1
    found["training"] = True
    return found


def call(objective, supply):
    needs = contract(objective)
    if needs.state_class:
        supply = {**supply, "state": needs.state_class()}
    return objective(**{name: supply[name] for name in needs.tensors})


def table():
    """Return each objective, with an SFT term, and in each wrapper that takes it."""
    found = dict(OBJECTIVES)
    found |= {
        f"{name}+sft": with_sft(OBJECTIVES[name], 0.7) for name in OBJECTIVES if name != "sft"
    }
    for name in ("dpo", "cdpo", "ipo", "simpo", "s_dpo", "beta_dpo"):
        for wrapper in WRAPPERS:
            try:
                found[f"{name}+{wrapper}"] = choose_objective(name, 0.0, {}, (), [wrapper]).function
            except KnobError:
                continue
    return found


TABLE = table()
# DiscoPOP's loss has a bump at 0: its blend of two losses changes faster there than they do.
NARROWS_AT_A_TIE = {"discopop", "discopop+sft"}


class DetachedStays:
    """Run a function so that `detach` returns in every later run what it did in the first.

    A weight or target that an objective detaches is a constant to its gradient, and so must be
    to the differences that the gradient is compared with.
    """

    def __init__(self, function):
        self.function = function
        self.first = []

    def __call__(self, *values):
        plain, known = torch.Tensor.detach, iter(list(self.first))

        def replayed(tensor):
            return next(known) if self.is_replay else self._keep(plain(tensor).clone())

        self.is_replay = bool(self.first)
        torch.Tensor.detach = replayed
        try:
            return self.function(*values)
        finally:
            torch.Tensor.detach = plain

    def _keep(self, tensor):
        self.first.append(tensor)
        return tensor


@pytest.mark.parametrize("name", TABLE)
def test_the_loss_is_unreduced_and_finite_far_out(name):
    objective = TABLE[name]
    loss = call(objective, everything())
    assert loss.per_pair.shape == loss.margin.shape == (PAIRS,)
    for dtype in (torch.float32, torch.bfloat16):
        supply = everything(dtype)
        far = {
            k: v * 2500 if k in SUPPLIED and is_logp(k) and torch.is_tensor(v) else v
            for k, v in supply.items()
        }
        leaves = {n: far[n].clone().requires_grad_() for n in policy_names(objective)}
        loss = call(objective, {**far, **leaves})
        assert loss.per_pair.dtype in (dtype, torch.float32)
        assert torch.isfinite(loss.per_pair).all()
        loss.per_pair.float().sum().backward()
        for leaf in leaves.values():
            assert leaf.grad is None or torch.isfinite(leaf.grad).all()


def policy_names(objective):
    return [name for name in contract(objective).tensors if name in POLICY]


@pytest.mark.parametrize("name", TABLE)
def test_the_gradient_is_that_of_the_loss(name):
    objective, supply = TABLE[name], everything()
    wrt = policy_names(objective)
    leaves = [(supply[n] / 10).clone().requires_grad_() for n in wrt]

    def of(*values):
        return call(objective, {**supply, **dict(zip(wrt, values, strict=True))}).per_pair

    assert torch.autograd.gradcheck(DetachedStays(of), leaves)


@pytest.mark.parametrize("name", TABLE)
def test_the_gap_widens_at_a_tie(name):
    objective, supply = TABLE[name], everything()
    tie = {
        k: torch.full_like(v, -5.0) if torch.is_tensor(v) and is_logp(k) else v
        for k, v in supply.items()
    }
    tie |= {k: torch.full_like(tie[k], 5.0) for k in tie if k.endswith("_tokens")}
    leaves = {n: tie[n].clone().requires_grad_() for n in policy_names(objective)}
    loss = call(objective, {**tie, **leaves})
    assert torch.isfinite(loss.per_pair).all()
    loss.per_pair.sum().backward()
    grads = {n: leaf.grad for n, leaf in leaves.items() if leaf.grad is not None}
    assert all(torch.isfinite(grad).all() for grad in grads.values())
    good = bad = 0.0
    for tensor, grad in grads.items():
        if tensor == "answers":
            good, bad = good + grad[tie["wanted"]].sum(), bad + grad[~tie["wanted"]].sum()
        elif tensor == "logps":
            good, bad = good + grad[:, 0].sum(), bad + grad[:, 1:].sum()
        elif tensor.startswith("chosen"):
            good = good + grad.sum()
        else:
            bad = bad + grad.sum()
    if name in NARROWS_AT_A_TIE:
        assert good > bad
    else:
        assert good < bad, "a step against the gradient must widen the gap"


@pytest.mark.parametrize("name", [*OBJECTIVES, *WRAPPERS])
def test_every_objective_explains_itself(name):
    function = OBJECTIVES.get(name) or WRAPPERS[name]
    assert summary(function).endswith(".")
    assert papers(function) or function is sft, "the docstring names no paper"
    if name in OBJECTIVES:
        for knob in knobs(function):
            assert knob.default is not inspect.Parameter.empty
            assert knob.help, f"{knob.name} has no help line"
        assert set(contract(function).tensors) <= {*argument_lines(function), "state", "training"}
    else:
        added = contract(function(dpo)).knobs.keys() - contract(dpo).knobs.keys()
        assert added <= argument_lines(function).keys()


@pytest.mark.parametrize("name", [n for n in TABLE if contract(TABLE[n]).state_class])
def test_state_moves_in_training_only(name):
    objective, supply = TABLE[name], everything()
    start = contract(objective).state_class()
    args = {n: supply[n] for n in contract(objective).tensors if n != "state"}
    moved = objective(**args, state=start).state
    assert any(not torch.equal(a, b) for a, b in zip(start, moved, strict=True))
    assert all(not tensor.requires_grad for tensor in moved)
    if "training" in args:
        kept = objective(**{**args, "training": False}, state=moved).state
        assert all(torch.equal(a, b) for a, b in zip(kept, moved, strict=True))


def test_dpo_by_hand():
    loss = dpo(*(torch.tensor([x]) for x in (-2.0, -4.0, -3.0, -3.0)), beta=0.5)
    assert loss.margin.item() == pytest.approx(1.0)
    assert loss.per_pair.item() == pytest.approx(math.log(1 + math.exp(-1)))


@given(st.lists(st.tuples(nats, nats), min_size=1, max_size=4), st.floats(0.01, 2))
@settings(max_examples=50, deadline=None)
def test_dpo_is_log_2_where_policy_is_reference(logps, beta):
    chosen, rejected = (torch.tensor(x) for x in zip(*logps, strict=True))
    loss = dpo(chosen, rejected, chosen, rejected, beta=beta)
    assert torch.allclose(loss.per_pair, torch.full_like(chosen, math.log(2)))


SHIFTED = {
    "chosen": ("chosen", "ref_chosen", "refs_chosen", "chosen_prefix", "ref_chosen_prefix"),
    "rejected": (
        *("rejected", "ref_rejected", "refs_rejected"),
        *("rejected_prefix", "ref_rejected_prefix"),
    ),
    "losers": ("losers", "ref_losers"),
    "answers": ("answers", "ref_answers"),
    "mismatched": ("mismatched", "ref_mismatched"),
}
# These divide a log-ratio by the answer's length.
RATIOS_PER_TOKEN = {"sigmoid_norm", "ipo_mean"}


def rests_on_ratios(name):
    """Tell whether an objective knows the policy by its ratio to references alone."""
    tensors = set(contract(TABLE[name]).tensors)
    frozen = tensors & {"ref_chosen", "refs_chosen", "ref_answers"}
    # MRPO clips references relative to their own size.
    plain = not tensors & {"chosen_tokens", "answer_tokens"} or name in RATIOS_PER_TOKEN
    return bool(frozen) and plain and name != "mrpo"


@pytest.mark.parametrize("name", [n for n in TABLE if rests_on_ratios(n)])
def test_shifting_policy_and_reference_together_changes_nothing(name):
    supply = everything()
    shifted = dict(supply)
    for nats_off, names in enumerate(SHIFTED.values(), start=7):
        for tensor in names:
            shifted[tensor] = supply[tensor] - nats_off
    assert torch.allclose(call(TABLE[name], supply).per_pair, call(TABLE[name], shifted).per_pair)


def test_sft_ignores_everything_but_the_chosen():
    assert contract(sft).tensors == ("chosen", "chosen_tokens")
    assert not contract(sft).needs_reference
    assert not contract(sft).needs_rejected


def test_sft_term_adds_up():
    supply = everything()
    combined = with_sft(dpo, 0.7)
    expected = call(dpo, supply).per_pair + 0.7 * call(sft, supply).per_pair
    assert torch.allclose(call(combined, supply).per_pair, expected)
    assert torch.equal(call(combined, supply).margin, call(dpo, supply).margin)
    assert contract(combined).knobs == {"beta": 0.1}


@pytest.mark.parametrize(
    ("name", "knobs"),
    [
        ("cdpo", {"label_smoothing": 2.0}),
        ("mrpo", {"clip": -1.0}),
        ("beta_dpo", {"rho": 0.0}),
        ("discopop", {"tau": 0.0}),
        ("gamma_dpo", {"tau": -1.0}),
        ("cpo", {"alpha": -1.0}),
        ("spa", {"alpha": -1.0}),
        ("kto", {"undesirable_weight": -1.0}),
        ("ddo_rm", {"eta": -1.0}),
        ("simpo", {"gamma": -1.0}),
        ("capo", {"floor": -1.0}),
    ],
)
def test_knobs_out_of_range_are_refused_before_anything_is_loaded(name, knobs):
    with pytest.raises(KnobError):
        choose_objective(name, 0.0, knobs)


@pytest.mark.parametrize("name", [n for n, o in OBJECTIVES.items() if "beta" in contract(o).knobs])
def test_no_beta_turns_an_objective_round(name):
    """A negative beta would raise the rejected answer, and its log would look healthy."""
    for beta in (-0.1, 0.0, 0):
        with pytest.raises(KnobError, match=f"'beta' should be above 0, found {beta}"):
            choose_objective(name, 0.0, {"beta": beta})


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_the_sft_weight_is_a_number_of_at_least_0(weight):
    with pytest.raises(KnobError, match="at least 0"):
        choose_objective("dpo", weight, {})


def test_every_objective_can_be_tried_out_alone_and_with_an_sft_term():
    for name in OBJECTIVES:
        choose_objective(name, 0.0, {})
        if name != "sft":
            choose_objective(name, 0.5, {})


def test_the_sft_term_of_single_answers_is_that_of_the_wanted_ones():
    supply = everything()
    plain, combined = (
        call(OBJECTIVES["kto"], supply),
        call(with_sft(OBJECTIVES["kto"], 0.7), supply),
    )
    added = combined.per_pair - plain.per_pair
    wanted = supply["wanted"]
    assert 0 < wanted.sum() < PAIRS
    assert added[~wanted].count_nonzero() == 0
    expected = -0.7 * supply["answers"][wanted] / supply["answer_tokens"][wanted]
    torch.testing.assert_close(added[wanted], expected)


def test_length_goes_inside_of_the_policy_weight():
    with pytest.raises(KnobError, match="name length first"):
        choose_objective("dpo", 0.0, {}, (), ["policy-weight", "length"])
    choose_objective("dpo", 0.0, {}, (), ["length", "policy-weight"])


def test_names_and_knobs_are_checked():
    with pytest.raises(KnobError, match="did you mean 'dpo'"):
        choose_objective("dpoo", 0.0, {})
    with pytest.raises(KnobError, match="no knob 'bta'; did you mean 'beta'"):
        choose_objective("dpo", 0.0, {"bta": 1})
    with pytest.raises(KnobError, match="did you mean 'learning_rate'"):
        choose_objective("dpo", 0.0, {"lerning_rate": 1}, other_options=["learning_rate"])
    with pytest.raises(KnobError, match="should be a number"):
        choose_objective("dpo", 0.0, {"beta": "a lot"})
    with pytest.raises(KnobError, match="should be a finite number"):
        choose_objective("dpo", 0.0, {"beta": math.nan})
    with pytest.raises(KnobError, match="should be beta or raw"):
        choose_objective("beta_dpo", 0.0, {"gap_scale": "row"})
    with pytest.raises(KnobError, match="at least 0"):
        choose_objective("dpo", -1.0, {})
    with pytest.raises(KnobError, match="the SFT term itself"):
        choose_objective("sft", 1.0, {})
    with pytest.raises(KnobError, match="no wrapper 'jss'; did you mean 'js'"):
        choose_objective("dpo", 0.0, {}, (), ["jss"])
    with pytest.raises(KnobError, match="gap"):
        choose_objective("gamma_dpo", 0.0, {}, (), ["confidence"])
