"""Download packages that hold models or sounds, and read them: pinned, by sha256, not installed."""

import hashlib
import shlex
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError
from earmark.storage.digests import of_file

WAIT_S = 600
SINGLE = (
    "Single persons put such packages up and may take them down; a hub's own model does the same"
)


class Index(NamedTuple):
    """Where packages come from.

    `pinned` is the name of one version, `file` the pattern of its file, `command` downloads it
    into `{folder}`; all take the fields of a package, and `{plain}`, its name in file names.
    """

    pinned: str
    file: str
    command: tuple[str, ...]
    if_absent: str
    if_gone: str


INDEXES = {
    "pypi": Index(
        "{name}=={version}",
        "{plain}-{version}-*.whl",
        (
            *("{python}", "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--only-binary=:all:", "--dest", "{folder}", "{pinned}"),
        ),
        "install Python with pip",
        SINGLE,
    ),
    "npm": Index(
        "{name}@{version}",
        "{name}-{version}.tgz",
        ("npm", "pack", "--silent", "--pack-destination", "{folder}", "{pinned}"),
        "install Node.js",
        SINGLE,
    ),
    "debian": Index(
        "{name}={version}",
        "{name}_{version}_*.deb",
        ("apt-get", "download", "--quiet", "{pinned}"),
        "use a Debian or Ubuntu system",
        "Run `apt-get update`; versions that mirrors no longer have are on snapshot.debian.org",
    ),
}


class Package(NamedTuple):
    """A package, which of INDEXES has it, and what its file hashes to."""

    name: str
    version: str
    sha256: str
    index: str = "pypi"

    @property
    def pinned(self) -> str:
        """Return the name of this version, as the index's program takes it."""
        return INDEXES[self.index].pinned.format(**self._asdict())

    @property
    def pattern(self) -> str:
        """Return the pattern of the file's name."""
        plain = self.name.replace("-", "_")
        return INDEXES[self.index].file.format(**self._asdict(), plain=plain)

    def command(self, folder: Path) -> list[str]:
        """Return the command that downloads the file into a folder, run there."""
        filled = {"python": sys.executable, "folder": str(folder.resolve()), "pinned": self.pinned}
        return [part.format(**filled) for part in INDEXES[self.index].command]


def fetch(package: Package, folder: Path) -> Path:
    """Download a package's file into a folder, unless it is there, and check it.

    Raises:
        InputError: the index does not have it, its content is another, or npm or apt-get is not
            installed.
    """
    index = INDEXES[package.index]
    if not any(folder.glob(package.pattern)):
        folder.mkdir(parents=True, exist_ok=True)
        ways = f"{index.if_absent}, or put the package's file into the folder of downloads"
        _run(package.command(folder), package.pinned, folder, ways, index.if_gone)
    file = next(folder.glob(package.pattern), None)
    if file is None:
        raise InputError(
            f"{package.pinned}: downloaded, but no {package.pattern} is in {folder}; is it another "
            "file's name? Then rename it so"
        )
    found = of_file(file, hashlib.sha256)
    if found != package.sha256:
        raise InputError(
            f"{file}: expected sha256 {package.sha256}, found {found}: it is damaged or another "
            "file. Remove it and try again; if that does not help, do not use it"
        )
    return file


def _run(command: list[str], what: str, folder: Path, if_absent: str, if_failed: str) -> bytes:
    """Run a program in a folder; return what it wrote.

    Raises:
        InputError: it is not installed, fails, or takes more than WAIT_S.
    """
    try:
        ran = subprocess.run(command, capture_output=True, cwd=folder, timeout=WAIT_S, check=False)
    except FileNotFoundError as error:
        raise InputError(
            f"{what} cannot be had: '{command[0]}' is not installed; {if_absent}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"{what} cannot be had: no end after {WAIT_S} s; run it again, or by hand: "
            f"{shlex.join(command)}"
        ) from error
    if ran.returncode:
        said = _last_line(ran.stderr.decode("utf-8", "replace"), command[0])
        raise InputError(f"{what} cannot be had: {said}. {if_failed}")
    return ran.stdout


def read_member(file: Path, name: str) -> bytes:
    """Return the content of one file of a package.

    Raises:
        InputError: it has no such file.
    """
    return read_members(file, (name,))[0]


def read_members(file: Path, names: Sequence[str]) -> list[bytes]:
    """Return the content of some files of a package, which is opened once.

    Raises:
        InputError: it does not have one of them.
    """
    if file.suffix in (".tgz", ".deb"):
        with tarfile.open(fileobj=_tar_of(file)) as archive:
            return _members(file, archive.getnames(), names, partial(_tar_member, archive))
    with zipfile.ZipFile(file) as archive:
        return _members(file, archive.namelist(), names, archive.read)


def _tar_of(file: Path) -> BytesIO:
    """Return the archive of a package's files."""
    if file.suffix == ".deb":
        command = ["dpkg-deb", "--fsys-tarfile", str(file.resolve())]
        ways = "install dpkg", "Download the file again"
        return BytesIO(_run(command, file.name, file.parent, *ways))
    return BytesIO(file.read_bytes())


def _members(
    file: Path, held: Sequence[str], names: Sequence[str], read: Callable[[str], bytes]
) -> list[bytes]:
    for name in names:
        if name not in held:
            raise InputError(f"{file}: expected {name} in it, found {', '.join(held)}")
    return [read(name) for name in names]


def _tar_member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    return member.read() if member else b""


def check_content(raw: bytes, sha256: str, name: str) -> bytes:
    """Return bytes as they are if they hash to `sha256`.

    Raises:
        InputError: they do not.
    """
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256:
        raise InputError(f"{name}: expected sha256 {sha256}, found {found}; do not use it")
    return raw


def _last_line(text: str, program: str) -> str:
    return next(reversed(text.strip().splitlines()), f"{program} said nothing")
