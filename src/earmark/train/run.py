"""Train a policy on a pairs file: check, prepare, prove, train."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments
from transformers.trainer_callback import ProgressCallback
from transformers.trainer_utils import set_seed

from earmark import __version__
from earmark.errors import InputError
from earmark.export.loading import loading_of
from earmark.export.run_card import write_run_card
from earmark.lookup import look_up
from earmark.objectives import OBJECTIVES
from earmark.objectives.contract.choose import Function, Wrapper, choose_objective
from earmark.objectives.contract.objective import Objective, name_of
from earmark.objectives.contract.probe import sees_batch
from earmark.objectives.contract.signature import Contract, contract
from earmark.pairs.pair_file import Pairs
from earmark.policies.checkpoint.folder import is_adapter
from earmark.policies.checkpoint.weights_hash import hash_of_model
from earmark.policies.load import load_policy, model_path
from earmark.policies.lora.adapt import add_lora, disable_dropout, freeze_hearing
from earmark.policies.lora.publish import publish_names
from earmark.policies.policy import Policy
from earmark.progress import note
from earmark.storage.lock import lock_in, refuse_locked
from earmark.train.arguments import training_arguments, wants_bfloat16
from earmark.train.assemble import Assembled, assemble, held_back, make_weighting
from earmark.train.cache import fingerprint
from earmark.train.callbacks import LogFile, Movement, ProgressLine
from earmark.train.data.batch import Rows
from earmark.train.data.examples import EncodedPairs
from earmark.train.distributed import Processes, processes
from earmark.train.fsdp import keep_own_precision, spread_language_model
from earmark.train.preflight.extreme_rows import check_telling
from earmark.train.preflight.pairs import Survey, survey
from earmark.train.preflight.proofs import (
    check_audio_is_heard,
    check_first_rows,
    check_sides_are_kept_apart,
)
from earmark.train.reference.several import check_references
from earmark.train.resume.full_disk import full_disk_explained
from earmark.train.run_folder import (
    TRAINING,
    Opened,
    alone_in,
    check_run_folder,
    finish_run,
    open_run,
)
from earmark.train.settings import TrainSettings
from earmark.train.trainer import PreferenceTrainer

CHECKED_ROWS = 2
VERSIONS = ("torch", "transformers", "peft", "accelerate")


def train(
    pairs: Pairs,
    folder: Path,
    model: str,
    out: Path,
    *,
    objective: str | Function = "dpo",
    sft_weight: float = 0.0,
    wrappers: Sequence[str | Wrapper] = (),
    knobs: dict[str, Any] | None = None,
    settings: TrainSettings | None = None,
) -> Path:
    """Align a model on preference pairs and write the result to a run folder.

    The reference is the policy as it starts. A run that was stopped resumes from its last
    undamaged checkpoint when it is called again with the same settings, and is left as it is
    when it has ended. Two processes cannot train in one folder at the same time.

    Args:
        pairs: the training set, in memory or a file of it (`pair_file.open_pairs`).
        folder: where relative audio paths in the prompts start, usually the pairs file's folder.
        model: a folder, a hub id (NAME or NAME@REVISION), or `tiny-base`.
        out: the run folder: run.json, log.jsonl, checkpoints, the adapter or the model.
        objective: a name in OBJECTIVES, `module:name`, or a function of your own.
        sft_weight: weight of an added SFT term on the chosen answer.
        wrappers: names in WRAPPERS, `module:name`, or functions; the first is the innermost.
        knobs: the objective's own knobs.
        settings: the knobs of the loop.

    Raises:
        KnobError: an unknown objective or knob, or references that it would not ask.
        InputError: data or model that cannot be trained on; a folder that holds something else.
        CheckError: the fast step or the hearing could not be proven.
    """
    settings = settings or TrainSettings()
    chosen = checked_objective(objective, sft_weight, wrappers, knobs or {}, settings)
    needs = chosen.contract
    keep_own_precision()
    arguments = training_arguments(settings, out)
    together = processes()
    note_of_batch(chosen, settings, together)
    found, policy = survey_and_load(pairs, folder, model, needs, settings, arguments)
    held = held_back(len(found.pairs), settings) if needs.needs_references else 0
    encoded = EncodedPairs(found.pairs, folder, needs, found.criterion)
    check_telling(policy, encoded, found.telling)
    policy_hash = fingerprint.of_policy(policy) + "-bfloat16" * (policy.computes_in is not None)
    description = {
        "earmark": __version__,
        "objective": describe(chosen, sft_weight, wrappers),
        "settings": asdict(settings),
        "model": describe_model(model, policy, policy_hash),
        "pairs": {"count": len(found.pairs), "hash": found.digest},
        **describe_machine(together),
    }
    with alone_in(out, together):
        opened = open_run(out, description, together, keep=settings.save_total_limit)
        if opened.is_finished:
            note(f"{out}: this run is finished; nothing is left to do")
            return out
        adapt(policy, settings)
        parts = assemble(
            policy,
            policy_hash,
            encoded,
            settings,
            mean_score_gap=found.mean_score_gap,
            clips=found.clips,
            held=held,
            processes=together,
        )
        prove(policy, encoded, parts.rows)
        spread_language_model(policy)
        run_trainer(policy, chosen, parts, arguments, opened)
    return out


def survey_and_load(
    pairs: Pairs,
    folder: Path,
    model: str,
    needs: Contract,
    settings: TrainSettings,
    arguments: TrainingArguments,
) -> tuple[Survey, Policy]:
    """Check the pairs, load the policy, and check them against it where it cannot hear them all.

    Raises:
        InputError: pairs or a model that cannot be trained on; a run folder that holds something
            else.
    """
    out = Path(str(arguments.output_dir))
    check_run_folder(out, (model, *settings.references))
    if processes().is_first:
        refuse_locked(lock_in(out), TRAINING)
    asked = settings.criterion, settings.criterion_tie
    found = survey(pairs, folder, needs, *asked)
    policy = starting_policy(model, settings, arguments)
    if not found.sound.suits(policy):
        found = survey(found.pairs, folder, needs, *asked, policy)
    return found, policy


def checked_objective(
    objective: str | Function,
    sft_weight: float,
    wrappers: Sequence[str | Wrapper],
    knobs: dict[str, Any],
    settings: TrainSettings,
) -> Objective:
    """Choose the objective, and hold the settings against what it needs.

    Raises:
        KnobError: an unknown name or knob, or references that it would not ask.
        InputError: it needs several references, and none is named.
    """
    options = [f.name for f in fields(TrainSettings)]
    knobs = with_seed_of_run(objective, knobs, settings)
    chosen = choose_objective(objective, sft_weight, knobs, options, wrappers)
    check_references(chosen.contract, settings)
    make_weighting(settings)
    note_of_unused(chosen.contract, settings)
    return chosen


def with_seed_of_run(
    objective: str | Function, knobs: dict[str, Any], settings: TrainSettings
) -> dict[str, Any]:
    """Give an objective that draws the run's seed, unless it is given one of its own."""
    draws = "seed" in contract(look_up(OBJECTIVES, objective, "objective")).knobs
    return {"seed": settings.seed, **knobs} if draws else knobs


