"""How well sounds that agree are separated from chance and from translations, and from where on.

    python benchmarks/sound_alike.py

Sound-alikes (`sound_alikes.tsv`: names, everyday words and phrases, written by sound in the other
script) are compared one by one and in stretches of two and four, and once more with a fifth of
their phone classes lost, replaced or added, since models do not transliterate by the book. Random
stretches are words of our grammar, English beside Mandarin of the same length; translations are
its rows. The thresholds of `text/pronunciation/alike.py` were read off the first half of the
random stretches (the column `1 %`); the other half is what `by chance` counts.
"""

import re
import timeit
from bisect import bisect_left, bisect_right
from importlib.resources import files
from itertools import chain
from pathlib import Path
from random import Random
from statistics import mean

from rich.console import Console
from rich.table import Table

from earmark.text import tokenize
from earmark.text.pronunciation import alike, found_in, sound_of, sounds_alike
from earmark.text.pronunciation.alike import found_threshold, threshold

PAIRS = Path(__file__).with_name("sound_alikes.tsv")
DICTIONARY = files("earmark").joinpath("assets/grammar-dictionary.tsv")
CLASS = re.compile("[A-Z][a-z]|[a-z]")
CLASSES = ["Pp", "Ff", "Tt", "Kk", "Hh", "Ss", "Cc", "Ll", "Mn", "Nn", *"aeiou"]
# Of the longer sound, in phone classes.
LENGTHS = ((2, 4), (5, 7), (8, 12), (13, 20), (21, 40))
NOISE = 0.2
RANDOM_PER_LENGTH = 4000
# How much longer the text is that a sound is looked for in.
LONGER = (1.5, 4.0)


def rows_of(path):
    """Return the columns of a TSV file without its comments."""
    lines = Path(str(path)).read_text("utf-8").splitlines()
    return [line.split("\t")[:2] for line in lines if line and not line.startswith("#")]


def sound(text):
    """Return the sound of a text."""
    return sound_of(tokenize(text))


def count(sound):
    """Count the phone classes of a sound."""
    return len(CLASS.findall(sound))


def stretches(pairs, rng):
    """Return pairs of sounds that agree: single words, and runs of two and of four."""
    made = []
    for size in (1, 2, 4):
        shuffled = rng.sample(pairs, len(pairs))
        runs = (shuffled[i : i + size] for i in range(0, len(shuffled) - size + 1, size))
        made += [
            tuple(map(sound, (" ".join(side) for side in zip(*run, strict=True)))) for run in runs
        ]
    return made


def noised(sound, rng):
    """Lose, replace or add some of the phone classes."""
    out = []
    for name in CLASS.findall(sound):
        drawn = rng.random() / NOISE
        out += [name] if drawn > 2 / 3 else [] if drawn < 1 / 3 else [rng.choice(CLASSES)]
        out += [rng.choice(CLASSES)] if drawn * NOISE > 1 - NOISE / 3 else []
    return "".join(out)


def run_of(words, classes, rng):
    """Return the sound of random words, of at least so many phone classes."""
    made = ""
    while count(made) < classes:
        made += sound_of(rng.choice(words))
    return made


def random_pairs(dictionary, rng, longer=(0.8, 1.2), each=RANDOM_PER_LENGTH):
    """Return by length pairs of an English and a Mandarin stretch that have nothing in common."""
    mandarin, english = ([tokenize(row[side]) for row in dictionary] for side in (0, 1))
    made = {}
    for low, high in LENGTHS:
        pairs = made[low, high] = []
        while len(pairs) < each:
            sides = [english, mandarin] if len(pairs) % 2 else [mandarin, english]
            one = run_of(sides[0], rng.uniform(low, high) * 0.8, rng)
            other = run_of(sides[1], count(one) * rng.uniform(*longer) * 0.9, rng)
            size = count(one) if longer[0] > 1 else max(count(one), count(other))
            if low <= size <= high:
                pairs.append((one, other))
    return made


def auc(positive, negative):
    """Return the chance that a pair that agrees is more alike than one that does not."""
    negative = sorted(negative)
    ranks = (bisect_left(negative, p) + bisect_right(negative, p) for p in positive)
    return sum(ranks) / (2 * len(positive) * len(negative))


