"""Find sound files that were cut off: fewer bytes than their header promises, or no last page.

Decoders play what is left of such a file and say nothing, so each format's own statement of its
length is compared with the file. FLAC and MP3 need no look here: to read their last sample fails.
"""

import re
import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO, Literal, NamedTuple

# A file written as a stream has no true length in its header but the largest number there is.
STREAM_BYTES = 0x7FFFFF00
MOST_CHUNKS = 10_000
LONGEST_PAGE = 27 + 255 + 255 * 255
END_OF_STREAM = 0x04
W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
W64_START = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
NIST_NUMBER = re.compile(rb"^(\w+) -i (\d+)\s*$", re.MULTILINE)

Order = Literal["<", ">"]


class Promised(NamedTuple):
    """Where the sound starts in a file, and how many bytes of it the header promises."""

    start: int
    length: int


def shortfall(file: BinaryIO, size: int) -> str | None:
    """Say how a sound file falls short of what it promises; None where it is whole or unknown.

    Args:
        file: the open file; its position is moved.
        size: its size in bytes.
    """
    file.seek(0)
    start = file.read(16)
    if start[:4] == b"OggS":
        return _without_last_page(file, size)
    for magic, read in READERS.items():
        if start.startswith(magic):
            promised = read(file, size)
            if promised is None or promised.start + promised.length <= size:
                return None
            there = max(0, size - promised.start)
            return f"its header promises {promised.length} bytes of sound, {there} are there"
    return None


def _without_last_page(file: BinaryIO, size: int) -> str | None:
    """Return whether the last Ogg page is there, whole, and marked as the end of the stream."""
    file.seek(max(0, size - 2 * LONGEST_PAGE))
    tail = file.read()
    at = tail.rfind(b"OggS\x00")
    page = tail[at:]
    if at < 0 or len(page) < 27:
        return "it ends within an Ogg page"
    lacing = page[27 : 27 + page[26]]
    if len(lacing) < page[26] or len(page) < 27 + len(lacing) + sum(lacing):
        return "it ends within an Ogg page"
    if not page[5] & END_OF_STREAM:
        return (
            "its last Ogg page is not marked as the end of the stream (where nothing is missing, "
            "`ffmpeg -i IN -c copy OUT` marks it)"
        )
    return None


def _riff(file: BinaryIO, size: int, order: Order = "<") -> Promised | None:
    """Read where a WAV or RF64 file keeps its sound."""
    long_count: int | None = None
    for name, start, count in _chunks(file, size, 12, order):
        if name == b"ds64":
            file.seek(start + 8)
            long_count = _number(file, "<Q")
        if name == b"data":
            if count >= STREAM_BYTES:
                return None if long_count is None else Promised(start, long_count)
            return Promised(start, count)
    return None


def _aiff(file: BinaryIO, size: int) -> Promised | None:
    """Read where an AIFF file keeps its sound."""
    found = [Promised(at, n) for name, at, n in _chunks(file, size, 12, ">") if name == b"SSND"]
    return found[0] if found and found[0].length < STREAM_BYTES else None


def _w64(file: BinaryIO, size: int) -> Promised | None:
    """Read where a Wave64 file keeps its sound; its chunks are padded to eight bytes."""
    place = 40
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        name, count = file.read(16), _number(file, "<Q")
        if count is None or count < 24:
            return None
        if name == W64_DATA:
            return Promised(place + 24, count - 24)
        place += (count + 7) // 8 * 8
    return None


def _au(file: BinaryIO, size: int, order: Order = ">") -> Promised | None:
    """Read where an AU file keeps its sound."""
    file.seek(4)
    start, count = _number(file, f"{order}I"), _number(file, f"{order}I")
    if start is None or count is None or count >= STREAM_BYTES:
        return None
    return Promised(start, count)


def _nist(file: BinaryIO, size: int) -> Promised | None:
    """Read where a SPHERE file keeps its sound; None for one that is compressed."""
    file.seek(8)
    length = file.read(8).strip()
    if not length.isdigit():
        return None
    file.seek(0)
    header = file.read(int(length))
    if b"shorten" in header:
        return None
    numbers = {name: int(value) for name, value in NIST_NUMBER.findall(header)}
    samples, width = numbers.get(b"sample_count"), numbers.get(b"sample_n_bytes")
    if samples is None or width is None:
        return None
    return Promised(int(length), samples * width * numbers.get(b"channel_count", 1))


READERS: dict[bytes, Callable[[BinaryIO, int], Promised | None]] = {
    b"RIFF": _riff,
    b"RIFX": lambda file, size: _riff(file, size, ">"),
    b"RF64": _riff,
    b"FORM": _aiff,
    b".snd": _au,
    b"dns.": lambda file, size: _au(file, size, "<"),
    b"NIST_1A": _nist,
    W64_START: _w64,
}


def _chunks(
    file: BinaryIO, size: int, place: int, order: Order
) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and size of the chunks of a file, padded to two bytes."""
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        name, count = file.read(4), _number(file, f"{order}I")
        if count is None:
            return
        yield name, place + 8, count
        place += 8 + count + count % 2


def _number(file: BinaryIO, form: str) -> int | None:
    """Read one number; None at the end of the file."""
    raw = file.read(struct.calcsize(form))
    return int(struct.unpack(form, raw)[0]) if len(raw) == struct.calcsize(form) else None
