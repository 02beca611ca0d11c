"""Pairs with known faults, for the tests of curators."""

from dataclasses import replace
from random import Random

from earmark.records import Pair

WORDS = ("meeting", "review", "proposal", "budget", "report", "deadline", "schedule", "design")
HAN = "我们今天下午一起去图书馆讨论那个方案然后再回来"
SOURCES = ("general", "code", "chat")
TASKS = ("math", "coding", "information seeking")


def text(rng, count):
    return " ".join(
        rng.choice(WORDS) if rng.random() < 0.5 else rng.choice(HAN) for _ in range(count)
    )


def pair(number, rng):
    """A pair with scores of two criteria, a source, annotations; one in five is flipped."""
    reward = [rng.uniform(0, 10), rng.uniform(-10, 0)]
    if rng.random() < 0.2:
        reward.reverse()
    chosen = text(rng, 8)
    return Pair(
        f"p{number}",
        [{"role": "user", "content": f"Request {rng.randrange(10**6)}: {text(rng, 6)}"}],
        chosen,
        text(rng, rng.randint(5, 12)),
        [rng.choice(("omission", "translation"))],
        {"reward": reward, "safe": [rng.random(), rng.random()]},
        rng.choice(("mixed", "zh")),
        rng.choice(SOURCES),
        annotations={
            "task": rng.choice(TASKS),
            "input_quality": rng.choice(("poor", "average", "good", "excellent")),
            "difficulty": rng.choice(("very easy", "easy", "hard")),
            "safety": "not flagged",
        },
    )


def pairs(count, seed=0):
    """Pairs, some of which are copies and near-copies of others."""
    rng = Random(seed)
    made = [pair(number, rng) for number in range(count)]
    for number in range(5, count, 11):
        made[number] = replace(made[number], prompt=made[number - 3].prompt)
    for number in range(7, count, 13):
        said = made[number - 4].prompt[0]["content"]
        made[number] = replace(made[number], prompt=[{"role": "user", "content": said + "!"}])
    return made


def listwise(count, seed=0):
    """Pairs with four rejected answers, scored by two criteria."""
    rng = Random(seed)
    made = []
    for number in range(count):
        scores = [[rng.randint(1, 5) for _ in range(5)] for _ in range(2)]
        if rng.random() < 0.7:
            scores[0][0] = scores[1][0] = 6
        prompt = [{"role": "user", "content": f"Prompt {number}"}]
        answers = [f"answer {n} {text(rng, 4)}" for n in range(5)]
        made.append(
            Pair(
                f"p{number}",
                prompt,
                answers[0],
                answers[1:],
                scores={"safe": scores[0], "helpful": scores[1]},
            )
        )
    return made
