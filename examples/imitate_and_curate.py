"""Build preference pairs from a manifest, choose among them, and keep them in a file."""

import tempfile
from pathlib import Path

import earmark
from earmark.voices.corpus import make_corpus

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    make_corpus(folder / "corpus", count=6, language_mix={"mixed": 1.0}, workers=1)

    pairs = earmark.imitate(
        folder / "corpus/utterances.jsonl",
        mix={"omit_embedded": 0.5, "global_translation": 0.3, "loop": 0.2},
        per_utterance=2,
    )
    print(pairs)

    # The control of any choice: as many pairs, drawn at random.
    kept = earmark.curate(pairs, "random", keep_share=0.5)
    print(kept)

    path = earmark.write(kept, folder / "pairs.jsonl")
    assert earmark.read(path) == list(kept)
    print(f"{path.name}: {len(kept)} of {len(pairs)} pairs")
