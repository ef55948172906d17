"""A browser for tests: headless Chromium, driven by chromedriver with the W3C WebDriver protocol.

The protocol is JSON over HTTP on this machine, and what these tests need of it fits here; a package would
bring more to install than it saves. Clicks and keys are the browser's own input events, not calls of a page's
functions.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--force-color-profile=srgb",
    "--font-render-hinting=none", "--disable-dev-shm-usage",
)  # fmt: skip
"""No network, no settings, the same pixels everywhere."""

KEYS = {"Control": "\ue009", "Shift": "\ue008", "Enter": "\ue007", "Tab": "\ue004"}
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def missing() -> str:
    """Return what is missing to run a browser, and how to install it; empty if nothing is."""
    lacking = [] if any(map(shutil.which, CHROMIUM)) else ["chromium"]
    lacking += [] if shutil.which("chromedriver") else ["chromium-driver"]
    return f"needs {' and '.join(lacking)} (apt-get install {' '.join(lacking)})" if lacking else ""


class Browser:
    """One window of a browser."""

    def __init__(self, address: str, profile: Path) -> None:
        """`address` is that of chromedriver; `profile` is an empty folder for the browser."""
        self._address = address
        program = next(found for name in CHROMIUM if (found := shutil.which(name)))
        options = {"binary": program, "args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        self._session = f"/session/{self._call('POST', '/session', wanted)['sessionId']}"

    def open(self, page: Path, width: int, height: int, *, query: str = "", scale: int = 1) -> None:
        """Show a page in a viewport of these CSS pixels; `scale` is the number of pixels per CSS pixel."""
        self.resize(width, height, scale=scale)
        self._post("/url", {"url": page.resolve().as_uri() + query})

    def resize(self, width: int, height: int, *, scale: int = 1) -> None:
        """Resize the viewport, and give the page time to react."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self._post("/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": size})
        drawn = "var done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));"
        self._post("/execute/async", {"script": drawn, "args": []})

    def run(self, script: str, *arguments: object) -> Any:
        """Run the body of a function in the page and return its value."""
        return self._post("/execute/sync", {"script": script, "args": list(arguments)})

    def click(self, script: str, *arguments: object, holding: str = "", times: int = 1) -> None:
        """Click the middle of the node that the script returns; `holding` is a pressed key."""
        node = self.run(script, *arguments)
        press = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}] * times
        move = {"type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": node}
        mouse = {"type": "pointer", "id": "mouse", "actions": [move, *press]}
        key = KEYS.get(holding, "")
        wait = [{"type": "pause"}] * (len(press) - 1)
        hold = [{"type": "keyDown", "value": key}, *wait, {"type": "pause"}, {"type": "keyUp", "value": key}]
        keys = {"type": "key", "id": "keys", "actions": hold}
        self._post("/actions", {"actions": [keys, mouse] if key else [mouse]})

    def write(self, script: str, text: str, *arguments: object) -> None:
        """Replace the text of the field that the script returns, and leave the field."""
        node = self.run(script, *arguments)
        element = f"/element/{node[_ELEMENT]}"
        self.click(script, *arguments, times=3)
        self.run("arguments[0].select()", node)
        self._post(f"{element}/value", {"text": (text or "\ue003") + KEYS["Tab"]})

    def picture(self) -> bytes:
        """The viewport as PNG."""
        return base64.b64decode(self._call("GET", f"{self._session}/screenshot"))

    def close(self) -> None:
        """End the browser."""
        self._call("DELETE", self._session)

    def _post(self, path: str, body: object) -> Any:
        return self._call("POST", self._session + path, body)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._address + path, data, method=method)  # noqa: S310 - this machine's own
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise AssertionError(f"{path}: {value['message']}") from None


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Run a browser during a block; `profile` is a folder that it may fill."""
    driver = subprocess.Popen(
        [shutil.which("chromedriver") or "", "--port=0", "--log-level=WARNING"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    window = None
    try:
        window = Browser(f"http://127.0.0.1:{_port(driver)}", profile)
        yield window
    finally:
        if window is not None:
            window.close()
        driver.terminate()
        driver.communicate(timeout=20)


def _port(driver: subprocess.Popen[str]) -> str:
    assert driver.stdout is not None
    for line in driver.stdout:
        if "successfully on port" in line:
            return line.rsplit("port ", 1)[1].strip().rstrip(".")
    raise AssertionError("chromedriver did not start")
