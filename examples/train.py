"""From utterances to a trained model: pairs, four steps of DPO, transcripts before and after."""

import tempfile
from pathlib import Path

import earmark
from earmark.voices.corpus import make_corpus

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    make_corpus(folder / "train", count=6, language_mix={"mixed": 1.0}, workers=1)
    make_corpus(folder / "test", count=3, language_mix={"mixed": 1.0}, split="test", workers=1)
    test = folder / "test/utterances.jsonl"

    pairs = earmark.imitate(folder / "train/utterances.jsonl", mix={"omit_embedded": 1})
    run = earmark.train(
        pairs,
        "tiny-base",
        folder / "run",
        objective="dpo",
        beta=0.1,
        learning_rate=5e-4,
        max_steps=4,
        per_device_train_batch_size=3,
        logging_steps=2,
        save_steps=4,
        cache_dir=str(folder / "cache"),
    )
    before = earmark.transcribe("tiny-base", test)
    after = earmark.transcribe("tiny-base", test, adapter=run)
    print(earmark.compare(test, before, after, names=("before", "after")))

    aligned = earmark.export(run, folder / "aligned")
    print(sorted(path.name for path in aligned.iterdir())[:3])
