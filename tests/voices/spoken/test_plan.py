import pytest

from earmark.errors import InputError, KnobError
from earmark.records import Utterance
from earmark.voices.engine import Source
from earmark.voices.engines import open_engine
from earmark.voices.spoken.plan import Speaking, check_job, chosen_voices, file_name, plan

TEXTS = [Utterance("a", "我想 copy"), Utterance("b", "好的", language="zh", extra={"topic": 1})]
MADE_BY = {"engine": "espeak"}
VOICES = ("f1", "f2", "m1", "m3")


def drawn(texts=TEXTS, **options):
    return list(plan(texts, Speaking(**{"voices": VOICES, **options}), MADE_BY))


def test_each_text_is_spoken_by_several_voices():
    jobs = drawn(per_text=3, speed=(0.9, 1.1), snr_db=(10, 20))
    assert [job.line for job in jobs] == [1, 1, 1, 2, 2, 2]
    assert len({job.voice for job in jobs[:3]}) == 3
    assert all(0.9 <= job.speed <= 1.1 and 10 <= job.snr_db <= 20 for job in jobs)
    assert len({job.speed for job in jobs}) == 6
    first = jobs[0].utterance
    assert first.id == f"a-{jobs[0].voice}"
    assert (first.language, first.speaker) == ("mixed", jobs[0].voice)
    assert first.audio == f"audio/{first.id}.flac"
    assert jobs[-1].utterance.extra["topic"] == 1
    assert first.extra["made_by"]["engine"] == "espeak"
    assert first.extra["made_by"]["speed"] == jobs[0].speed


def test_texts_and_voices_that_are_added_change_no_other_clip():
    before = {job.utterance.id: job.utterance for job in drawn(per_text=4, snr_db=(0, 9))}
    more = drawn(
        [Utterance("c", "新的"), *TEXTS], voices=(*VOICES, "f3"), per_text=5, snr_db=(0, 9)
    )
    after = {job.utterance.id: job.utterance for job in more}
    assert before.items() <= after.items()
    assert len(after) == 15
    other = {job.utterance.id: job.utterance for job in drawn(per_text=4, snr_db=(0, 9), seed=1)}
    assert all(other[id_] != row for id_, row in before.items())


def test_every_voice_comes_in_turn():
    texts = [Utterance(str(n), f"text {n}") for n in range(400)]
    voices = [job.voice for job in drawn(texts)]
    assert all(70 < voices.count(voice) < 130 for voice in VOICES)


def test_its_own_sound_is_left_out_of_a_text():
    row = Utterance(
        "a", "好", "old.wav", 1.0, 2.0, speaker="Li", extra={"spans": [], "made_by": {}}
    )
    (job,) = drawn([row], per_text=1)
    assert (job.utterance.start_s, job.utterance.end_s) == (None, None)
    assert job.utterance.extra.keys() == {"made_by"}
    assert job.utterance.extra["made_by"]["voice"] == job.voice


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"per_text": 5}, "5 voices for each text; expected 1 to 4"),
        ({"per_text": 0}, "0 voices for each text"),
        ({"speed": (1.2, 1.0)}, "speed: expected a range, the lower first"),
        ({"speed": (0.1, 1.0)}, "a speed of 0.1; expected 0.5 to 2"),
        ({"speed": (1.0, float("inf"))}, "speed: expected a range"),
        ({"snr_db": (20, 10)}, "snr_db: expected a range"),
        ({"snr_db": (-90, 10)}, "snr_db: expected -20 to 100 decibels"),
        ({"seed": -1}, "seed should be a whole number"),
    ],
)
def test_settings_that_make_no_sense(options, expected):
    with pytest.raises(KnobError, match=expected):
        Speaking(**{"voices": VOICES, **options})


def test_two_clips_of_one_id_are_refused():
    texts = [Utterance("a", "一"), Utterance("a", "二")]
    with pytest.raises(InputError, match="id 'a-f1' was already used"):
        drawn(texts, voices=("f1",))


def test_names_of_files():
    assert file_name("s1-f2") == "s1-f2"
    odd = {file_name(id_) for id_ in ("a/b", "a_b", "a:b", "../a", ".a", "好 的", "x" * 300)}
    assert len(odd) == 7
    assert all("/" not in name and len(name) <= 100 and name[0] != "." for name in odd)


def test_voices_by_name_and_pattern():
    espeak = open_engine("espeak", Source())
    assert chosen_voices("f2, m1-gb", espeak) == ("f2", "m1-gb")
    assert set(chosen_voices("f2,f*-us", espeak)) >= {"f2", "f1-us", "f5-us"}
    for given, expected in (
        (None, "which voices of espeak speak"),
        ("", "which voices of espeak speak"),
        (" , ", "which voices of espeak speak"),
        ("f2,f2", "named twice"),
        ("zz*", "no voice is like 'zz.'"),
        ("f2,nobody", "espeak has no voice 'nobody'"),
    ):
        with pytest.raises(KnobError, match=expected):
            chosen_voices(given, espeak)


def test_texts_that_cannot_be_spoken_are_named():
    espeak = open_engine("espeak", Source())
    for text, expected in ((None, "expected a text, found none"), ("の", "HIRAGANA")):
        (job,) = drawn([Utterance("u1", text)], voices=("f1",))
        with pytest.raises(InputError, match=rf"text 1 \('u1-f1'\): .*{expected}"):
            check_job(job, espeak)
