"""Lhotse's Shar folders: shards of cuts, and beside each a tar with the sound of its cuts."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from earmark.formats.files.lines import DAMAGE, unreadable
from earmark.formats.files.sound import audio_path, flac_of, header
from earmark.formats.files.source import Source
from earmark.formats.format import SAME_SYNTAX, Format, Row
from earmark.formats.lhotse import cut_of, cut_rows
from earmark.formats.schema.losses import NO_START
from earmark.formats.schema.spans import audio_of, check_whole
from earmark.records import AnyRecord, Utterance

SHARD = "{}.{:06d}.{}"
ROWS_OF_SHARD = 1000


def sniff(source: Source) -> float:
    """Ask for a folder with shards of cuts."""
    if not source.is_folder:
        return 0.0
    return 1.0 if _shards(source.named) else SAME_SYNTAX


def _shards(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("cuts.*.jsonl*") if p.suffix in (".gz", ".jsonl"))


def read(source: Source, kind: type[Any]) -> Iterator[Row]:
    """Yield the rows of all shards. Sound is written out, unless it is not wanted.

    Raises:
        InputError: the sound of a shard is not there or is cut off.
    """
    for shard in _shards(source.named):
        number = shard.name.split(".")[1]
        tar = source.named / f"recording.{number}.tar"
        sounds = _sounds(tar, source) if source.sounds is not None else {}

        def sound(
            row: Mapping[str, Any], where: str, sounds: Mapping[str, str | None] = sounds
        ) -> str | None:
            return sounds.get(str(row.get("id")))

        yield from cut_rows(Source(shard), sound)


def _sounds(tar: Path, source: Source) -> dict[str, str | None]:
    """Write out the sound of a shard; return its paths by the ids of the cuts."""
    found: dict[str, str | None] = {}
    if not tar.is_file():
        return found
    try:
        # Read as a stream; a member is never written under its own name.
        with tarfile.open(tar, mode="r|*") as members:
            for member in members:
                name = member.name.removeprefix("./")
                data = members.extractfile(member) if member.isfile() else None
                if data is None or name.endswith((".json", ".nodata", ".nometa")):
                    continue
                id_ = name.rpartition(".")[0]
                where = f"{tar}: {name}"
                found[id_] = audio_path({"bytes": data.read(), "path": name}, source, where, id_)
    except (*DAMAGE, tarfile.TarError) as error:
        raise unreadable(tar, error) from error
    return found


def write(records: Iterable[AnyRecord], path: Path) -> int:
    """Write shards of cuts with their sound.

    Raises:
        InputError: an utterance without sound, or one that is a span of its recording.
    """
    rows = list(records)
    path.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, len(rows), ROWS_OF_SHARD)):
        shard = rows[start : start + ROWS_OF_SHARD]
        with tarfile.open(path / SHARD.format("recording", number, "tar"), "w") as tar:
            cuts = [_add(tar, row, path) for row in shard if isinstance(row, Utterance)]
        lines = "".join(json.dumps(cut, ensure_ascii=False) + "\n" for cut in cuts)
        packed = gzip.compress(lines.encode(), mtime=0)
        (path / SHARD.format("cuts", number, "jsonl.gz")).write_bytes(packed)
    return len(rows)


def _add(tar: tarfile.TarFile, utterance: Utterance, folder: Path) -> dict[str, Any]:
    """Add the sound of an utterance and what Lhotse keeps beside it; return its cut."""
    check_whole(utterance, "shar")
    audio = folder.parent / audio_of(utterance, "shar")
    facts = header(audio)
    sources = [{"type": "shar", "channels": [0], "source": ""}]
    recording = {"id": utterance.id, "sources": sources, **facts}
    data = flac_of(audio.read_bytes(), str(audio))
    for suffix, content in (("flac", data), ("json", json.dumps(recording).encode())):
        member = tarfile.TarInfo(f"{utterance.id}.{suffix}")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return cut_of(utterance, recording)


FORMAT = Format(
    name="shar",
    expects="a folder with cuts.000000.jsonl.gz, recording.000000.tar",
    loses={Utterance: ("audio", NO_START)},
    sniff=sniff,
    read=read,
    write=write,
    absolute=True,
)
