"""What no model or template can take is refused before the first step, by the pair's name."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.pairs.pair_file import open_pairs
from earmark.policies.families.qwen2_audio import Qwen2AudioPolicy
from earmark.speech.audio import write_audio
from earmark.train.data.clip import ClipRef
from earmark.train.data.examples import EncodedPairs
from earmark.train.preflight.extreme_rows import Telling, check_telling
from earmark.train.run import train
from earmark.train.settings import TrainSettings
from tiny_world import messages, save_tiny, tiny_policy, write_pairs

ODD = 9
END = tiny_policy().tokenizer.eos_token


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("telling")
    save_tiny(folder / "model")
    # As in Qwen models, two tokens end an answer.
    path = folder / "model/generation_config.json"
    config = json.loads(path.read_text())
    assert tiny_policy().tokenizer.pad_token == "<|pad|>"
    both = [config["eos_token_id"], config["pad_token_id"]]
    path.write_text(json.dumps({**config, "eos_token_id": both}))
    return folder


@pytest.fixture(scope="module")
def pairs(world):
    pairs = write_pairs(world, 16)
    return [*pairs[:3], replace(pairs[3], chosen="the shop " * 12), *pairs[4:]]


def odd(pairs, **change):
    """Change one pair in the middle of the file."""
    return [*pairs[:ODD], replace(pairs[ODD], **change), *pairs[ODD + 1 :]]


AUDIO = {"type": "audio", "audio": "clip9.wav"}
REFUSED = {
    "no role": ({"prompt": [{"content": "Write."}]}, "should be an object with role and content"),
    "no text": (
        {"prompt": [{"role": "user", "content": [AUDIO, {"type": "text"}]}]},
        "a content part should be",
    ),
    "audio token in the prompt": (
        {"prompt": messages("clip9.wav", "Write <|AUDIO|> down.")},
        "2 audio placeholders for 1 clips",
    ),
    "audio token in an answer": ({"rejected": "we <|AUDIO|> share"}, "holds the audio token"),
    "end token in an answer": ({"chosen": f"we {END} share"}, "a token that ends answers"),
    "another end token": ({"chosen": "we <|pad|> share"}, "a token that ends answers"),
    "too long for the model": ({"chosen": "the shop " * 200}, "positions for 256"),
    # Fewer letters than others have, and more tokens, since each is told in bytes.
    "too many bytes": ({"chosen": "\N{GRINNING FACE}" * 100}, "positions for 256"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_one_odd_row_is_refused_before_training(world, pairs, tmp_path, name):
    change, said = REFUSED[name]
    knobs = TrainSettings(device="cpu", cache_dir=str(tmp_path / "cache"), max_steps=1)
    with pytest.raises(InputError, match="p9") as refused:
        train(odd(pairs, **change), world, str(world / "model"), tmp_path / "run", settings=knobs)
    assert said in str(refused.value)
    assert not (tmp_path / "run/log.jsonl").exists() or not (tmp_path / "run/log.jsonl").read_text()


def test_a_misshapen_prompt_can_be_set_aside(world, pairs, tmp_path):
    rows = odd(pairs, prompt=[{"content": "Write."}])
    write_jsonl(tmp_path / "pairs.jsonl", rows)
    with pytest.raises(InputError, match=r"pairs.jsonl:10: pair 'p9': a prompt message should be"):
        open_pairs(tmp_path / "pairs.jsonl", out=tmp_path / "run")
    found = open_pairs(tmp_path / "pairs.jsonl", out=tmp_path / "run", on_error="skip")
    assert len(found) == 15
    (aside,) = tmp_path.glob("*.skipped.jsonl")
    assert json.loads(aside.read_text())["line"] == 10


def test_blanks_round_an_answer_are_left_out(world, pairs):
    needs = contract(dpo)
    spaced = odd(pairs, chosen=pairs[ODD].chosen + "\n", rejected=f"  {pairs[ODD].rejected}")
    both = [EncodedPairs(rows, world, needs)[ODD] for rows in (pairs, spaced)]
    assert both[0] == both[1]


def test_which_rows_tell_most(pairs, tmp_path):
    telling = Telling()
    lengths = {5: 9.0, 3: 0.1}
    write_audio(tmp_path / "clip.wav", np.zeros(10 * 16_000, np.float32))
    for number, pair in enumerate(odd(pairs, chosen="<|AUDIO|> [THIS] " + "x" * 500)):
        clip = ClipRef(str(tmp_path / "clip.wav"), 0.0, lengths.get(number, 1.0))
        telling.look(number, pair, [clip])
    assert telling.rows({"<|AUDIO|>"}) == [0, 3, 5, ODD]
    assert telling.most_bytes.number == ODD
    assert telling.marks == {"<|AUDIO|>": ODD, "[THIS]": ODD}


def test_most_text_is_most_tokens(pairs):
    """Forty Han characters are more tokens than a hundred Latin letters."""
    rows = [replace(pairs[0], chosen=chosen) for chosen in ("x" * 100, "我想去图书馆借" * 6, "x")]
    telling = Telling()
    for number, pair in enumerate(rows):
        telling.look(number, pair, [])
    assert telling.most_text.number == 1


def test_a_processor_that_cuts_the_longest_clip_is_found_at_the_start(world, pairs, monkeypatch):
    """A window shorter than the longest clip; the first clips fit into it."""
    clips = [ClipRef(str(world / f"clip{number}.wav")) for number in range(16)]
    durations = [clip.duration_s() for clip in clips]
    longest = durations.index(max(durations))
    whole = Qwen2AudioPolicy.features

    def cutting(self, clip):
        if len(clip) / 16_000 >= durations[longest]:
            raise InputError("the processor cuts audio")
        return whole(self, clip)

    monkeypatch.setattr(Qwen2AudioPolicy, "features", cutting)
    needs, telling = contract(dpo), Telling()
    for number, pair in enumerate(pairs):
        telling.look(number, pair, [clips[number]])
    with pytest.raises(InputError, match=rf"pair 'p{longest}' .*the processor cuts audio"):
        check_telling(tiny_policy(), EncodedPairs(pairs, world, needs), telling)
