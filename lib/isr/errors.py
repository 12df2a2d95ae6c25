"""The one exception for a user's mistake, and how others are told as one."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST = 200
"""Characters that are shown of what a library says."""

_SYSTEM = {
    errno.ENOSPC: "the disk is full: free some space and run it again.",
    errno.EDQUOT: "the disk quota is used up: free some space and run it again.",
    errno.EFBIG: "it is larger than files may be here: raise that limit or write elsewhere.",
    errno.EROFS: "the file system is read-only: take a folder that can be written to.",
    errno.EACCES: "permission is denied: change its permissions or take another folder.",
    errno.EPERM: "permission is denied: change its permissions or take another folder.",
    errno.ENAMETOOLONG: "its name is too long: shorten it.",
    errno.EMFILE: "too many files are open: raise that limit (ulimit -n).",
    errno.EISDIR: "it is a folder: remove it or name another file.",
    errno.EEXIST: "something else stands there: remove it or name another place.",
    errno.ENOTDIR: "a part of its path is a file: remove that or name another folder.",
}
"""What the operating system refuses whatever is read or written, and what to do."""


class UserError(ValueError):
    """A mistake in a file or a configuration, told in one sentence.

    The message names the file or key, says what is wrong and what to do. Command lines print it
    without a traceback.
    """

    @property
    def reason(self) -> str:
        """What is wrong, without what to do about it.

        >>> UserError("a.tar does not exist: put it there.").reason
        'a.tar does not exist'
        """
        return str(self).rpartition(": ")[0] or str(self)


@contextmanager
def told(what: object, wrong: str, advice: str, *, missing: str = "put it there") -> Iterator[None]:
    """Tell whatever a library raises in the block as a UserError of one sentence.

    A library that reads damaged or hostile bytes may raise anything, today or in its next version:
    no list of exception classes is complete. A block holds the calls of the library alone.

    Args:
        what: the file, or what messages call it.
        wrong: what is wrong with it then, such as `is no zip file that can be read`.
        advice: what to do.
        missing: what to do if it does not exist.

    Raises:
        UserError: anything was raised but `KeyboardInterrupt` and its like.

    >>> with told("a.h5", "cannot be read", "get it again"):
    ...     {}["img"]
    Traceback (most recent call last):
    isr.errors.UserError: a.h5 cannot be read (no 'img'): get it again.
    """
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"{what} does not exist: {missing}.") from None
    except Exception as error:
        if (refused := of_system(error, what)) is not None:
            raise refused from None
        raise UserError(f"{what} {wrong} ({reason(error)}): {advice}.") from None


def of_system(error: BaseException, what: object) -> UserError | None:
    """What the operating system refused, as a sentence; None for what it has no part in.

    Args:
        error: that was raised.
        what: the file that it was raised for, if the error itself names none.

    >>> print(of_system(OSError(errno.ENOSPC, "No space left on device"), "a.png"))
    a.png: the disk is full: free some space and run it again.
    """
    known = _SYSTEM.get(error.errno or 0) if isinstance(error, OSError) else None
    return None if known is None else UserError(f"{error.filename or what}: {known}")  # type: ignore[attr-defined]


def reason(error: BaseException) -> str:
    r"""The first line of what an exception says, or its name.

    >>> reason(KeyError("a")), reason(RuntimeError("one\ntwo")), reason(ValueError())
    ("no 'a'", 'one', 'ValueError')
    """
    if isinstance(error, MemoryError):
        return "it needs more memory than there is"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    first = "".join(c if c.isprintable() else "?" for c in lines[0]).rstrip(".")
    first = first if len(first) <= _LONGEST else f"{first[:_LONGEST]}..."
    return f"no {first}" if isinstance(error, KeyError) else first
