"""A projector learns by CTC to bring states to their words' embeddings, and resumes exactly."""

import pytest
import torch
from torch import nn

from earmark.errors import InputError, KnobError
from earmark.tiny import listen as listening
from earmark.tiny.halves import TokenSpace
from earmark.tiny.listen import Corpus, Ear, Listening, clips_of, listen, rate_at

WIDTH, HIDDEN, WORDS, QUIET = 12, 24, 6, 6
PLAN = Listening(steps=60, clips=4, rate=0.3, seed=3)


def a_space():
    embeddings = torch.randn(20, HIDDEN, generator=torch.Generator().manual_seed(0))
    return TokenSpace(embeddings, embeddings.mean(dim=0), 1.0)


def an_ear():
    space, projector = a_space(), nn.Linear(WIDTH, HIDDEN)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        projector.weight.normal_(std=0.3, generator=generator)
        projector.bias.copy_(space.mean)
    return Ear(projector, space, range(10, 10 + WORDS))


def a_corpus(count=12, seed=0):
    """Return clips in which each word sounds as a direction of its own, with silence between."""
    generator = torch.Generator().manual_seed(seed)
    sounds = torch.eye(WIDTH)
    states, truths = [], []
    for _ in range(count):
        said = torch.randint(WORDS, [4], generator=generator).tolist()
        heard = [sounds[i] for word in said for i in (word, word, QUIET)]
        noise = 0.02 * torch.randn(len(heard), WIDTH, generator=generator)
        states.append((torch.stack(heard) + noise).half())
        truths.append([10 + word for word in said])
    return Corpus(states, truths)


def test_what_is_heard_is_written_also_for_clips_that_taught_nothing(tmp_path):
    ear, other = an_ear(), a_corpus(seed=9)
    before = [ear.write(states) for states in other.states]
    losses = listen(ear, a_corpus(), Listening(steps=200, clips=4, rate=0.3), tmp_path, "x")
    assert len(losses) == 200
    assert losses[-1] < 0.5 < 5 < losses[0]
    assert before != other.truths
    assert [ear.write(states) for states in other.states] == other.truths


def test_a_run_that_was_stopped_resumes_to_the_same_losses_and_weights(tmp_path, monkeypatch):
    whole = an_ear()
    expected = listen(whole, a_corpus(), PLAN, tmp_path / "whole", "x")

    def stopping(items, *_, **__):
        for item in items:
            if item == 33:
                raise KeyboardInterrupt
            yield item

    monkeypatch.setattr(listening, "SAVE_EVERY", 20)
    monkeypatch.setattr(listening, "track", stopping)
    with pytest.raises(KeyboardInterrupt):
        listen(an_ear(), a_corpus(), PLAN, tmp_path / "stopped", "x")
    again, steps = an_ear(), []
    monkeypatch.setattr(listening, "track", lambda items, *_, **__: steps.extend(items) or items)
    found = listen(again, a_corpus(), PLAN, tmp_path / "stopped", "x")
    assert steps == list(range(20, 60))
    assert found == expected
    for ours, theirs in zip(again.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert listen(an_ear(), a_corpus(), PLAN, tmp_path / "stopped", "x") == expected, "finished"


@pytest.mark.parametrize(("plan", "inputs"), [(PLAN, "y"), (PLAN._replace(rate=0.1), "x")])
def test_a_folder_of_another_run_is_refused(tmp_path, plan, inputs):
    listen(an_ear(), a_corpus(), PLAN, tmp_path, "x")
    with pytest.raises(InputError, match="a run with other inputs or settings is here"):
        listen(an_ear(), a_corpus(), plan, tmp_path, inputs)


def test_clips_that_are_too_short_for_their_text_are_counted(tmp_path, capsys):
    corpus = a_corpus()
    # The same word twice needs a blank between: three states for two tokens.
    short = Corpus([*corpus.states, corpus.states[0][:2]], [*corpus.truths, [10, 10]])
    listen(an_ear(), short, PLAN._replace(steps=1), tmp_path, "x")
    assert "1 of 13 clips are too short for their text" in capsys.readouterr().err


def test_every_clip_is_heard_once_in_an_epoch_in_an_order_that_changes():
    plan = Listening(clips=5, seed=1)
    first, second = ([clips_of(4 * epoch + n, 20, plan) for n in range(4)] for epoch in (0, 1))
    for epoch in (first, second):
        assert sorted(number for clips in epoch for number in clips) == list(range(20))
    assert first != second
    assert sorted(clips_of(7, 3, plan)) == [0, 1, 2]


def test_the_rate_rises_and_falls():
    plan = Listening(steps=1000, rate=0.1)
    assert rate_at(1, plan) < rate_at(50, plan) > rate_at(500, plan) > rate_at(1000, plan) > 0


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"clips": 0}, {"rate": 0.0}, {"rate": 1.0}])
def test_numbers_that_cannot_work_are_refused(tmp_path, wrong):
    with pytest.raises(KnobError, match=f"{next(iter(wrong))} should"):
        listen(an_ear(), a_corpus(), PLAN._replace(**wrong), tmp_path, "x")
