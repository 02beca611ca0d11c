"""Transcribe, train and export from Python."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from earmark.errors import KnobError
from earmark.export.merge import Dtype
from earmark.export.merge import export as export_run
from earmark.front.inputs import Given, in_folder, records_of
from earmark.lookup import importable_name
from earmark.objectives.contract.choose import Function, Wrapper
from earmark.objectives.weightings.weighting import Weighting
from earmark.pairs.pair_file import Pairs, open_pairs
from earmark.policies.families.table import Family
from earmark.policies.load import load_policy, model_path
from earmark.records import Hypothesis, Pair, Utterance
from earmark.train.run import train as train_run
from earmark.train.settings import TrainSettings
from earmark.transcribe.decoding import Decoding
from earmark.transcribe.local import check_language, chosen_beside, how_it_was_made, weights_of
from earmark.transcribe.local import transcribe as transcribe_here


def transcribe(
    model: str | Path,
    utterances: Given,
    *,
    adapter: str | Path | None = None,
    out: str | Path | None = None,
    prompt: str | None = None,
    prefill: str = "",
    language: str | None = None,
    silence_s: float | None = None,
    suppress: Sequence[str] = (),
    decoding: Decoding | None = None,
    max_new_tokens: int | None = None,
    batch_size: int = 16,
    long_audio: Literal["refuse", "split"] = "refuse",
    on_error: Literal["stop", "skip"] = "stop",
    dtype: str = "auto",
    device: str = "auto",
    trust_remote_code: bool = False,
    family: str | Family = "",
) -> list[Hypothesis]:
    """Write down what a model hears, by greedy decoding unless `decoding` says otherwise.

    Args:
        model: a folder, a hub id (NAME or NAME@REVISION), or `tiny-base`.
        utterances: records with audio, rows of them, or a path.
        adapter: a run folder of `train`.
        out: the hypothesis file to write, from which a stopped run resumes; default: none.
        prompt: the instruction given with each clip; default: the family's own.
        prefill: what every answer is made to begin with.
        language: zh, en or auto, for a model whose prompt names one, as Whisper's does.
        silence_s: seconds of silence that Whisper hears after a clip; default: 4.
        suppress: texts of tokens that are never written.
        decoding: how tokens are drawn (temperature, top_p, top_k, seed) and the token cap; of
            several candidates the first is returned, and each has a file if there is `out`.
        max_new_tokens: token cap of one answer; default: one that grows with the clip.
        batch_size: clips decoded together.
        long_audio: refuse a clip beyond the model's limit, or split it at quiet places.
        on_error: stop at a clip that cannot be used, or skip it; `skip` needs `out`, beside which
            the reasons are written.
        dtype: float32, bfloat16, float16, or auto: bfloat16 on a GPU, else float32.
        device: cpu, cuda, ... or auto.
        trust_remote_code: run Python code that comes with the model.
        family: how the model is adapted, instead of by its `model_type`: `module:name` or a Family.

    Raises:
        InputError: a model, an adapter or a clip that cannot be used.
        KnobError: an option that cannot be.
    """
    if on_error == "skip" and out is None:
        raise KnobError("on_error 'skip' writes what is skipped beside `out`; give `out`")
    check_language(language, prefill)
    rows, folder = in_folder(records_of(Utterance, utterances, "utterances"), utterances)
    name, beside = str(model), None if adapter is None else str(adapter)
    policy = load_policy(
        name,
        beside,
        dtype=dtype,
        device=device,
        trust_remote_code=trust_remote_code,
        family=family,
        silence_s=silence_s,
    )
    chosen = decoding or Decoding(max_new_tokens=max_new_tokens)
    begun = policy.opening(language) if language else prefill
    text = policy.facts.prompt if prompt is None else prompt
    made_by = how_it_was_made(
        name,
        beside,
        text,
        chosen.max_new_tokens,
        long_audio,
        begun,
        weights=weights_of(policy, model_path(name), Path(beside) if beside else None),
        decoding=chosen,
        options=chosen_beside(policy, language, suppress),
    )
    with TemporaryDirectory(prefix="earmark-") as temporary:
        return transcribe_here(
            policy,
            rows,
            folder,
            Path(temporary) / "hyps.jsonl" if out is None else Path(out),
            prompt=text,
            made_by=made_by,
            prefill=begun,
            decoding=chosen,
            suppress=suppress,
            batch_size=batch_size,
            long_audio=long_audio,
            on_error=on_error,
        )


def train(
    pairs: Given,
    model: str | Path,
    out: str | Path,
    *,
    objective: str | Function = "dpo",
    sft_weight: float = 0.0,
    wrappers: Sequence[str | Wrapper] = (),
    weighting: str | Callable[..., Weighting] = "uniform",
    family: str | Family = "",
    settings: TrainSettings | None = None,
    **options: Any,
) -> Path:
    """Align a model on preference pairs; return the run folder.

    A run that was stopped resumes when it is called again with the same settings.

    Args:
        pairs: pairs, rows of them, or the path of a file, which stays on disk.
        model: a folder, a hub id (NAME or NAME@REVISION), or `tiny-base`.
        out: the run folder to write.
        objective: a name of OBJECTIVES, `module:name`, or a function of your own, whose signature
            says which tensors it is given and which knobs it has.
        sft_weight: weight of an added SFT term on the chosen answer.
        wrappers: names of WRAPPERS, `module:name`, or functions; the first is the innermost.
        weighting: of several references: a name of WEIGHTINGS, `module:name`, or a function of
            your own at the top of a module.
        family: how the model is adapted, instead of by its `model_type`: a Family of your own at
            the top of a module, or its `module:name`.
        settings: how the loop runs; default: TrainSettings().
        options: fields of TrainSettings, such as learning_rate=5e-4, and the knobs of the
            objective, such as beta=0.1.

    Raises:
        KnobError: an unknown objective, knob or option.
        InputError: pairs or a model that cannot be trained on.
        CheckError: the fast step or the hearing could not be proven.
    """
    known = {field.name for field in fields(TrainSettings)}
    ours = {name: value for name, value in options.items() if name in known}
    knobs = {name: value for name, value in options.items() if name not in known}
    if weighting != "uniform":
        ours["weighting"] = importable_name(weighting, "weighting")
    if family:
        ours["model_family"] = importable_name(family, "model family")
    chosen = replace(settings or TrainSettings(), **ours)
    rows: Pairs
    if isinstance(pairs, str | Path):
        rows = opened = open_pairs(pairs, out=out)
        folder = opened.folder.resolve()
    else:
        rows, folder = records_of(Pair, pairs, "pairs"), Path.cwd()
    return train_run(
        rows,
        folder,
        str(model),
        Path(out),
        objective=objective,
        sft_weight=sft_weight,
        wrappers=wrappers,
        knobs=knobs,
        settings=chosen,
    )


def export(
    run: str | Path,
    out: str | Path,
    *,
    model: str | Path | None = None,
    scores: Sequence[str | Path] = (),
    dtype: Dtype = "stored",
    trust_remote_code: bool = False,
) -> Path:
    """Write a run as a whole model that vLLM and transformers load; return its folder.

    Args:
        run: a run folder of `train`.
        out: the folder to write; nothing may be there.
        model: the base; default: what the run was trained on.
        scores: files that `earmark score --json` wrote, for the table of the model card.
        dtype: number type of the weights; stored: that of the base's files.
        trust_remote_code: run Python code that comes with the model.

    Raises:
        InputError: no run there, another base, or something in the way.
        KnobError: a base is named for a model that is whole.
    """
    return export_run(
        Path(run),
        Path(out),
        model=None if model is None else str(model),
        scores=[Path(path) for path in scores],
        dtype=dtype,
        trust_remote_code=trust_remote_code,
    )
