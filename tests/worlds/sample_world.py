"""What tests of sampling share: clips of noise, a manifest, and a tiny model that is loaded."""

import json

import numpy as np

from earmark.formats.files.lines import write_jsonl
from earmark.policies.next_token import Choice
from earmark.records import Utterance
from earmark.sample.check import check_sounds
from earmark.sample.given import read_given
from earmark.sample.local import Manner, maker
from earmark.sample.plan import Request, plan
from earmark.sample.writer import Job, sample_into
from earmark.speech.audio import write_audio
from earmark.transcribe.decoding import Decoding
from tiny_world import noise

SECONDS = (2.5, 0.6, 1.4)


def write_corpus(folder, texts=("我 想", "the shop", "去"), seconds=SECONDS):
    """Write a manifest of clips of noise; return its path."""
    rng = np.random.default_rng(0)
    rows = []
    for i, (text, duration_s) in enumerate(zip(texts, seconds, strict=True)):
        write_audio(folder / f"{i}.wav", noise(rng, duration_s))
        rows.append(Utterance(f"u{i}", text=text, audio=f"{i}.wav", speaker=f"v{i}"))
    write_jsonl(folder / "u.jsonl", rows)
    return folder / "u.jsonl"


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def planned(policy, path, per="prompt", **knobs):
    given = check_sounds(read_given(path), "stop")
    return given, list(plan(given.rows, given.folder, Request(policy.facts, "Say it.", per=per)))


def sampled(policy, path, out, *, candidates=3, batch_size=16, on_error="stop", **knobs):
    """Sample with a model that is loaded; return the rows of the file."""
    given, prompts = planned(policy, path, knobs.pop("per", "prompt"))
    knobs = {"temperature": 1.5, "seed": 3, "max_new_tokens": 6, **knobs}
    decoding = Decoding(candidates=candidates, **knobs)
    choice = Choice(temperature=decoding.temperature, top_p=decoding.top_p)
    manner = Manner(decoding, choice, batch_size, {"model": "tiny"})
    made_by = {"model": "tiny", "seed": decoding.seed}
    job = Job(prompts, out, made_by, given.folder, given.bad, given.name, on_error)
    sample_into(job, maker(policy, prompts, manner))
    return lines(out)
