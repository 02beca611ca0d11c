"""What a short window does to Whisper: the same clips with more and less silence after them.

    python benchmarks/whisper_window.py --model build/real/whisper-base --utterances test.jsonl

Whisper was trained on whole windows of 30 s. For each length of silence: the encoder's CPU
seconds a clip, greedy answers (their mixed error rate, how many have 1.6 times the truth's
tokens or more, which are loops and repeats, how many are those of the whole window), and how far
the log-probability of the truth lies from that with the whole window, in nats per token.
Utterances whose `language` is `en` are prompted in English, all others in Mandarin. The first
lines of the manifest are taken, --count of them.
"""

import argparse
import json
import time
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch

from earmark.errors import EarmarkError
from earmark.evaluate.score import score
from earmark.formats.reading import read
from earmark.policies.load import load_policy
from earmark.prompting.clean import clean
from earmark.prompting.messages import ask
from earmark.records import Hypothesis, Utterance
from earmark.report.tables import Table, to_markdown
from earmark.speech.audio import read_audio
from earmark.text.surface import surface_tokens
from earmark.train.preflight.proofs import plain_logps

SILENCES_S = (0.0, 1.0, 2.0, 4.0, 8.0, 30.0)
CAP, BATCH = 120, 16
REPEATS = 1.6


class Heard(NamedTuple):
    """What a length of silence came to."""

    encoder_s: float
    texts: list[str]
    logps: list[float]


def hear(policy, utterances, clips, silence_s):
    """Encode, transcribe, and score the truth of every clip."""
    policy.hear_silence(silence_s)
    prompts = [
        ask(policy.facts, prefill=policy.opening("en" if row.language == "en" else "zh"))
        for row in utterances
    ]
    begun = time.process_time()
    with torch.no_grad():
        for clip in clips:
            policy.encode(policy.features(clip))
        encoder_s = (time.process_time() - begun) / len(clips)
        logps = [
            float(plain_logps(policy, prompt, [clip], [row.text]))
            / len(policy.answer_ids(prompt, row.text))
            for prompt, clip, row in zip(prompts, clips, utterances, strict=True)
        ]
    texts = []
    for start in range(0, len(clips), BATCH):
        few = slice(start, start + BATCH)
        answers = policy.answers(prompts[few], clips[few], [CAP] * len(clips[few]))
        texts += [clean(answer.text) for answer in answers]
    return Heard(encoder_s, texts, logps)


def table_of(utterances: list[Utterance], heard: dict[float, Heard]) -> Table:
    """Tabulate, a length of silence a line; the last is the whole window."""
    whole = heard[SILENCES_S[-1]]
    rows = []
    for silence_s, found in heard.items():
        hyps = [Hypothesis(u.id, text) for u, text in zip(utterances, found.texts, strict=True)]
        rate = score(utterances, hyps, failures=False).to_dict()["mixed_error_rate"]
        both = list(zip(utterances, found.texts, strict=True))
        repeats = sum(_tokens(text) >= REPEATS * _tokens(u.text or "") for u, text in both)
        same = sum(a == b for a, b in zip(found.texts, whole.texts, strict=True))
        moved = [a - b for a, b in zip(found.logps, whole.logps, strict=True)]
        rows.append(
            (
                "whole window" if silence_s == SILENCES_S[-1] else f"{silence_s:g} s",
                f"{found.encoder_s:.2f}",
                f"{100 * rate:.1f}",
                f"{repeats}",
                f"{same}",
                f"{sum(moved) / len(moved):+.3f}",
                f"{sum(map(abs, moved)) / len(moved):.3f}",
            )
        )
    header = ("silence after the clip", "encoder CPU s", "mixed error rate %", "repeats")
    header += ("same text", "mean shift, nat / token", "mean |shift|")
    seconds = f"{len(utterances)} clips"
    return Table("Whisper with short windows", header, rows, seconds)


def _tokens(text: str) -> int:
    return len(surface_tokens(text))


def run(options: argparse.Namespace) -> dict[float, Heard]:
    """Measure and print."""
    torch.set_num_threads(1)
    source = options.utterances
    utterances = list(islice(read(Utterance, source), options.count))
    folder = Path(source).parent
    clips = [read_audio(folder / (u.audio or ""), u.start_s, u.end_s) for u in utterances]
    policy = load_policy(options.model, device="cpu")
    heard = {seconds: hear(policy, utterances, clips, seconds) for seconds in SILENCES_S}
    table = table_of(utterances, heard)
    print(f"{to_markdown(table)}\n\n{table.note}")
    print(json.dumps({f"{s:g}": found._asdict() for s, found in heard.items()}, ensure_ascii=False))
    return heard


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="a folder or hub id of a Whisper")
    parser.add_argument("--utterances", required=True, help="a manifest, with texts")
    parser.add_argument("--count", type=int, default=100)
    return parser.parse_args(arguments)


def main() -> None:
    try:
        run(parsed())
    except EarmarkError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
