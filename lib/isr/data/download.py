"""Downloading and verifying files.

A download goes to NAME.part, from where a later run goes on, and takes its place only when it is
whole and verified. A file that was put in place by hand is verified in the same way. Where the
publisher names no hash, that of the first file is recorded, and later files must agree with it.
"""

import hashlib
import http.client
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, get_args
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tqdm import tqdm

from isr.data.archives import check_tar, check_zip, is_web_page, refuse_web_page
from isr.errors import UserError
from isr.io import read_json, write_json

Expected = Literal["zip", "tar", "json"]
EXPECTED: tuple[Expected, ...] = get_args(Expected)

_CHUNK = 1 << 18
_LOG_SECONDS = 10.0
_PERMANENT = range(400, 500)
_TEMPORARY = (408, 425, 429)


def record_path(file: Path) -> Path:
    """Where the hash of a downloaded file is recorded by default: beside it."""
    return file.with_name(file.name + ".sha256.json")


def expected(file: Path) -> Expected | None:
    """What a file must be by its name.

    >>> expected(Path("labels.tar")), expected(Path("labels"))
    ('tar', None)
    """
    ending = file.suffix.lower()[1:]
    return ending if ending in EXPECTED else None


class UnreachableError(UserError):
    """The file could not be had now: no network, no such server, or no such file on it."""


class _InterruptedError(Exception):
    """The connection failed in a way that is worth another attempt."""


@dataclass(frozen=True)
class _Attempt:
    url: str
    target: Path
    part: Path
    expect: Expected | None
    timeout: float


