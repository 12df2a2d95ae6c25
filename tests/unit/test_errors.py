"""Whatever a library raises is told in one sentence."""

import errno
import pickle
import struct
import zlib

import pytest

from isr.errors import UserError, of_system, reason, told

RAISED = [
    OSError(22, "Invalid argument"),
    EOFError(),
    KeyError("img"),
    RuntimeError("first line\nsecond line"),
    MemoryError(),
    OverflowError("too large"),
    RecursionError("too deep"),
    StopIteration(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    zlib.error("incorrect header check"),
    struct.error("unpack requires 4 bytes"),
    pickle.UnpicklingError("no data"),
]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_anything_becomes_one_sentence(error):
    with (
        pytest.raises(UserError) as caught,
        told("a.bin", "is damaged", "get it again"),
    ):
        raise error
    text = str(caught.value)
    assert text.startswith("a.bin is damaged (")
    assert text.endswith("): get it again.")
    assert "\n" not in text
    assert caught.value.__cause__ is None


def test_what_is_missing_and_what_is_told_already():
    with (
        pytest.raises(UserError, match=r"^a.bin does not exist: download it."),
        told("a.bin", "is damaged", "get it again", missing="download it"),
    ):
        raise FileNotFoundError
    with pytest.raises(UserError, match=r"^said.$"), told("a.bin", "is damaged", "get it again"):
        raise UserError("said.")
    with pytest.raises(KeyboardInterrupt), told("a.bin", "is damaged", "get it again"):
        raise KeyboardInterrupt


def test_what_the_system_refuses_is_no_damage():
    full = OSError(errno.ENOSPC, "No space left on device", "/there/b.bin")
    with pytest.raises(UserError, match=r"b\.bin: the disk is full"), told("a", "is damaged", "-"):
        raise full
    assert of_system(ValueError("x"), "a") is None
    assert of_system(OSError(errno.EIO, "x"), "a") is None
    assert "read-only" in str(of_system(OSError(errno.EROFS, "x"), "a"))


def test_reasons_are_short_and_can_be_printed():
    assert len(reason(ValueError("x" * 1000))) < 300
    assert reason(ValueError("a\x00b")) == "a?b"
    assert reason(MemoryError()) == "it needs more memory than there is"
