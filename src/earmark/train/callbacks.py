"""What runs beside the training loop: the log, the progress bar, a look at what has moved."""

from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ProgressCallback

from earmark.formats.files.lines import write_jsonl
from earmark.progress import note
from earmark.storage.append import AppendFile
from earmark.train.run_folder import LOG


class LogFile(TrainerCallback):
    """Write each log to RUN/log.jsonl; on resume the file is cut back to the checkpoint."""

    def __init__(self, run: Path) -> None:
        self.path = run / LOG

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start from the log in the checkpoint."""
        if state.is_world_process_zero:
            write_jsonl(self.path, state.log_history)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Append the newest line."""
        if state.is_world_process_zero:
            AppendFile(self.path).append(state.log_history[-1])


class ProgressLine(ProgressCallback):
    """The library's progress bar, the newest loss beside it instead of printed dictionaries."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Show loss and margin beside the bar."""
        if self.training_bar is not None and logs:
            shown = {"loss": logs.get("loss"), "margin": logs.get("rewards/margins")}
            self.training_bar.set_postfix(
                {k: f"{v:.3f}" for k, v in shown.items() if v is not None}
            )


class Movement(TrainerCallback):
    """Log the last step too, and say when a run ended before it could move anything."""

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Log at the last step, whatever `logging_steps` is."""
        if state.global_step >= state.max_steps:
            control.should_log = True

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Warn where the learning rate never reached its peak, or nothing was moved."""
        if not state.is_world_process_zero:
            return
        warm = args.get_warmup_steps(state.max_steps)
        if 0 < state.max_steps <= warm:
            note(
                f"warning: all {state.max_steps} steps of this run are its warm-up of {warm}: the "
                f"learning rate never reached {args.learning_rate:g}. Train for more steps, or "
                "lower --warmup-steps or --warmup-ratio"
            )
        for name, what in (("learning_rate", "learning rate"), ("grad_norm", "gradient")):
            logged = [line[name] for line in state.log_history if name in line]
            if logged and not any(logged):
                note(f"warning: this run moved nothing: the {what} was 0 at every logged step")
