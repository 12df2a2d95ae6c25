"""A page for painting strokes in the browser and seeing the shape grow, on this machine alone.

The server is the standard library's, listens on the loopback address only, and answers nobody who
asks for another host or comes from another page. There is one picture at a time, and one fit.
"""

import base64
import binascii
import io
import json
import tempfile
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isr import constraints
from isr.app.given import read_subject
from isr.app.growth import Region, Watching
from isr.app.predictions import Asked
from isr.app.results import FORMATS, save
from isr.app.segment import STROKES, Segmentation, segment
from isr.coordinates import Scene
from isr.data.pictures import BACKGROUND_SCRIBBLE, Picture
from isr.data.pixels import SUFFIXES
from isr.errors import UserError
from isr.evaluation.certificates import all_hold, in_words
from isr.evaluation.vector_files import svg_path
from isr.fitting.unaries import Progress
from isr.models import kind_of
from isr.predictors import KINDS
from isr.predictors.seeded import Seeded

HOST = "127.0.0.1"
_MOST_BYTES = 64 * 2**20
_EVERY = 0.4
"""Seconds between two outlines of a fit."""
_SHAPES = (
    *("convex", "star_shaped", "path_connected", "radially_connected"),
    *("mirror_symmetric", "rotationally_symmetric"),
)


class Stopped(Exception):  # noqa: N818 - it is no error
    """The fit is not wanted any more."""


@dataclass
class Session:
    """The picture that is painted on, its fit, and what was found.

    Attributes:
        out: folder that results are saved in.
        steps: of each fit; None for the usual.
        picture: None before there is one.
        found: the last segmentation.
    """

    out: Path
    steps: int | None = None
    picture: Picture | None = None
    found: Segmentation | None = None
    _state: dict[str, Any] = field(default_factory=lambda: {"phase": "idle"})
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _number: int = 0
    _work: threading.Thread | None = None

    def open(self, picture: Picture) -> None:
        """Take another picture; a fit of the one before ends.

        Raises:
            UserError: it is a volume or a clip.
        """
        if picture.third is not None:
            raise UserError(f"{picture.name}: the page is for single pictures; use isr fit.")
        with self._lock:
            self._number += 1
            self.picture, self.found, self._state = picture, None, {"phase": "idle"}

    def begin(self, asked: dict[str, Any]) -> int:
        """Begin a fit with the strokes that were painted; one that runs ends.

        Args:
            asked: strokes (PNG as base64, green and red), constraint, predictor.

        Returns:
            Its number.

        Raises:
            UserError: there is no picture, or something that is asked is wrong.
        """
        if self.picture is None:
            raise UserError("there is no picture: open one.")
        scribbles = _strokes(str(asked.get("strokes", "")), self.picture.size)
        picture = replace(self.picture, scribbles=scribbles)
        constraint = str(asked.get("constraint", "convex"))
        constraints.record(constraint)
        predictor = str(asked.get("predictor", "grabcut"))
        if predictor != STROKES:
            Asked.named(predictor, picture)
        with self._lock:
            self._number += 1
            number, self.found = self._number, None
            self._state = {"phase": "predicting", "done": 0, "total": 0, "path": ""}
        work = (number, picture, constraint, predictor)
        self._work = threading.Thread(target=self._fit, args=work, daemon=True)
        self._work.start()
        return number

    def end(self) -> None:
        """End the fit that runs, and wait for it."""
        with self._lock:
            self._number += 1
        if self._work is not None:
            self._work.join()

    def _fit(self, number: int, picture: Picture, constraint: str, predictor: str) -> None:
        def tell(**state: Any) -> None:
            with self._lock:
                if number != self._number:
                    raise Stopped
                self._state = {**self._state, **state}

        def show(region: Region, progress: Progress) -> None:
            path = svg_path(region)
            tell(phase="fitting", done=progress.done, total=progress.total, path=path)

        drawn = Watching(Scene(*picture.size), show, _EVERY)

        def watch(progress: Progress) -> None:
            tell(phase="fitting", done=progress.done, total=progress.total)
            drawn(progress)

        try:
            found = segment(
                picture, constraint=constraint, predictor=predictor, steps=self.steps, watch=watch
            )
            tell(phase="checking")
            said = _said(found)
            tell(phase="done", **said)
            self.found = found
        except Stopped:
            pass
        except UserError as error:
            self._fail(number, str(error))
        except Exception as error:
            self._fail(number, f"{type(error).__name__}: {error}")
            raise

    def _fail(self, number: int, reason: str) -> None:
        with self._lock:
            if number == self._number:
                self._state = {"phase": "failed", "error": reason}

    def state(self) -> dict[str, Any]:
        """How far the fit is, and what it has found so far."""
        with self._lock:
            return dict(self._state)

    def save(self) -> Path:
        """Write what was found to a folder of the picture's and the constraint's name.

        Raises:
            UserError: nothing was found yet, or the folder holds other things.
        """
        found = self.found
        if found is None:
            raise UserError("there is no result yet: paint strokes and fit a shape.")
        folder = self.out / f"{found.name}-{found.constraint}"
        return save(found, folder, (*FORMATS, "labels", "qgis", "napari", "coco"))


def _said(found: Segmentation) -> dict[str, Any]:
    """What the page says of a segmentation."""
    certificates = found.certificate()
    agreement = found.agreement()
    return {
        "path": svg_path(found.outline()),
        "holds": all_hold(certificates),
        "proved": in_words(certificates),
        "checks": [
            {"method": each.method, "verdict": each.verdict, "sentence": each.sentence}
            for each in certificates
        ],
        "warnings": found.warnings,
        "share": float(found.mask().mean()),
        "agreement": None if agreement != agreement else agreement,
        "seconds": found.seconds,
    }


