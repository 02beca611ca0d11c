"""The rows of an arm and a seed: prompts in Whisper's form, chosen and rejected answers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from earmark.experiments.disturb import one_rejected, spoil_chosen
from earmark.experiments.real_codeswitch.arms import Arm
from earmark.experiments.real_codeswitch.world import Spoken, World
from earmark.failures.mode import Tools
from earmark.formats.reading import read
from earmark.pairs.files import imitate_file, mine_file
from earmark.pairs.imitate import Imitation
from earmark.pairs.mined import Mining
from earmark.pairs.mix import parse_mix
from earmark.records import MANIFEST, Pair
from earmark.translators.dictionaries.choose import load_dictionary

# The paper's shares; what cannot be translated is written by sound, which is what Whisper does.
MIX = "global_translation=0.8,partial_translation=0.2"
# Of sentences in one language, on all of which each of them can be made.
MIX_ALONE = "partial_translation=1,sound_alike=1,run_on=1"


def rows_of(world: World, arm: Arm, seed: int, folder: Path, hyps: Sequence[Path]) -> list[Pair]:
    """Return the rows of an arm, made now or before.

    Args:
        world: speech.
        arm: says which rows.
        seed: draws sentences and answers.
        folder: where pairs are kept; their audio paths start there.
        hyps: what the model that is trained wrote for the pool, for arms that mine.
    """
    order = {each.id: place for place, each in enumerate(world.training(seed).utterances)}
    whole = _all_rows(world.pool, arm, seed, folder, hyps)
    rows = one_rejected([pair for pair in whole if pair.source in order], seed)
    rows.sort(key=lambda pair: order[pair.source or ""])
    if arm.noise:
        rows = spoil_chosen(rows, arm.noise, seed)
    if arm.replays:
        rows = with_replay(rows, world, seed, folder)
    return [with_language(pair) for pair in rows]


def _all_rows(pool: Spoken, arm: Arm, seed: int, folder: Path, hyps: Sequence[Path]) -> list[Pair]:
    """Return the rows of the whole pool, with every answer that may be rejected."""
    path = folder / f"{arm.rows}.jsonl"
    if not path.is_file():
        manifest = pool.folder / MANIFEST
        if arm.rows == "imitated":
            imitation = Imitation(parse_mix(MIX)[0], Tools(translator=load_dictionary()))
            imitate_file(manifest, path, imitation, seed=seed)
        else:
            mining = Mining(dictionary=load_dictionary(), match_style=arm.rows == "styled")
            mine_file(manifest, hyps, path, mining, several=True, seed=seed)
    return list(read(Pair, path))


def with_replay(rows: list[Pair], world: World, seed: int, folder: Path) -> list[Pair]:
    """Mix rows in one language alone among others, as many as the scale's share of all."""
    alone = [pair for spoken in world.replay for pair in replayed(spoken, folder, seed)]
    rng = Random(f"replay {seed}")
    share = world.scale.replay_share
    count = round(len(rows) * share / (1 - share))
    places = rng.sample(range(max(count, len(alone))), count)
    drawn = [alone[place % len(alone)] for place in places]
    mixed = [*rows, *drawn]
    rng.shuffle(mixed)
    return [replace(pair, id=f"{pair.id}-{place}") for place, pair in enumerate(mixed)]


def replayed(spoken: Spoken, folder: Path, seed: int) -> list[Pair]:
    """Return rows of speech in one language; the rejected answer is imitated."""
    path = folder / f"{spoken.folder.name}.jsonl"
    if not path.is_file():
        imitation = Imitation(parse_mix(MIX_ALONE)[0], Tools(translator=load_dictionary()))
        imitate_file(spoken.folder / MANIFEST, path, imitation, seed=seed)
    return list(read(Pair, path))


def with_language(pair: Pair) -> Pair:
    """Let the prompt name a language: English for English alone, else Mandarin."""
    language = "en" if pair.language == "en" else "zh"
    opening = f"<|{language}|><|transcribe|><|notimestamps|>"
    return replace(pair, prompt=[*pair.prompt, {"role": "assistant", "content": opening}])
