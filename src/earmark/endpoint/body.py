"""Read the body of an answer: decompress it, decode it, parse its JSON."""

import json
import zlib
from typing import Any

MOST_BYTES = 4 * 2**20


class BodyError(ValueError):
    """A body that cannot be used; the text says what was expected and found."""


def decompressed(body: bytes, encoding: str) -> bytes:
    """Undo a body's Content-Encoding: none, gzip or deflate.

    Raises:
        BodyError: another encoding, a damaged body, or one of more than MOST_BYTES.

    >>> decompressed(b"{}", "identity")
    b'{}'
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in ("gzip", "x-gzip", "deflate"):
        raise BodyError(
            f"the body came as Content-Encoding '{name[:40]}', though the request named none; "
            "expected a plain body, gzip or deflate"
        )
    either_header = zlib.MAX_WBITS | 32
    stream = zlib.decompressobj(either_header)
    try:
        plain = stream.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise BodyError(f"the body came as {name}, and is damaged: {error}") from error
    if len(plain) > MOST_BYTES:
        raise too_large()
    if not stream.eof or stream.unused_data:
        raise BodyError(f"the body came as {name}, and its length is wrong: copied in part?")
    return plain


def too_large() -> BodyError:
    """Make the error for a body beyond the cap."""
    return BodyError(f"a body of more than {MOST_BYTES // 2**20} MB; no answer should be as long")


def text_of(body: bytes) -> str:
    r"""Decode a body: UTF-8, or UTF-16 or UTF-32 where it looks like them; for messages.

    >>> text_of("错".encode("utf-16")), text_of(b"caf\xe9")
    ('错', 'caf�')
    """
    return body.decode(json.detect_encoding(body), "replace").removeprefix("\ufeff")


def object_of(body: bytes) -> dict[str, Any]:
    """Parse a body that should hold one JSON object, in UTF-8, UTF-16 or UTF-32.

    Raises:
        BodyError: it does not.
    """
    try:
        data = json.loads(body)
    except RecursionError as error:
        raise BodyError("expected JSON, found brackets nested too deep") from error
    except ValueError as error:
        raise BodyError("expected JSON") from error
    if not isinstance(data, dict):
        raise BodyError("expected a JSON object")
    return data