def fetch(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    size: int | None = None,
    expect: Expected | None = None,
    record: Path | None = None,
    attempts: int = 5,
    backoff: float = 1.0,
    timeout: float = 30.0,
) -> None:
    """Download `url` to `target`, or verify the file that is already there.

    Args:
        url: the address.
        target: where the file will stand.
        sha256: the hash it must have, in hexadecimal digits.
        size: its size in bytes.
        expect: what it must be; of json files it is only seen that they are no web page.
        record: JSON file that holds the hash of the first download; made if missing.
        attempts: how often a failing connection is tried.
        backoff: seconds to wait after the first failure, doubled after each.
        timeout: seconds without a byte after which a connection counts as failed.

    Raises:
        UnreachableError: the server cannot be reached or does not have the file.
        UserError: what came is not what was expected.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        verify(target, sha256=sha256, size=size, expect=expect, record=record)
        return
    part = target.with_name(target.name + ".part")
    attempt = _Attempt(url, target, part, expect, timeout)
    for number in range(1, attempts + 1):
        try:
            _download(attempt)
            break
        except _InterruptedError as error:
            if number == attempts:
                raise UnreachableError(
                    f"{url} could not be downloaded in {attempts} attempts ({error}): try again "
                    f"later, or put the file in place by hand as {target}."
                ) from None
            time.sleep(backoff * 2 ** (number - 1))
    try:
        verify(part, sha256=sha256, size=size, expect=expect, record=record, name=target.name)
    except UserError:
        # Going on from wrong bytes would fail for ever.
        part.unlink(missing_ok=True)
        raise
    part.replace(target)


def _download(attempt: _Attempt) -> None:
    offset = attempt.part.stat().st_size if attempt.part.exists() else 0
    headers = {"User-Agent": "isr", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    try:
        with urlopen(Request(attempt.url, headers=headers), timeout=attempt.timeout) as answer:
            if answer.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
                _refuse_web_page(attempt)
            # A server that ignores the range sends the whole file again.
            offset = offset if answer.status == http.client.PARTIAL_CONTENT else 0
            expected = answer.headers.get("Content-Length")
            total = None if expected is None else offset + int(expected)
            _copy(answer, attempt, offset, total)
    except HTTPError as error:
        _handle_status(error, attempt, offset)
    except (URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, FileNotFoundError):
            raise UnreachableError(
                f"{attempt.url} does not exist: correct the address, or put the file in place by "
                f"hand as {attempt.target}."
            ) from None
        raise _InterruptedError(reason) from None


def _handle_status(error: HTTPError, attempt: _Attempt, offset: int) -> None:
    """Return if the part is the whole file already; raise otherwise."""
    if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
        if error.headers.get("Content-Range") == f"bytes */{offset}":
            return
        attempt.part.unlink(missing_ok=True)
        raise _InterruptedError("the part that was there does not belong to this file")
    if error.code in _PERMANENT and error.code not in _TEMPORARY:
        raise UnreachableError(
            f"{attempt.url} answered {error.code} {error.reason}: correct the address, or put the "
            f"file in place by hand as {attempt.target}."
        )
    raise _InterruptedError(f"{error.code} {error.reason}")


def _refuse_web_page(attempt: _Attempt) -> None:
    if attempt.expect is not None:
        raise UnreachableError(
            f"{attempt.url} answered with a web page instead of a {attempt.expect} file: open it "
            f"in a browser and put the file in place by hand as {attempt.target}."
        )


def _copy(answer: IO[bytes], attempt: _Attempt, offset: int, total: int | None) -> None:
    part, received = attempt.part, offset
    chunk = answer.read(_CHUNK)
    if not offset and is_web_page(chunk):
        _refuse_web_page(attempt)
    with part.open("ab" if offset else "wb") as stream, _progress(part, offset, total) as advance:
        while chunk:
            stream.write(chunk)
            received += len(chunk)
            advance.update(len(chunk))
            chunk = answer.read(_CHUNK)
    if total is not None and received < total:
        raise _InterruptedError(f"the connection broke after {received} of {total} bytes")


class _Lines:
    """Progress as a line now and then, for logs."""

    def __init__(self, name: str, done: int, total: int | None) -> None:
        self._name, self._done, self._total = name, done, total
        self._next = time.monotonic() + _LOG_SECONDS

    def update(self, amount: int) -> None:
        self._done += amount
        if time.monotonic() >= self._next:
            of = f" of {self._total / 1e6:.1f}" if self._total else ""
            print(f"{self._name}: {self._done / 1e6:.1f}{of} MB", file=sys.stderr, flush=True)
            self._next = time.monotonic() + _LOG_SECONDS


@contextmanager
def _progress(part: Path, done: int, total: int | None) -> Iterator["tqdm[None] | _Lines"]:
    name = part.name.removesuffix(".part")
    if not sys.stderr.isatty():
        yield _Lines(name, done, total)
        return
    with tqdm(desc=name, initial=done, total=total, unit="B", unit_scale=True) as bar:
        yield bar


def verify(
    path: Path,
    *,
    sha256: str | None = None,
    size: int | None = None,
    expect: Expected | None = None,
    record: Path | None = None,
    name: str | None = None,
) -> str:
    """Check a file against what is known of it, and record its hash if it is the first.

    Args:
        path: the file.
        sha256: the hash it must have.
        size: its size in bytes.
        expect: what it must be, as for `fetch`.
        record: JSON file with the hash of the first file of that name; made if missing.
        name: the file's name in messages and in the record, if not that of `path`.

    Returns:
        Its sha256 in hexadecimal digits.

    Raises:
        UserError: the file is missing or is not what it must be.
    """
    path = Path(path)
    name = name or path.name
    if not path.is_file():
        raise UserError(f"{path} does not exist: download it or put it in place by hand.")
    found_size = path.stat().st_size
    if size is not None and found_size != size:
        raise UserError(
            f"{name} has {found_size} bytes instead of {size}: remove it and download it again."
        )
    if expect == "zip":
        check_zip(path, name)
    elif expect == "tar":
        check_tar(path, name)
    elif expect is not None:
        refuse_web_page(path, name, expect)
    found = _hash(path)
    if sha256 is not None and found != sha256.lower():
        raise UserError(
            f"{name} has the sha256 {found}, but the configuration says {sha256.lower()}: remove "
            "the file and download it again, or correct the configuration."
        )
    if record is not None:
        _agree(Path(record), name, found, found_size)
    return found


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _agree(record: Path, name: str, sha256: str, size: int) -> None:
    if not record.exists():
        write_json(record, {"file": name, "bytes": size, "sha256": sha256})
        return
    content = read_json(record)
    recorded = content.get("sha256") if isinstance(content, dict) else None
    if recorded != sha256:
        raise UserError(
            f"{name} has the sha256 {sha256}, but {record} recorded {recorded} from the first "
            "download: if the publisher has changed the file, remove that record."
        )