def note_of_unused(needs: Contract, settings: TrainSettings) -> None:
    """Say which options this objective does not look at."""
    unused = []
    if settings.criterion and not needs.needs_scores:
        unused.append(f"--criterion {settings.criterion}")
    if settings.weighting != TrainSettings.weighting and not needs.needs_references:
        unused.append(f"--weighting {settings.weighting}")
    if settings.validation_share != TrainSettings.validation_share:
        share = f"--validation-share {settings.validation_share:g}"
        if not needs.needs_references:
            unused.append(share)
        elif not make_weighting(settings).needs_validation:
            note(f"not used by the weighting '{settings.weighting}': {share}")
    if unused:
        note(f"not used by this objective: {', '.join(unused)}")


def note_of_batch(objective: Objective, settings: TrainSettings, together: Processes) -> None:
    """Say how much an objective sees at once, if that is less than an optimizer step."""
    steps = settings.gradient_accumulation_steps
    if steps == 1 or not sees_batch(objective.function):
        return
    size = "a batch" if settings.token_budget else f"{settings.per_device_train_batch_size} rows"
    note(
        f"this objective compares the pairs of a batch: {size} of each of {together.size} "
        f"process(es), not all {steps} batches whose gradients are accumulated. Where memory "
        "allows, take larger batches and accumulate less"
    )


