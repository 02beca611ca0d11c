"""Arrow files, and folders of them that `datasets` has written (save_to_disk)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import SAME_SYNTAX
from earmark.formats.schema.tables import optional, table_format

FILE_MAGIC = b"ARROW1"
STREAM_MAGIC = b"\xff\xff\xff\xff"
STATE = "state.json"
SPLITS = "dataset_dict.json"


def sniff(source: Source) -> float:
    """Ask for an Arrow file or stream, or a folder with the state of a data set."""
    if source.is_folder:
        written = any((source.named / name).is_file() for name in (STATE, SPLITS))
        return 1.0 if written else SAME_SYNTAX
    is_bytes = not source.is_text and bool(source.head)
    begins = source.head.startswith((FILE_MAGIC, STREAM_MAGIC))
    return 1.0 if begins else SAME_SYNTAX * is_bytes


def batches(source: Source) -> Iterator[Any]:
    """Yield the batches of a file, or of all files of a folder.

    Raises:
        InputError: one cannot be read, or the folder has splits of which none is named.
    """
    arrow = optional("pyarrow", str(source))
    for path in _files(source):
        try:
            with arrow.memory_map(str(path)) as file:
                is_file = file.read(len(FILE_MAGIC)) == FILE_MAGIC
                file.seek(0)
                if is_file:
                    reader = arrow.ipc.open_file(file)
                    for number in range(reader.num_record_batches):
                        yield reader.get_batch(number)
                else:
                    yield from arrow.ipc.open_stream(file)
        except (arrow.ArrowException, OSError) as error:
            raise InputError(f"{path}: cannot be read as Arrow: {error}") from error


def _files(source: Source) -> list[Path]:
    """Return the files of a data set, in their order."""
    if not source.is_folder:
        return [Path(source)]
    folder = source.named
    if (folder / SPLITS).is_file():
        splits = ", ".join(sorted(p.name for p in folder.iterdir() if (p / STATE).is_file()))
        raise InputError(f"{source}: a data set with splits; give the folder of one: {splits}")
    try:
        state = json.loads((folder / STATE).read_text("utf-8"))
        names = [Path(each["filename"]).name for each in state["_data_files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / STATE}: cannot be read: {error!r}") from error
    return [folder / name for name in names]


def write_table(table: Any, path: Path) -> None:
    """Write a table as a stream, as `datasets` does."""
    arrow = optional("pyarrow", str(path))
    with arrow.ipc.new_stream(str(path), table.schema) as stream:
        stream.write_table(table)


FORMAT = table_format(
    "arrow",
    "an Arrow file, or a folder that `datasets` has written (save_to_disk)",
    sniff,
    batches,
    write_table,
)