def quantile(values, share):
    """Return the value that a share of the values is below."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def share(pairs, measure, limit):
    """Return the share of pairs that reach the threshold."""
    return mean(measure(one, other) >= limit(one, other) for one, other in pairs) if pairs else None


def longer_of(one, other):
    """Return the threshold for two sounds."""
    return threshold(max(len(one), len(other)))


def separation(agree, noisy, chance):
    """Tabulate by length how alike sounds are, and what the threshold keeps."""
    columns = "pairs, alike, noisy, random, AUC, noisy AUC, 1 %, found, noisy, by chance"
    shown = Table("classes", *columns.split(", "), title="Sound-alikes and random stretches")
    for (low, high), pairs in chance.items():
        first, other = pairs[::2], pairs[1::2]
        within = [p for p in agree if low <= max(map(count, p)) <= high]
        rough = [p for p in noisy if low <= max(map(count, p)) <= high]
        values = [[alike(*pair) for pair in group] for group in (within, rough, other)]
        cut = quantile([alike(*pair) for pair in first], 0.99)
        shown.add_row(
            f"{low}-{high}", str(len(within)), *(f"{mean(v):.2f}" for v in values),
            *(f"{auc(v, values[2]):.3f}" for v in values[:2]), f"{cut:.2f}",
            *(f"{share(group, alike, longer_of):.1%}" for group in (within, rough, other)),
        )  # fmt: skip
    return shown


def windows(agree, dictionary, rng):
    """Tabulate the same for a sound that is looked for within a longer one."""
    columns = "pairs, random, AUC, 1 %, found, by chance"
    shown = Table("classes", *columns.split(", "), title="Found within a longer stretch")
    words = [[tokenize(row[side]) for row in dictionary] for side in (0, 1)]
    for (low, high), pairs in random_pairs(dictionary, rng, LONGER).items():
        first, other = pairs[::2], pairs[1::2]
        within = [p for p in agree if low <= count(p[0]) <= high]
        hidden = [(one, hide(two, words[rng.randint(0, 1)], rng)) for one, two in within]
        values = [[found_in(*pair) for pair in group] for group in (hidden, other)]
        cut = quantile([found_in(*pair) for pair in first], 0.99)
        limit = lambda one, _: found_threshold(len(one))  # noqa: E731
        shown.add_row(
            f"{low}-{high}", str(len(hidden)), f"{mean(values[1]):.2f}", f"{auc(*values):.3f}",
            f"{cut:.2f}", *(f"{share(group, found_in, limit):.1%}" for group in (hidden, other)),
        )  # fmt: skip
    return shown


def hide(sound, words, rng):
    """Put random words around a sound."""
    each = count(sound) * rng.uniform(*LONGER) / 2
    return run_of(words, each, rng) + sound + run_of(words, each, rng)


def speeds(pairs):
    """Return what a comparison and a token cost, in µs."""
    sounds = [(sound(one), sound(other)) for one, other in pairs]
    tokens = list(chain.from_iterable(map(tokenize, chain.from_iterable(pairs))))
    turns = 50
    compared = timeit.timeit(lambda: [alike(a, b) for a, b in sounds], number=turns)
    windowed = timeit.timeit(lambda: [found_in(a, b + a + b) for a, b in sounds], number=turns)
    sounded = timeit.timeit(lambda: sound_of(tokens), number=turns)
    scale = 1e6 / turns
    return {
        "alike": scale * compared / len(sounds),
        "found_in": scale * windowed / len(sounds),
        "sound_of, a token": scale * sounded / len(tokens),
    }


def main():
    console = Console(width=130)
    rng = Random(0)
    pairs = rows_of(PAIRS)
    dictionary = rows_of(DICTIONARY)
    agree = stretches(pairs, rng)
    noisy = [(noised(one, rng), other) for one, other in agree]
    console.print(separation(agree, noisy, random_pairs(dictionary, rng)))
    console.print(windows(agree, dictionary, rng))
    translated = [(sound(zh), sound(en)) for zh, en in dictionary]
    values = [alike(*pair) for pair in translated]
    single = [alike(sound(one), sound(other)) for one, other in pairs]
    both = zip(dictionary, translated, strict=True)
    taken = [row for row, sounds in both if sounds_alike(*sounds)]
    console.print(f"pairs against {len(dictionary)} translations: AUC {auc(single, values):.3f}")
    console.print(f"translations that sound alike: {', '.join(map(' '.join, taken))}")
    for name, cost in speeds(pairs).items():
        console.print(f"{name}: {cost:.2f} µs")


if __name__ == "__main__":
    main()
