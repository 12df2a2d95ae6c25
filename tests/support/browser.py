"""A headless Chromium that is told what to do over a pipe, by its own protocol (CDP)."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager

FOUND = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


class Page:
    """One page of a browser."""

    def __init__(self, wanted, told):
        self._wanted, self._told = wanted, told
        self._numbers, self._rest, self._session = itertools.count(1), b"", None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    def call(self, method, **parameters):
        """What the browser answers to a method of its protocol."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._wanted, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self):
        while b"\0" not in self._rest:
            part = os.read(self._told, 2**20)
            assert part, "the browser has gone"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def open(self, address, size=(1280, 800)):
        """Show an address in a window of a width and a height."""
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        self.call("Page.navigate", url=address)

    def value(self, expression):
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, expression, seconds=300.0):
        """The value of an expression, as soon as it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
            if value := found["result"].get("value"):
                return value
            time.sleep(0.1)
        raise AssertionError(f"{expression} did not become true")

    def stroke(self, points):
        """Press the mouse at the first of some points (x, y) of the window, drag, and let go."""
        (x, y), *_ = points
        button = {"button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, **button)
        for x, y in points:
            moved = {"x": x, "y": y, "button": "left", "buttons": 1}
            self.call("Input.dispatchMouseEvent", type="mouseMoved", **moved)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, **button)

    def picture(self, path=None, **about):
        """A PNG of what the window shows."""
        data = base64.b64decode(self.call("Page.captureScreenshot", **about)["data"])
        if path is not None:
            path.write_bytes(data)
        return data


@contextmanager
def browser(profile):
    """A page of a browser of its own, whose files lie in `profile`."""
    there, wanted = os.pipe()
    told, answers = os.pipe()

    def connect():
        # The browser reads from 3 and writes to 4.
        first, second = os.dup(there), os.dup(answers)
        os.dup2(first, 3)
        os.dup2(second, 4)

    process = subprocess.Popen(
        [
            *(FOUND, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--remote-debugging-pipe", f"--user-data-dir={profile}", "--disable-dev-shm-usage"),
        ],
        preexec_fn=connect,
        close_fds=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(there)
    os.close(answers)
    try:
        yield Page(wanted, told)
    finally:
        process.terminate()
        process.wait(20)
        os.close(wanted)
        os.close(told)
