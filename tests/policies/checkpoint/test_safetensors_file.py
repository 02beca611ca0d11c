"""A header that does not describe its file is refused before anything is read by it."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from earmark.errors import InputError
from earmark.policies.checkpoint.safetensors_file import Stored, read_header


def write(path, header, body=bytes(8)):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + body)
    return path


def entry(shape=(2,), offsets=(0, 8), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_what_the_library_writes_is_read(tmp_path):
    arrays = {"a": np.ones((2, 3), np.float32), "b": np.zeros(4, np.float16), "c": np.ones((), int)}
    save_file(arrays, tmp_path / "a.safetensors", {"format": "np"})
    found = {tensor.name: tensor for tensor in read_header(tmp_path / "a.safetensors")}
    data = (tmp_path / "a.safetensors").read_bytes()
    assert {name: (t.dtype, t.shape) for name, t in found.items()} == {
        "a": ("F32", (2, 3)),
        "b": ("F16", (4,)),
        "c": ("I64", ()),
    }
    for name, tensor in found.items():
        assert data[tensor.start : tensor.end] == arrays[name].tobytes()


def test_a_minimal_header(tmp_path):
    path = write(tmp_path / "a.safetensors", {"w": entry()})
    assert read_header(path) == [
        Stored("w", "F32", (2,), path.stat().st_size - 8, path.stat().st_size)
    ]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"{{{{{", "its header is not safetensors"),
        (b"[]", "its header is not safetensors"),
        (b'{"w": ' + b"[" * 5000 + b"]" * 5000 + b"}", "its header is not safetensors"),
        ({"w": 3}, "w should have dtype, shape and data_offsets, found 3"),
        ({"w": {"dtype": "F32", "shape": [2]}}, "w should have dtype, shape and data_offsets"),
        ({"w": entry(dtype="F99")}, "w has the dtype 'F99'; expected F64, F32, F16, BF16"),
        ({"w": entry(dtype=["F32"])}, "w has the dtype"),
        ({"w": entry(dtype="F16")}, r"w should take 4 bytes, found the offsets \[0, 8\]"),
        ({"w": entry(dtype="I64")}, "w should take 16 bytes"),
        ({"w": entry(shape=[-2])}, r"w has the shape \[-2\]"),
        ({"w": entry(shape=[2.0])}, r"w has the shape \[2\.0\]"),
        ({"w": entry(shape=[True, 2])}, r"w has the shape \[True, 2\]"),
        ({"w": entry(shape="2")}, "w has the shape"),
        ({"w": entry(offsets=[-8, 0])}, r"the offsets \[-8, 0\]"),
        ({"w": entry(offsets=[8, 0])}, r"w should take 8 bytes, found the offsets \[8, 0\]"),
        ({"w": entry(offsets=[0, 8, 16])}, r"the offsets \[0, 8, 16\]"),
        ({"w": entry(offsets=[0, "8"])}, "the offsets"),
        ({"w": entry(offsets=[0, 10**30])}, "w should take 8 bytes"),
        ({"w": entry(offsets=[4, 12])}, "w should start at byte"),
        ({"a": entry(), "b": entry()}, "b should start at byte"),
        ({"a": entry(), "b": entry(offsets=[4, 12])}, "b should start at byte"),
        ({"a": entry([1], [0, 4]), "b": entry([1], [8, 12])}, "b should start at byte"),
        ({"a": entry(), "b": entry(offsets=[8, 16])}, r"cut off: expected \d+ bytes"),
        ({}, r"cut off: expected 10 bytes, found 18"),
        (b'{"w": %s, "w": %s}' % ((json.dumps(entry()).encode(),) * 2), "'w' is there twice"),
        (
            b'{"w": {"dtype": "F32", "shape": [2], "shape": [2], "data_offsets": [0, 8]}}',
            "'shape' is there twice",
        ),
    ],
)
def test_a_header_that_does_not_describe_its_file(tmp_path, header, message):
    path = write(tmp_path / "a.safetensors", header)
    with pytest.raises(InputError, match=rf"a\.safetensors: .*{message}.*; copy the file again"):
        read_header(path)


@pytest.mark.parametrize("data", [b"", b"abc", (10**15).to_bytes(8, "little"), bytes([255] * 8)])
def test_a_header_that_is_not_there(tmp_path, data):
    (tmp_path / "a.safetensors").write_bytes(data)
    with pytest.raises(InputError, match=r"not safetensors, or cut off \(\d+ bytes\)"):
        read_header(tmp_path / "a.safetensors")
