"""What the tiny base model writes: error rates, failure modes, and ten answers beside the truth.

    python benchmarks/tiny_base.py [--model DIR] [--shrink N]

Six test sets whose sentences are in no training set, three with the voices of the training
speech, three with other voices, rates and pitches and more noise. Error rates and modes are per
cent; modes are shares of the utterances, as `earmark.failures.cascade` names them with the
shipped dictionary. Exits with 1 when the model misses one of its targets. About a minute.
"""

import argparse
import sys

from earmark.recipes.tiny_base import failure_shares, figures, measure, targets

SHOWN = {"english": 2, "mandarin": 2, "code-switched": 6}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="tiny-base")
    parser.add_argument("--shrink", type=int, default=1, help="make the test sets N times smaller")
    knobs = parser.parse_args()
    measured = measure(knobs.model, knobs.shrink)
    print(figures(measured))
    for name in ("code-switched", "code-switched, held-out voices"):
        shares = failure_shares(measured[name].score)
        print(f"{name}, of the failures:", {mode: f"{share:.0%}" for mode, share in shares.items()})
    print("\n| truth | written |\n|---|---|")
    for name, count in SHOWN.items():
        written = {row.id: row.text for row in measured[name].hypotheses}
        for utterance in measured[name].utterances[:count]:
            print(f"| {utterance.text} | {written[utterance.id]} |")
    reached = targets(measured)
    print()
    for target, is_reached in reached.items():
        print(f"{'reached' if is_reached else 'MISSED '}: {target}")
    return 0 if all(reached.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
