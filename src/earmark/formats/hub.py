"""A data set of the Hugging Face hub, or of a folder in its layout: hf:NAME:SPLIT."""

from collections.abc import Iterator
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import HUB, Source
from earmark.formats.schema.tables import optional, table_format


def sniff(source: Source) -> float:
    """Ask for a name that begins with hf:."""
    return float(source.is_hub)


def batches(source: Source) -> Iterator[Any]:
    """Yield the batches of a split; code that comes with a data set is not run.

    Raises:
        InputError: a name of another form, or a data set that cannot be loaded.
    """
    datasets = optional("datasets", str(source))
    name, *rest = str(source).removeprefix(HUB).split(":")
    if not name or not 1 <= len(rest) <= 2 or not all(rest):
        raise InputError(
            f"{source}: expected hf:NAME:SPLIT or hf:NAME:CONFIGURATION:SPLIT, and NAME@REVISION "
            "for a branch, tag or commit"
        )
    name, _, revision = name.partition("@")
    configuration, split = (None, rest[0]) if len(rest) == 1 else rest
    try:
        found = datasets.load_dataset(
            name, configuration, split=split, revision=revision or None, streaming=False
        )
    # It raises what its readers, the hub's client and its transport raise, each of its own kind.
    except Exception as error:
        raise InputError(f"{source}: cannot be loaded: {type(error).__name__}: {error}") from error
    for column, feature in found.features.items():
        if isinstance(feature, datasets.Audio):
            found = found.cast_column(column, datasets.Audio(decode=False))
    for table in found.with_format("arrow").iter(batch_size=256):
        yield from table.to_batches()


FORMAT = table_format(
    "hub", "a data set of the Hugging Face hub: hf:NAME:SPLIT", sniff, batches, None
)
