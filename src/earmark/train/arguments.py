"""The library's training arguments, made of our settings."""

from multiprocessing import get_all_start_methods
from pathlib import Path

import torch
from transformers import TrainingArguments
from transformers.integrations import get_available_reporting_integrations
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

from earmark.errors import KnobError, did_you_mean
from earmark.policies.load import device_of
from earmark.train.settings import TrainSettings

SAME_NAME = (
    "learning_rate",
    "num_train_epochs",
    "max_steps",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "lr_scheduler_type",
    "weight_decay",
    "max_grad_norm",
    "seed",
    "logging_steps",
    "save_steps",
    "dataloader_num_workers",
)


def training_arguments(settings: TrainSettings, out: Path) -> TrainingArguments:
    """Translate our settings into the library's; several processes find each other here.

    Raises:
        KnobError: rows are to be made by processes, and the system cannot fork them; the log
            is to go to a service that is not known or not installed; or the device is not here.
    """
    device_of(settings.device)
    same = {name: getattr(settings, name) for name in SAME_NAME}
    check_report_to(settings.report_to)
    if settings.dataloader_num_workers and "fork" not in get_all_start_methods():
        raise KnobError(
            f"dataloader_num_workers should be 0 here, found {settings.dataloader_num_workers}: "
            "processes that make rows share the model's memory, which this system cannot do (fork)"
        )
    warmup = settings.warmup_ratio if settings.warmup_steps is None else settings.warmup_steps
    on_cpu = settings.device == "cpu" or not torch.cuda.is_available()
    arguments = TrainingArguments(
        output_dir=str(out),
        use_cpu=on_cpu,
        activation_checkpointing=settings.gradient_checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False},
        report_to=settings.report_to.split(","),
        remove_unused_columns=False,
        # A row is made by the processor of the loaded model, which no process could be sent.
        dataloader_multiprocessing_context="fork" if settings.dataloader_num_workers else None,
        save_strategy="steps",
        logging_strategy="steps",
        # All that is trained is used in every step, unless it is a tower and there is no audio.
        ddp_find_unused_parameters=bool(settings.lora_targets),
        # The library takes a number below 1 as a share of the steps.
        warmup_steps=warmup,
        **same,
    )
    # One process trains on one device: the library would copy the model to all GPUs it sees.
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1
    return arguments


def wants_bfloat16(settings: TrainSettings, on_cpu: bool) -> bool:
    """Return whether computation is to be in bfloat16: where it is chosen, and on GPUs."""
    return settings.dtype == "bfloat16" or (settings.dtype == "auto" and not on_cpu)


def check_report_to(names: str) -> None:
    """Refuse a service for logs that is not there, before anything is computed.

    Raises:
        KnobError: no such service, or its package is not installed.
    """
    for name in names.split(","):
        if name in ("none", "all"):
            continue
        if name not in INTEGRATION_TO_CALLBACK:
            hint = did_you_mean(name, ["none", *INTEGRATION_TO_CALLBACK])
            raise KnobError(f"report_to: no service '{name}' that takes logs; {hint}")
        if name not in get_available_reporting_integrations():
            raise KnobError(
                f"report_to: '{name}' is not installed; pip install {name}, or leave it out"
            )
