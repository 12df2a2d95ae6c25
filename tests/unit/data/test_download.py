import hashlib
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from isr.data.download import UnreachableError, expected, fetch, record_path, verify
from isr.errors import UserError


def _zip_bytes():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("text", "0123456789" * 500)
    return stream.getvalue()


CONTENT = _zip_bytes()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT with ranges; what else it does is set on the server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.ranges.append(self.headers.get("Range"))
        status = server.statuses.pop(0) if server.statuses else 200
        if status != 200:
            self._answer(status, b"", {})
            return
        body, headers = server.content, {"Content-Type": server.content_type}
        asked = self.headers.get("Range")
        if asked and server.accepts_ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                self._answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            status, body = 206, body[start:]
        self._answer(status, body, headers)

    def _answer(self, status, body, headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts and body else None
        self.wfile.write(body[:cut])
        if cut is not None:
            self.close_connection = True

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.content, server.content_type = CONTENT, "application/zip"
    server.accepts_ranges = True
    server.ranges, server.statuses, server.cuts = [], [], []
    server.url = f"http://127.0.0.1:{server.server_port}/a.zip"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(server, target, **options):
    fetch(server.url, target, **{"backoff": 0.001, "timeout": 5, "expect": "zip"} | options)


def test_a_download_is_verified_and_recorded(server, tmp_path):
    target = tmp_path / "below" / "a.zip"
    record = record_path(target)
    get(server, target, sha256=SHA256.upper(), size=len(CONTENT), record=record)
    assert target.read_bytes() == CONTENT
    assert json.loads(record.read_text()) == {
        "file": "a.zip",
        "bytes": len(CONTENT),
        "sha256": SHA256,
    }
    assert sorted(path.name for path in target.parent.iterdir()) == ["a.zip", record.name]


@pytest.mark.parametrize("ending", ["tar", "json"])
def test_a_web_page_in_place_of_a_file_that_is_gone_is_no_download(server, tmp_path, ending):
    server.content, server.content_type = b"<!DOCTYPE html><html>gone</html>", "text/html"
    target = tmp_path / f"a.{ending}"
    with pytest.raises(UnreachableError, match=f"a web page instead of a {ending}"):
        get(server, target, expect=expected(target))
    assert not target.exists()
    target.write_bytes(server.content)
    with pytest.raises(UserError, match=f"a.{ending} is a web page instead of a {ending} file"):
        verify(target, expect=expected(target))


def test_a_local_file_that_does_not_exist_is_not_tried_again(tmp_path):
    with pytest.raises(UnreachableError, match=r"nothing.tar does not exist: correct the address"):
        fetch((tmp_path / "nothing.tar").as_uri(), tmp_path / "a.tar", backoff=1000)


def test_a_broken_download_goes_on(server, tmp_path):
    server.cuts = [1000, 2000]
    get(server, tmp_path / "a.zip", sha256=SHA256)
    assert server.ranges == [None, "bytes=1000-", "bytes=3000-"]
    assert (tmp_path / "a.zip").read_bytes() == CONTENT


def test_the_next_run_goes_on_from_the_part(server, tmp_path):
    server.cuts = [1000]
    with pytest.raises(UnreachableError, match=r"in 1 attempts.*1000 of"):
        get(server, tmp_path / "a.zip", attempts=1)
    assert (tmp_path / "a.zip.part").stat().st_size == 1000
    assert not (tmp_path / "a.zip").exists()
    get(server, tmp_path / "a.zip", sha256=SHA256)
    assert server.ranges[1:] == ["bytes=1000-"]


def test_a_server_without_ranges_sends_it_all_again(server, tmp_path):
    server.accepts_ranges = False
    (tmp_path / "a.zip.part").write_bytes(b"x" * 1000)
    get(server, tmp_path / "a.zip", sha256=SHA256)
    assert (tmp_path / "a.zip").read_bytes() == CONTENT


def test_a_part_that_is_whole_already(server, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(CONTENT)
    get(server, tmp_path / "a.zip", sha256=SHA256)
    assert (tmp_path / "a.zip").read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(server, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(b"x" * (len(CONTENT) + 1))
    get(server, tmp_path / "a.zip", sha256=SHA256)
    assert (tmp_path / "a.zip").read_bytes() == CONTENT


def test_a_wrong_part_is_noticed_and_thrown_away(server, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(b"x" * 1000)
    with pytest.raises(UserError, match=r"a\.zip"):
        get(server, tmp_path / "a.zip")
    assert not list(tmp_path.iterdir())


def test_busy_servers_are_asked_again(server, tmp_path):
    server.statuses = [503, 429, 500]
    get(server, tmp_path / "a.zip", sha256=SHA256)
    assert len(server.ranges) == 4


def test_missing_files_are_not_asked_for_again(server, tmp_path):
    server.statuses = [404]
    with pytest.raises(UnreachableError, match=r"answered 404 Not Found.*by hand as .*a\.zip"):
        get(server, tmp_path / "a.zip")
    assert len(server.ranges) == 1


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_is_no_zip(server, tmp_path, content_type):
    server.content, server.content_type = b"<!DOCTYPE html><html>log in</html>", content_type
    with pytest.raises(UnreachableError, match="a web page instead of a zip"):
        get(server, tmp_path / "a.zip")
    assert len(server.ranges) == 1
    assert not list(tmp_path.iterdir())


def test_no_server(tmp_path):
    with pytest.raises(UnreachableError, match=r"could not be downloaded in 2 attempts.*refused"):
        fetch("http://127.0.0.1:9/a.zip", tmp_path / "a.zip", attempts=2, backoff=0.001)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"sha256": "0" * 64}, "the configuration says 000"),
        ({"size": 7}, "bytes instead of 7"),
    ],
)
def test_what_does_not_agree_is_not_kept(server, tmp_path, known, message):
    with pytest.raises(UserError, match=message) as caught:
        get(server, tmp_path / "a.zip", **known)
    assert not isinstance(caught.value, UnreachableError)
    assert not list(tmp_path.iterdir())


def test_later_files_must_agree_with_the_record(server, tmp_path):
    target = tmp_path / "a.zip"
    get(server, target, record=record_path(target))
    target.unlink()
    stream = io.BytesIO()
    zipfile.ZipFile(stream, "w").close()
    server.content = stream.getvalue()
    with pytest.raises(UserError, match=r"a\.zip\.sha256\.json recorded .* remove that record"):
        get(server, target, record=record_path(target))
    assert not target.exists()


def test_a_file_put_there_by_hand_is_verified_without_network(server, tmp_path):
    target = tmp_path / "a.zip"
    target.write_bytes(CONTENT)
    get(server, target, sha256=SHA256, record=record_path(target))
    assert server.ranges == []
    target.write_bytes(CONTENT[:-1])
    with pytest.raises(UserError, match=r"a\.zip is not a zip file"):
        get(server, target)
    assert target.exists()


def test_verify(tmp_path):
    file = tmp_path / "a.bin"
    file.write_bytes(CONTENT)
    assert verify(file, size=len(CONTENT), sha256=SHA256) == SHA256
    with pytest.raises(UserError, match="does not exist"):
        verify(tmp_path / "none")
    record_path(file).write_text("[]")
    with pytest.raises(UserError, match="recorded None"):
        verify(file, record=record_path(file))


def test_progress_in_a_log(server, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("isr.data.download._LOG_SECONDS", 0.0)
    get(server, tmp_path / "a.zip")
    assert "a.zip: 0.0 of 0.0 MB" in capsys.readouterr().err
