"""What may be asked: manifests, pairs, candidates, prompts alone; what cannot is named."""

import pytest

from earmark.errors import InputError, KnobError
from earmark.prompting.facts import Facts
from earmark.records import Pair
from earmark.sample.check import check_sounds
from earmark.sample.given import given_items, read_given
from earmark.sample.plan import Request, check_options, plan
from sample_world import write_corpus, write_rows
from tiny_world import messages

ASKS = [{"role": "user", "content": "Say hello."}]


def prompts_of(path, **knobs):
    given = read_given(path)
    return list(plan(given.rows, given.folder, Request(Facts(), "Say it.", **knobs)))


def test_a_manifest_is_asked_for_transcripts_and_keeps_its_truth(tmp_path):
    first, second, _ = prompts_of(write_corpus(tmp_path))
    assert first.row.id == first.row.source == "u0"
    assert (first.row.truth, second.row.truth) == ("我 想", "the shop")
    assert first.row.extra == {"speaker": "v0"}
    audio, said = first.row.prompt[0]["content"]
    assert audio == {"type": "audio", "audio": "0.wav"}
    assert said == {"type": "text", "text": "Say it."}
    assert first.hearings[0].sounds[0].path == str(tmp_path / "0.wav")


def test_prompts_alone_are_messages_or_a_text_and_have_ids(tmp_path):
    rows = [{"prompt": "Say hello."}, {"id": "b", "messages": ASKS, "topic": "greetings"}]
    one, two = prompts_of(write_rows(tmp_path / "p.jsonl", rows))
    assert (one.row.id, two.row.id) == ("1", "b")
    assert one.row.prompt == two.row.prompt == ASKS
    assert two.row.extra == {"topic": "greetings"}
    assert one.row.truth is None


def test_of_a_pair_the_chosen_answer_is_the_truth(tmp_path):
    rows = [{"id": "a", "prompt": ASKS, "chosen": "Hello.", "rejected": "No.", "language": "en"}]
    (one,) = prompts_of(write_rows(tmp_path / "p.jsonl", rows))
    assert (one.row.truth, one.row.language, one.row.candidates) == ("Hello.", "en", [])


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"prompt": []}, "the prompt has no message"),
        ({"prompt": [{"role": "user"}]}, "an object with role and content"),
        ({"prompt": 7}, "field 'prompt' should be a list of messages"),
        ({"messages": [*ASKS, {"role": "assistant", "content": "Hi"}]}, "end with an answer"),
        ({"prompt": ASKS, "id": "1"}, "the id '1' is that of .*p.jsonl:1 too"),
    ],
)
def test_a_prompt_that_cannot_be_is_named_with_its_place(tmp_path, row, why):
    path = write_rows(tmp_path / "p.jsonl", [{"prompt": "Say hello."}, row])
    with pytest.raises(InputError, match=rf"p\.jsonl:2: .*{why}"):
        read_given(path)
    given = read_given(path, "skip")
    assert [one.record.id for one in given.rows] == ["1"]
    assert [bad.line for bad in given.bad] == [2]


def test_hypotheses_have_no_prompt(tmp_path):
    rows = [{"id": "a", "text": "b", "raw_text": "b", "made_by": {"model": "m"}}]
    with pytest.raises(InputError, match="holds hypotheses, which have no prompt"):
        read_given(write_rows(tmp_path / "h.jsonl", rows))


def test_clips_that_are_not_there_are_all_named(tmp_path):
    write_corpus(tmp_path)
    for name in ("0.wav", "2.wav"):
        (tmp_path / name).unlink()
    with pytest.raises(InputError, match=r"2 of 3 rows cannot be used(.|\n)*'u0'(.|\n)*'u2'"):
        check_sounds(read_given(tmp_path / "u.jsonl"), "stop")
    left = check_sounds(read_given(tmp_path / "u.jsonl"), "skip")
    assert [row.record.id for row in left.rows] == ["u1"]
    assert len(left.bad) == 2


def test_several_voices_of_a_text_are_one_prompt_per_clip(tmp_path):
    path = write_corpus(tmp_path, texts=("好", "the shop", "好"))
    one, two = prompts_of(path, per="clip")
    assert [hearing.answers for hearing in one.hearings] == [{"audio": "0.wav"}, {"audio": "2.wav"}]
    assert one.row.prompt == one.hearings[0].messages
    assert two.hearings[0].answers == {"audio": "1.wav"}
    given = read_given(path)
    check_options(given, None, "clip", "text")
    with pytest.raises(KnobError, match="no two of the 3 utterances have the same 'speaker'"):
        check_options(given, None, "clip", "speaker")
    with pytest.raises(KnobError, match="utterance 'u0' has no 'sentence'"):
        check_options(given, None, "clip", "sentence")
    with pytest.raises(KnobError, match="none of the 1 prompts has more than one clip"):
        check_options(given_items(["Hi"]), None, "clip", "text")


def test_several_clips_of_a_prompt_are_heard_one_by_one_per_clip(tmp_path):
    write_corpus(tmp_path)
    parts = [{"type": "audio", "audio": f"{i}.wav", "start_s": 0.1} for i in range(2)]
    content = [*parts, {"type": "text", "text": "What is said?"}]
    rows = [{"id": "a", "prompt": [{"role": "user", "content": content}]}]
    path = write_rows(tmp_path / "p.jsonl", rows)
    (whole,) = prompts_of(path)
    assert len(whole.hearings) == 1
    assert len(whole.hearings[0].sounds) == 2
    (each,) = prompts_of(path, per="clip")
    for number, hearing in enumerate(each.hearings):
        assert hearing.messages[0]["content"] == [parts[number], content[2]]
        assert hearing.answers == {"audio": f"{number}.wav", "start_s": 0.1}


def test_options_of_no_use_are_refused(tmp_path):
    given = given_items(["Say hello."])
    with pytest.raises(KnobError, match="the prompts given has prompts of its own"):
        check_options(given, "Say it.", "prompt", "text")
    with pytest.raises(KnobError, match="of no use without per 'clip'"):
        check_options(given, None, "prompt", "sentence")


def test_items_may_be_records_rows_and_texts():
    pair = Pair("p", messages(), "a", "b")
    given = given_items([pair, {"id": "u", "audio": "a.wav"}, {"prompt": "Hi"}, "Ho"])
    assert [type(row.record).__name__ for row in given.rows] == [
        *("Pair", "Utterance", "Candidates", "Candidates")
    ]
    with pytest.raises(InputError, match="item 1 should be an utterance, a pair"):
        given_items([7])
