"""Sample candidates from Python."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from earmark.errors import KnobError
from earmark.formats.files.moving import moved
from earmark.formats.reading import read
from earmark.policies.families.table import Family
from earmark.records import Candidates
from earmark.sample.given import given_items, read_given
from earmark.sample.run_local import Local, sample_here
from earmark.transcribe.decoding import Decoding

USUAL = 8


def sample(
    model: str | Path,
    prompts: str | Path | Iterable[Any],
    *,
    candidates: int | None = None,
    temperature: float = 1.0,
    top_p: float = 1.0,
    top_k: int = 0,
    seed: int = 0,
    max_new_tokens: int | None = None,
    per: Literal["prompt", "clip"] = "prompt",
    group_by: str = "text",
    adapter: str | Path | None = None,
    out: str | Path | None = None,
    prompt: str | None = None,
    prefill: str = "",
    language: str | None = None,
    silence_s: float | None = None,
    suppress: Sequence[str] = (),
    batch_size: int = 16,
    on_error: Literal["stop", "skip"] = "stop",
    dtype: str = "auto",
    device: str = "auto",
    trust_remote_code: bool = False,
    family: str | Family = "",
) -> list[Candidates]:
    """Sample several answers to each prompt, from a model that is loaded here.

    A prompt and its clips are read once for all of its candidates. What is drawn depends on `seed`,
    the row's id and the candidate's number alone.

    Args:
        model: a folder, a hub id (NAME or NAME@REVISION), or `tiny-base`.
        prompts: the path of a file, or utterances, pairs, candidates, rows of them, or texts.
        candidates: how many answers each prompt gets, or each clip with per="clip"; default: 8,
            or 1 with per="clip".
        temperature: logits are divided by it; 0 is greedy.
        top_p: sample from the likeliest tokens whose probabilities sum to this.
        top_k: sample from this many of the likeliest tokens; 0 for all.
        seed: of the sampling.
        max_new_tokens: token cap of one answer; default: one that grows with the clips.
        per: prompt, or clip: several clips of one prompt give a candidate each.
        group_by: the field that the utterances of one prompt have in common, with per="clip".
        adapter: a run folder of `train`.
        out: the candidates file to write, from which a stopped run resumes; default: none.
        prompt: the instruction given with each clip of utterances; default: the family's own.
        prefill: what every answer is made to begin with.
        language: zh, en or auto, for a model whose prompt names one, as Whisper's does.
        silence_s: seconds of silence that Whisper hears after a clip; default: 4.
        suppress: texts of tokens that are never written.
        batch_size: answers decoded together.
        on_error: stop at a row that cannot be used, or skip it; `skip` needs `out`, beside which
            the reasons are written.
        dtype: float32, bfloat16, float16, or auto: bfloat16 on a GPU, else float32.
        device: cpu, cuda, ... or auto.
        trust_remote_code: run Python code that comes with the model.
        family: how the model is adapted, instead of by its `model_type`: `module:name` or a Family.

    Raises:
        InputError: prompts, clips or a model that cannot be used.
        KnobError: an option that cannot be.
    """
    if on_error == "skip" and out is None:
        raise KnobError("on_error 'skip' writes what is skipped beside `out`; give `out`")
    usual = USUAL if per == "prompt" else 1
    how = Local(
        model=str(model),
        adapter=None if adapter is None else str(adapter),
        decoding=Decoding(
            candidates=usual if candidates is None else candidates,
            temperature=temperature,
            top_p=top_p,
            top_k=top_k,
            seed=seed,
            max_new_tokens=max_new_tokens,
        ),
        per=per,
        group_by=group_by,
        prompt=prompt,
        prefill=prefill,
        language=language,
        suppress=suppress,
        silence_s=silence_s,
        batch_size=batch_size,
        dtype=dtype,
        device=device,
        trust_remote_code=trust_remote_code,
        family=family,
        on_error=on_error,
    )
    if isinstance(prompts, str | Path):
        given = read_given(prompts, on_error)
    else:
        given = given_items(list(prompts))
    with TemporaryDirectory(prefix="earmark-") as temporary:
        path = Path(temporary) / "candidates.jsonl" if out is None else Path(out)
        sample_here(given, path, how)
        old, new = path.absolute().parent, Path.cwd()
        return [moved(row, old, new) for row in read(Candidates, path)]
