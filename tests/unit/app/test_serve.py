"""The page: what its server answers, to whom, and that strokes painted in a browser are fitted."""

import base64
import http.client
import io
import json
import threading
import time

import browser
import numpy as np
import pytest
from painted_discs import painted
from PIL import Image

from isr.app.given import read_subject
from isr.app.serve import HOST, Server, Session


@pytest.fixture
def server(files):
    session = Session(files, 60)
    session.open(read_subject(files / "photo.png"))
    with Server(session, 0) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
    session.end()


def _ask(server, method, path, body=None, **headers):
    connection = http.client.HTTPConnection(HOST, server.server_address[1], timeout=60)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    kind = answer.headers["Content-Type"]
    return answer.status, json.loads(content) if kind == "application/json" else content


def _wait(server):
    end = time.monotonic() + 300
    while time.monotonic() < end:
        state = _ask(server, "GET", "/state")[1]
        if state["phase"] in ("done", "failed"):
            return state
        time.sleep(0.05)
    raise AssertionError(state)


def _asked(scribbles, **more):
    stream = io.BytesIO()
    Image.fromarray(painted(scribbles)).save(stream, "PNG")
    strokes = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
    return json.dumps({"strokes": strokes, "constraint": "convex", **more})


def test_a_fit_and_its_result(server, drawn, files):
    assert b"<canvas" in _ask(server, "GET", "/")[1]
    about = _ask(server, "GET", "/about")[1]
    assert about["picture"] == {"name": "photo", "height": 40, "width": 56}
    assert about["predictors"][0] == ["grabcut", "GrabCut"]
    assert _ask(server, "POST", "/save")[0] == 400
    assert _ask(server, "POST", "/fit", _asked(drawn.scribbles))[0] == 200
    state = _wait(server)
    assert state["holds"]
    assert state["path"].startswith("M")
    assert state["share"] == pytest.approx(drawn.mask.mean(), rel=0.1)
    status, saved = _ask(server, "POST", "/save")
    assert status == 200
    assert (files / "photo-convex/certificate.json").exists()
    assert saved["folder"].endswith("photo-convex")


def test_a_new_fit_ends_the_one_before(server, drawn):
    server.session.steps = 100_000
    _ask(server, "POST", "/fit", _asked(drawn.scribbles))
    server.session.steps = 60
    assert _ask(server, "POST", "/fit", _asked(drawn.scribbles)) == (200, {"number": 3})
    assert _wait(server)["total"] == 60


def test_mistakes_are_told(server, drawn):
    half = np.where(drawn.scribbles == 1, 1, 0)
    for body, words in (
        ("{", "no JSON"),
        (_asked(drawn.scribbles[:10]), "reload"),
        (_asked(drawn.scribbles, constraint="round"), "unknown"),
        (_asked(drawn.scribbles, predictor="unet"), "strokes do not suffice"),
    ):
        status, answer = _ask(server, "POST", "/fit", body)
        assert status == 400
        assert words in answer["error"]
    _ask(server, "POST", "/fit", _asked(half))
    assert "no scribble" in _wait(server)["error"]
    assert _ask(server, "GET", "/nothing")[0] == 404


def test_another_picture_can_be_opened(server, drawn):
    stream = io.BytesIO()
    Image.fromarray(drawn.image[:, ::-1]).save(stream, "PNG")
    status, about = _ask(server, "POST", "/picture", stream.getvalue(), **{"X-Name": "cup.png"})
    assert status == 200
    assert about["picture"]["name"] == "cup"
    status, answer = _ask(server, "POST", "/picture", b"nothing", **{"X-Name": "cup.png"})
    assert status == 400
    assert answer["error"].startswith("cup.png is not a picture")


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_other_pages_are_refused(server, drawn, headers):
    assert _ask(server, "POST", "/fit", _asked(drawn.scribbles), **headers)[0] == 403
    assert _ask(server, "GET", "/picture", **headers)[0] == 403


def test_it_listens_on_this_machine_alone(server):
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.slow
@pytest.mark.skipif(not browser.FOUND, reason="there is no Chromium")
def test_strokes_are_painted_in_a_browser(server, files, tmp_path_factory):
    with browser.browser(tmp_path_factory.mktemp("profile")) as page:
        page.open(server.address)
        page.wait("document.querySelector('#picture').naturalWidth > 0")
        box = json.loads(
            page.value("JSON.stringify(document.querySelector('#strokes').getBoundingClientRect())")
        )

        def at(x, y):
            return box["x"] + box["width"] * x / 56, box["y"] + box["height"] * y / 40

        page.stroke([at(24, 20), at(32, 20)])
        page.value("document.querySelector('#background').click()")
        page.stroke([at(3, 3), at(53, 3), at(53, 37), at(3, 37), at(3, 3)])
        page.wait("document.querySelector('#shape').getAttribute('d').length > 20")
        page.wait("!document.querySelector('#save').disabled")
        assert "every check holds" in page.value("document.querySelector('#said').textContent")
        page.value("document.querySelector('#save').click()")
        page.wait("document.querySelector('#said').textContent.includes('Saved')")
    with Image.open(files / "photo-convex/mask.png") as mask:
        assert np.asarray(mask)[20, 28] == 255
        assert np.asarray(mask)[3].max() == 0