def _strokes(text: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The strokes (h, w) of a PNG that the page painted: green the object, red the background.

    Raises:
        UserError: it is no PNG of that size.
    """
    try:
        content = base64.b64decode(text.rpartition(",")[2], validate=True)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            painted = np.asarray(picture.convert("RGBA")).astype(int)
    except (binascii.Error, OSError, ValueError):
        raise UserError("the strokes are no PNG: reload the page.") from None
    if painted.shape[:2] != size:
        raise UserError(f"the strokes are of {painted.shape[:2]}, the picture {size}: reload.")
    red, green, _, alpha = np.moveaxis(painted, -1, 0)
    found = np.zeros(size, np.uint8)
    found[(alpha > 127) & (green > red)] = 1
    found[(alpha > 127) & (red > green)] = BACKGROUND_SCRIBBLE
    return found


class _Handler(BaseHTTPRequestHandler):
    """Answers the page."""

    server: "Server"

    def do_GET(self) -> None:
        """The page, the picture, and the state of the fit."""
        shown = {"/": self._page, "/about": self._about}
        self._answer({**shown, "/picture": self._picture, "/state": self._state})

    def do_POST(self) -> None:
        """Another picture, a fit, and saving."""
        self._answer({"/picture": self._open, "/fit": self._fit, "/save": self._save})

    def _answer(self, answers: dict[str, Callable[[], None]]) -> None:
        path = self.path.partition("?")[0]
        try:
            if not self._is_own():
                self._send(HTTPStatus.FORBIDDEN, {"error": "this page is for this machine alone."})
            elif path not in answers:
                self._send(HTTPStatus.NOT_FOUND, {"error": f"there is no {path}."})
            else:
                answers[path]()
        except UserError as error:
            self._send(HTTPStatus.BAD_REQUEST, {"error": str(error)})
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _is_own(self) -> bool:
        """Whether this machine's own page asks: other pages cannot name it or send from it."""
        port = self.server.server_address[1]
        hosts = {f"{HOST}:{port}", f"localhost:{port}"}
        origin = self.headers.get("Origin")
        own = origin is None or origin in {f"http://{host}" for host in hosts}
        return self.headers.get("Host") in hosts and own

    def _page(self) -> None:
        page = resources.files("isr.app").joinpath("page.html").read_bytes()
        self._send(HTTPStatus.OK, page, "text/html; charset=utf-8")

    def _about(self) -> None:
        picture = self.server.session.picture
        seeded = [each for each in KINDS if issubclass(each, Seeded)]
        named = [(kind_of(each), each.title) for each in seeded]
        self._send(
            HTTPStatus.OK,
            {
                "picture": None
                if picture is None
                else {"name": picture.name, "height": picture.size[0], "width": picture.size[1]},
                "constraints": [[name, constraints.words(name)] for name in _SHAPES],
                "predictors": [*named, (STROKES, "strokes alone")],
            },
        )

    def _picture(self) -> None:
        picture = self.server.session.picture
        if picture is None:
            raise UserError("there is no picture: open one.")
        stream = io.BytesIO()
        Image.fromarray(np.rint(picture.image * 255).astype(np.uint8)).save(stream, "PNG")
        self._send(HTTPStatus.OK, stream.getvalue(), "image/png")

    def _state(self) -> None:
        self._send(HTTPStatus.OK, self.server.session.state())

    def _open(self) -> None:
        name = Path(self.headers.get("X-Name") or "picture.png").name
        self.server.session.open(_uploaded(name, self._body()))
        self._about()

    def _fit(self) -> None:
        try:
            asked = json.loads(self._body())
        except ValueError:
            raise UserError("the request is no JSON: reload the page.") from None
        if not isinstance(asked, dict):
            raise UserError("the request is no JSON object: reload the page.")
        self._send(HTTPStatus.OK, {"number": self.server.session.begin(asked)})

    def _save(self) -> None:
        self._send(HTTPStatus.OK, {"folder": str(self.server.session.save().resolve())})

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MOST_BYTES:
            raise UserError(f"the file is larger than {_MOST_BYTES // 2**20} MiB: use isr fit.")
        return self.rfile.read(length)

    def _send(
        self, status: HTTPStatus, content: bytes | dict[str, Any], kind: str = "application/json"
    ) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are not told one by one."""


def _uploaded(name: str, content: bytes) -> Picture:
    """The picture that the browser sent, under the name of its file."""
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{name} is not of a supported format ({', '.join(SUFFIXES)}).")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"picture{suffix}"
        path.write_bytes(content)
        try:
            return replace(read_subject(path), name=Path(name).stem)
        except UserError as error:
            raise UserError(str(error).replace(str(path), name)) from None


class Server(ThreadingHTTPServer):
    """The server of one session."""

    daemon_threads = True

    def __init__(self, session: Session, port: int) -> None:
        self.session = session
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise UserError(f"port {port} cannot be used ({error}): name another one.") from None

    @property
    def address(self) -> str:
        """Of the page."""
        return f"http://{HOST}:{self.server_address[1]}/"


def serve(
    picture: Path | None, port: int, out: Path, *, steps: int | None = None, browser: bool
) -> None:
    """Serve the page until it is interrupted.

    Args:
        picture: to begin with.
        port: 0 for any.
        out: folder that results are saved in.
        steps: of each fit; None for the usual.
        browser: whether the page is opened.

    Raises:
        UserError: the picture cannot be read, or the port is taken.
    """
    session = Session(out, steps)
    if picture is not None:
        session.open(read_subject(picture))
    with Server(session, port) as server:
        print(f"{server.address} (only from this machine; Ctrl+C ends it)")
        if browser:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        finally:
            session.end()
