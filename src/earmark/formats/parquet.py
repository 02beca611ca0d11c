"""Parquet files, as data sets of the hub are stored in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import SAME_SYNTAX
from earmark.formats.schema.tables import optional, table_format

MAGIC = b"PAR1"


def sniff(source: Source) -> float:
    """Ask for the first four bytes of a parquet file."""
    is_bytes = not source.is_text and bool(source.head)
    return 1.0 if source.head.startswith(MAGIC) else SAME_SYNTAX * is_bytes


def batches(source: Source) -> Iterator[Any]:
    """Yield the batches of a file.

    Raises:
        InputError: it cannot be read.
    """
    arrow, parquet = (optional(name, str(source)) for name in ("pyarrow", "pyarrow.parquet"))
    try:
        with parquet.ParquetFile(source) as file:
            yield from file.iter_batches(batch_size=256)
    except (arrow.ArrowException, OSError) as error:
        raise InputError(f"{source}: cannot be read as parquet: {error}") from error


def write_table(table: Any, path: Path) -> None:
    """Write a table."""
    optional("pyarrow.parquet", str(path)).write_table(table, path)


FORMAT = table_format(
    "parquet", "a parquet file with rows as `datasets` has them", sniff, batches, write_table
)
