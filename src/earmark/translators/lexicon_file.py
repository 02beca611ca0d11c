"""Read a lexicon from a file: TSV or YAML."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import yaml

from earmark.errors import InputError
from earmark.files import decode_line, numbered_lines
from earmark.translators.lexicon import Lexicon


def load_lexicon(path: str | Path | None = None) -> Lexicon:
    """Read a lexicon; without a path, the one that ships with Earmark.

    TSV has one entry a line, `Mandarin<TAB>English`; YAML maps Mandarin to English or to a
    list of English. Lines that begin with `#` are comments.

    Raises:
        InputError: the file cannot be read, a line has not two columns, or there is no entry.
    """
    if path is None:
        shipped = files("earmark").joinpath("assets/lexicon.tsv")
        return _load(Path(str(shipped)), "lexicon:earmark")
    return _load(Path(path), f"lexicon:{Path(path).name}")


def _load(path: Path, name: str) -> Lexicon:
    """Read a lexicon file of either format."""
    is_yaml = path.suffix in (".yaml", ".yml")
    entries = list(_yaml_entries(path) if is_yaml else _tsv_entries(path))
    if not entries:
        raise InputError(f"{path}: no entry; a lexicon has lines `Mandarin<TAB>English`")
    return Lexicon(entries, name)


def _tsv_entries(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the entries of a TSV lexicon."""
    for number, raw in numbered_lines(path):
        where = f"{path}:{number}"
        line = decode_line(raw, where)
        if line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != 2 or not any(column.strip() for column in columns):
            raise InputError(
                f"{where}: expected Mandarin, a tab and English, found {line!r}; "
                "put one entry on each line"
            )
        yield columns[0], columns[1]


def _yaml_entries(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the entries of a YAML lexicon."""
    lines = [decode_line(raw, f"{path}:{number}") for number, raw in numbered_lines(path)]
    try:
        data = yaml.safe_load("\n".join(lines))
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML: {error}") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: expected a mapping of Mandarin to English; found {data!r}")
    for zh, en in data.items():
        for word in en if isinstance(en, list) else [en]:
            yield str(zh), "" if word is None else str(word)