def starting_policy(model: str, settings: TrainSettings, arguments: TrainingArguments) -> Policy:
    """Load the policy as it starts: without dropout, its hearing frozen.

    Of several GPUs each process has its own.

    Raises:
        InputError: a model that cannot be loaded, or that needs its key-value cache, which
            gradient checkpointing drops.
    """
    policy = load_policy(
        model,
        dtype=dtype_of(settings),
        device=str(arguments.device) if settings.device == "auto" else settings.device,
        trust_remote_code=settings.trust_remote_code,
        family=settings.model_family,
        silence_s=settings.silence_s,
        language=settings.language,
    )
    if settings.gradient_checkpointing and policy.needs_cache:
        raise InputError(
            f"{model} is trained by way of its key-value cache, which gradient checkpointing "
            "drops; set gradient_checkpointing to false, a smaller batch saves memory as well"
        )
    disable_dropout(policy.network)
    freeze_hearing(policy)
    if settings.lora_rank == 0 and wants_bfloat16(settings, arguments.use_cpu):
        policy.computes_in = torch.bfloat16
    return policy


def dtype_of(settings: TrainSettings) -> str:
    """Return the number type of the weights.

    Weights that are trained as a whole stay in float32: at a learning rate of 1e-6 almost no
    update would survive the rounding of bfloat16. On a GPU their computation is in bfloat16.
    """
    whole = settings.lora_rank == 0 and settings.dtype in ("auto", "bfloat16")
    return "float32" if whole else settings.dtype


def adapt(policy: Policy, settings: TrainSettings) -> None:
    """Put the adapter on, if one is trained."""
    if settings.lora_rank:
        set_seed(settings.seed)
        alpha = settings.lora_alpha or 2 * settings.lora_rank
        add_lora(policy, settings.lora_rank, alpha, settings.lora_targets or None)


def describe(
    objective: Objective, sft_weight: float, wrappers: Sequence[str | Wrapper]
) -> dict[str, Any]:
    """Say what is optimized, for run.json."""
    names = [wrapper if isinstance(wrapper, str) else name_of(wrapper) for wrapper in wrappers]
    wrapped = {"wrappers": names} if names else {}
    return {
        "name": objective.name,
        "sft_weight": sft_weight,
        **wrapped,
        **objective.contract.knobs,
    }


def describe_machine(together: Processes) -> dict[str, Any]:
    """Say what a run is computed by, for run.json."""
    return {
        "processes": together.size,
        "versions": {name: version(name) for name in VERSIONS},
    }


def describe_model(model: str, policy: Policy, policy_hash: str) -> dict[str, Any]:
    """Say what is trained, for run.json: a name, hashes, where and in what it computes."""
    dtype = str(policy.computes_in or policy.network.dtype).removeprefix("torch.")
    return {
        "name": model,
        "hash": policy_hash,
        "weights": hash_of_model(model_path(model)),
        "loaded": {"dtype": dtype, "device": policy.device.type},
    }


@torch.no_grad()
def prove(policy: Policy, encoded: EncodedPairs, rows: Rows) -> None:
    """Refuse to train unless the step is exact and the audio heard."""
    first = [rows[i] for i in range(min(CHECKED_ROWS, len(rows)))]
    pairs = [encoded[row.number] for row in first]
    mixed, policy.computes_in = policy.computes_in, None
    worst = check_first_rows(policy, pairs, first)
    policy.computes_in = mixed
    if not policy.hears:
        note(f"proven on {len(first)} rows: within {worst:.1e} nat per token of the plain pass")
        return
    check_audio_is_heard(policy, encoded)
    if check_sides_are_kept_apart(policy, encoded, rows):
        note("proven: where the sides of a pair have different clips, each is heard with its own")
    note(
        f"proven on {len(first)} rows: the audio is heard; the shared row is within "
        f"{worst:.1e} nat per token of the plain forward pass"
    )


def run_trainer(
    policy: Policy,
    objective: Objective,
    parts: Assembled,
    arguments: TrainingArguments,
    opened: Opened,
) -> None:
    """Run the loop to its end, save what was trained and the processor, mark the run finished."""
    checkpoint, out = opened.checkpoint, opened.checkpoints.run
    trainer = PreferenceTrainer(
        policy, objective, parts, arguments, [LogFile(out), Movement()], opened.checkpoints
    )
    trainer.remove_callback(ProgressCallback)
    trainer.add_callback(ProgressLine())
    if checkpoint is not None:
        note(f"resuming from {checkpoint}")
        trainer.remembered.load(checkpoint)
    with full_disk_explained(out):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        trainer.save_whole(out)
        if trainer.is_world_process_zero():
            if is_adapter(out):
                publish_names(policy.network, out)
            policy.processor.save_pretrained(str(out))
            write_run_card(out, loading_of(policy))
            finish_run(out)
    trainer.together.wait()
