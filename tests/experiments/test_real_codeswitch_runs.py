"""The comparison on a real recogniser runs, resumes, and gives the same side by side."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from earmark.errors import InputError, KnobError
from earmark.experiments.cells import Cell, check_scale, read_result
from earmark.experiments.clock import Clock
from earmark.experiments.jobs import do_jobs, processes
from earmark.experiments.outcomes import BASE
from earmark.experiments.real_codeswitch.arms import choose_arms
from earmark.experiments.real_codeswitch.scale import Scale
from earmark.experiments.real_codeswitch.schedule import CONDITION, Sweep, planned
from earmark.experiments.real_codeswitch.sets import DEVELOPMENT, POOL, REPLAY, TESTS
from earmark.experiments.real_codeswitch.tables import all_tables, read_outcomes
from earmark.experiments.real_codeswitch.trial import mined_files
from earmark.experiments.real_codeswitch.world import Parts, World
from earmark.formats.files.lines import write_jsonl
from earmark.formats.schema.fields import to_row
from earmark.records import MANIFEST, Hypothesis
from earmark.speech.audio import write_audio
from earmark.transcribe.resume import candidate_paths
from earmark.voices.sentences.draw import as_utterance, draw_sentences
from whisper_random import build_whisper

SCALE = Scale(
    rates=(1e-3,),
    steps=2,
    batch_size=2,
    pool=6,
    training=4,
    replayed=2,
    replay_share=0.34,
    development=2,
    mixed=2,
    alone=2,
    candidates=1,
    silence_s=1.0,
)
SETS = {
    "pool": (POOL, 6),
    "development": (DEVELOPMENT, 2),
    **{name: (plan, 2) for name, plan in {**REPLAY, **TESTS}.items()},
}


def make_world(tmp_path, device="cpu"):
    """Make a tiny random Whisper, and clips of noise for sentences of every set."""
    out, model = tmp_path / "out", tmp_path / "model"
    network, processor = build_whisper(max_target_positions=256)
    network.save_pretrained(model)
    processor.save_pretrained(model)
    check_scale(out, SCALE)
    rng = np.random.default_rng(0)
    for name, (plan, count) in SETS.items():
        folder = out / "data" / name.replace(",", "").replace(" ", "-")
        drawn = draw_sentences(count, plan.language, split=plan.split, seed=plan.seed)
        rows = []
        for utterance in map(as_utterance, drawn):
            sound = 0.1 * rng.standard_normal(16_000)
            write_audio(folder / f"{utterance.id}.wav", sound.astype(np.float32))
            rows.append({**to_row(utterance), "audio": f"{utterance.id}.wav"})
        write_jsonl(folder / MANIFEST, rows)
    # A random model seldom ends an answer, and answers at the token cap are not mined.
    world = World(out, SCALE, Parts(str(model), ""), device)
    greedy, drawn = mined_files(out / BASE)
    for path in (greedy, *candidate_paths(drawn, SCALE.candidates)):
        hyps = [Hypothesis(said.id, f"{said.text[:3]} 不知道") for said in world.pool.utterances]
        write_jsonl(path, map(to_row, hyps))
    return world


@pytest.fixture
def world(tmp_path):
    return make_world(tmp_path)


def sweep(world, arms, seeds=1, workers=1):
    clock = Clock(planned(world, arms, seeds), float("inf"))
    return Sweep(world, arms, seeds, clock, workers)


def test_arms_run_resume_and_fill_the_tables(world):
    arms = choose_arms("sft,dpo+sft-replay,sft>sft")
    first = sweep(world, arms)
    assert first.run()
    assert (first.clock.done, first.clock.ran) == (3, 3)
    again = sweep(world, arms)
    assert again.run()
    assert (again.clock.done, again.clock.ran) == (3, 0)
    assert again.clock.spent_s < 5
    assert again.rates == first.rates
    # The model that a second stage starts from stays, no other one does.
    kept = {path.parent.parent.name for path in (world.out / "runs").glob("*/*/*/*")}
    assert kept == {"sft"}
    outcomes = read_outcomes(world, arms, 1)
    assert list(outcomes) == ["base", *arms]
    for arm in arms:
        cell = Cell(CONDITION, arm, first.rates[arm], 0)
        result = read_result(world.out, cell)
        assert result["device"] == "cpu"
        assert result["cpu_s"] > 0
        assert result["test"].keys() == TESTS.keys()
    assert all(len(table.rows) for table in all_tables(outcomes))


def test_jobs_are_done_here_and_in_processes_alike():
    assert [*do_jobs(abs, [-3, 1, -2])] == [(-3, 3), (1, 1), (-2, 2)]
    with processes(2) as pool:
        there = [*do_jobs(abs, [-3, 1, -2], pool, 2)]
        assert sorted(there) == [(-3, 3), (-2, 2), (1, 1)]
        with pytest.raises(TypeError):
            [*do_jobs(abs, ["a"], pool, 2)]


def test_a_stop_lets_jobs_under_way_end():
    begun = []

    def check():
        begun.append(None)
        if len(begun) > 2:
            raise InputError("time is over")

    with ThreadPoolExecutor(2) as pool:
        jobs = do_jobs(abs, [-1, -2, -3, -4], pool, 1, check)
        assert [next(jobs), next(jobs)] == [(-1, 1), (-2, 2)]
        with pytest.raises(InputError, match="over"):
            next(jobs)


def test_fewer_workers_than_one_are_refused():
    with pytest.raises(KnobError, match="workers should be at least 1, found 0"), processes(0):
        pass
