"""How fast eight candidates are sampled: one reading of the prompt for all, beside transformers.

    python benchmarks/sampling_speed.py [--text FOLDER] [--rounds 7] [--candidates 8]

Each case is one prompt with one clip, from the sound in memory to tokens: eight answers of 24
tokens drawn at temperature 1, none of which may end before. Beside `earmark sample` is the
library's `generate(num_return_sequences=8)` on the same weights, which reads prompt and clip
eight times. Models: the tiny base on a clip of its own 3 s; random Qwen2-Audio of the shapes of
`training_speed.py` on 15 s, which are 375 audio tokens; with --text a real language model on a
prompt of 375 tokens of text. Before anything is timed, greedy answers of both ways are compared.

Both ways take turns in one process, float32, one thread; times are CPU seconds, medians over the
rounds. The last line is one JSON object.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers.utils.logging import disable_progress_bar

from earmark.errors import EarmarkError
from earmark.policies.chat import ChatPolicy
from earmark.policies.families.qwen2_audio import Qwen2AudioPolicy
from earmark.policies.load import load_policy
from earmark.policies.next_token import Choice
from earmark.policies.plain_decoding import GREEDY, decoding_plainly
from earmark.policies.policy import Clip
from earmark.prompting.messages import Messages, ask
from earmark.report.tables import Table, to_markdown
from training_steps.shapes import SHAPES, WORDS, build_network, build_processor

AUDIO_S, PROMPT_TOKENS, ANSWER_TOKENS = 15.0, 375, 24
SAMPLE_RATE_HZ = 16_000


class Case(NamedTuple):
    """A prompt and its clips for a policy."""

    name: str
    policy: ChatPolicy
    messages: Messages
    clips: list[Clip]


class Unlike(EarmarkError):
    """Both ways should write the same greedy answer."""


def tiny() -> Case:
    """Return the tiny base on three seconds of noise."""
    policy = load_policy("tiny-base", device="cpu", dtype="float32")
    assert isinstance(policy, ChatPolicy)
    return Case("tiny base, clip of 3 s", policy, ask(policy.facts), [sound(3.0)])


def random_audio(name: str) -> Case:
    """Return a random Qwen2-Audio on a clip of 375 audio tokens."""
    processor = build_processor(SHAPES[name])
    network = build_network(SHAPES[name], processor).eval()
    policy = Qwen2AudioPolicy(network, processor)
    messages = ask(policy.facts, " ".join(WORDS[:21]))
    return Case(
        f"random Qwen2-Audio '{name}', 375 audio tokens", policy, messages, [sound(AUDIO_S)]
    )


def text(folder: Path) -> Case:
    """Return a language model on a prompt of about 375 tokens."""
    policy = load_policy(str(folder), device="cpu", dtype="float32")
    assert isinstance(policy, ChatPolicy)
    words = ["The clip was recorded in a quiet room on a Tuesday; tell me what was said in it."]
    messages: Messages = [{"role": "user", "content": ""}]
    while len(policy.prompt_ids(messages, [])) < PROMPT_TOKENS:
        messages = [{"role": "user", "content": " ".join(words)}]
        words.append(words[0])
    found = len(policy.prompt_ids(messages, []))
    return Case(f"{folder.name}, prompt of {found} text tokens", policy, messages, [])


def sound(duration_s: float) -> Clip:
    rng = np.random.default_rng(0)
    return (0.1 * rng.standard_normal(int(duration_s * SAMPLE_RATE_HZ))).astype(np.float32)


def ours(case: Case, each: int, temperature: float = 1.0) -> list[list[int]]:
    """Sample as `earmark sample` does."""
    choice = Choice(
        temperature=temperature,
        suppressed=tuple(sorted(case.policy.end_ids)),
        seeds=[[0, number] for number in range(each)],
    )
    caps = [ANSWER_TOKENS]
    (written,) = case.policy.write([case.messages], case.clips, caps, each, choice)
    return [one.ids for one in written]


def theirs(case: Case, each: int, temperature: float = 1.0) -> list[list[int]]:
    """Sample by the library's `generate`."""
    policy = case.policy
    inputs: dict[str, Any] = dict(policy.process([policy.render(case.messages)], case.clips))
    options: dict[str, Any] = {**GREEDY, "max_new_tokens": ANSWER_TOKENS}
    options |= {"min_new_tokens": ANSWER_TOKENS, "eos_token_id": sorted(policy.end_ids)}
    if temperature:
        drawn = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
        options |= drawn | {"num_return_sequences": each}
    network: Any = policy.network
    with torch.no_grad(), decoding_plainly(network):
        made = network.generate(**inputs, **options)
    return made[:, inputs["input_ids"].shape[1] :].tolist()


def check(case: Case, each: int) -> None:
    """Compare greedy answers.

    Raises:
        Unlike: they differ.
    """
    one, all_of_ours = theirs(case, 1, 0.0)[0], ours(case, each, 0.0)
    if any(answer != one for answer in all_of_ours):
        raise Unlike(f"{case.name}: greedy answers differ: {one} and {all_of_ours[0]}")


def seconds(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measured(case: Case, each: int, rounds: int) -> dict[str, Any]:
    """Time both ways in turns."""
    check(case, each)
    times: dict[str, list[float]] = {"earmark": [], "transformers": []}
    for number in range(rounds):
        order = [("earmark", ours), ("transformers", theirs)]
        for name, way in order if number % 2 == 0 else reversed(order):
            times[name].append(seconds(lambda way=way: way(case, each)))
    found = {name: statistics.median(own) for name, own in times.items()}
    ratios = sorted(t / o for o, t in zip(times["earmark"], times["transformers"], strict=True))
    return {
        "case": case.name,
        **{f"{name}_s": round(value, 4) for name, value in found.items()},
        "times_faster": round(found["transformers"] / found["earmark"], 2),
        "least": round(ratios[0], 2),
        "most": round(ratios[-1], 2),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--rounds", type=int, default=7)
    add("--candidates", type=int, default=8)
    add("--shapes", default="prototype,matched", help="names with commas; '' for none")
    add("--text", type=Path, help="folder of a language model")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    disable_progress_bar()
    makers: list[Callable[[], Case]] = [tiny]
    makers += [lambda name=name: random_audio(name) for name in options.shapes.split(",") if name]
    makers += [lambda: text(options.text)] if options.text else []
    rows = [measured(make(), options.candidates, options.rounds) for make in makers]
    head = ("case", "Earmark, CPU s", "transformers, CPU s", "times faster", "least to most")
    cells = [
        (
            *(row["case"], f"{row['earmark_s']:.3f}", f"{row['transformers_s']:.3f}"),
            *(f"{row['times_faster']:.2f}", f"{row['least']:.2f}-{row['most']:.2f}"),
        )
        for row in rows
    ]
    print(to_markdown(Table("Sampling eight candidates", head, cells)))
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
