"""Drives headless Chromium by the DevTools protocol, over a pair of pipes: no port, no library.

    browser.py SCRATCH COMMAND...      each COMMAND is one argument, done in turn; what they print is the output
        open FILE-OR-URL               and wait until it has loaded
        size WIDTH HEIGHT              of the page, in CSS pixels
        dark | light                   what the page takes for the user's choice
        key NAME                       ArrowLeft, Home, c, ...
        click SELECTOR                 the middle of the first element that matches
        eval EXPRESSION                print its value, as JSON unless it is a text
        requests                       print the addresses that the page has asked for
        shot FILE.png                  what the size shows; `shot! FILE.png` the whole page
    The status is 1, and a line says why, when a command fails, or when the page has reported an error by the end.

The profile lies in SCRATCH and goes with the browser. As a class: with Browser(scratch) as browser: browser.open(...).
"""

import base64
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = os.environ.get("CHROMIUM") or "chromium"
OPTIONS = ["--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
           "--remote-debugging-pipe"]
KEY_CODES = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "PageUp": 33, "PageDown": 34, "End": 35,
             "Home": 36, "Enter": 13, "Escape": 27, "Tab": 9}


class BrowserError(Exception):
    """What went wrong, in one line."""


class Browser:
    """One Chromium with one page. Every answer is waited for `limit` seconds at most."""

    def __init__(self, scratch, limit=30):
        if not shutil.which(PROGRAM):
            raise BrowserError(f"{PROGRAM} is not installed; 'make setup' installs it.")
        self.limit = limit
        self.errors = []
        self.last_id = 0
        self.received = b""
        self.events = []
        self.profile = tempfile.mkdtemp(prefix="browser-", dir=scratch)
        # It also makes a socket in $TMPDIR, whose path must be short: relative to its working folder.
        # Chromium reads commands from descriptor 3 and answers on 4.
        commands, self.to = os.pipe()
        self.answers, answers_in = os.pipe()
        options = OPTIONS + ([] if os.geteuid() else ["--no-sandbox"])

        def place():
            # By way of high numbers: the pipes may be 3 and 4 themselves, the other way round.
            high = os.dup2(commands, 100), os.dup2(answers_in, 101)
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(  # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
            [PROGRAM, *options, f"--user-data-dir={os.path.abspath(self.profile)}", "about:blank"],
            preexec_fn=place, close_fds=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            cwd=self.profile, env=os.environ | {"TMPDIR": "."})
        os.close(commands)
        os.close(answers_in)
        try:
            self.attach()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends Chromium with all of its processes, which are a session of their own, and removes its profile."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.to)
        os.close(self.answers)
        for _ in range(50):  # a process that is just dying may still write into it
            shutil.rmtree(self.profile, ignore_errors=True)
            if not os.path.exists(self.profile):
                break
            time.sleep(0.05)

    def attach(self):
        """Gets hold of the page, and of what it reports."""
        targets = self.call("Target.getTargets", session=None)["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        attached = self.call("Target.attachToTarget", session=None, targetId=page["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    session = None

    def message(self, deadline):
        """The next message from Chromium: they end with a zero byte."""
        while b"\0" not in self.received:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.answers], [], [], left)[0]:
                raise BrowserError(f"Chromium did not answer for {self.limit} seconds.")
            piece = os.read(self.answers, 1 << 20)
            if not piece:
                raise BrowserError("Chromium has ended.")
            self.received += piece
        text, _, self.received = self.received.partition(b"\0")
        message = json.loads(text)
        self.note(message)
        return message

    def note(self, message):
        """Keeps events, and above all what a user would find on the console."""
        if "method" not in message:
            return
        self.events.append(message)
        parameters = message["params"]
        match message["method"]:
            case "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description") or details["text"])
            case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "assert"):
                self.errors.append(" ".join(str(a.get("value", a.get("description"))) for a in parameters["args"]))
            case "Log.entryAdded" if parameters["entry"]["level"] == "error":
                self.errors.append(parameters["entry"]["text"])

    def call(self, method, session="page", **parameters):
        """A command of the protocol; returns its result."""
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters}
        if session:
            message["sessionId"] = self.session
        try:
            os.write(self.to, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            raise BrowserError("Chromium has ended.") from None
        deadline = time.monotonic() + self.limit
        while True:
            answer = self.message(deadline)
            if answer.get("id") == self.last_id:
                break
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def open(self, where):
        """Goes to a file or address, and returns when it has loaded."""
        if "://" not in where:
            path = pathlib.Path(where).resolve()
            if not path.exists():
                raise BrowserError(f"{where}: there is no such file.")
            where = path.as_uri()
        self.events.clear()
        result = self.call("Page.navigate", url=where)
        if "errorText" in result:
            raise BrowserError(f"{where}: {result['errorText']}")
        deadline = time.monotonic() + self.limit
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.message(deadline)

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 700)

    def dark(self, on):
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if on else "light"}])

    def key(self, name):
        """Presses and releases a key, by its name in KeyboardEvent.key."""
        code = KEY_CODES.get(name) or (ord(name.upper()) if len(name) == 1 else None)
        if code is None:
            raise BrowserError(f"key {name}: not known; KEY_CODES has the keys with names.")
        down = {"text": name} if len(name) == 1 else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, windowsVirtualKeyCode=code, **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, windowsVirtualKeyCode=code)

    def click(self, selector):
        """Clicks at the middle of the first element that matches, after scrolling it into view."""
        place = self.evaluate(f"""(() => {{
            const found = document.querySelector({json.dumps(selector)});
            if (!found) return null;
            found.scrollIntoView({{ block: "center", inline: "center" }});
            const box = found.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        if not place:
            raise BrowserError(f"click {selector}: nothing on the page matches.")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def evaluate(self, expression):
        """The value of a JavaScript expression; a promise is waited for."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise BrowserError(f"eval: {details.get('exception', {}).get('description') or details['text']}")
        return result["result"].get("value")

    def screenshot(self, path, whole=False):
        """A PNG of what can be seen, or of the whole page."""
        image = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(image["data"]))

    def requests(self):
        """The addresses that the page has asked for since it was opened."""
        return [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]


def perform(browser, command):
    """One command of the command line."""
    verb, _, rest = command.partition(" ")
    match verb:
        case "open":
            browser.open(rest)
        case "size":
            browser.size(*map(int, rest.split()))
        case "dark" | "light":
            browser.dark(verb == "dark")
        case "key":
            browser.key(rest)
        case "click":
            browser.click(rest)
        case "eval":
            value = browser.evaluate(rest)
            print(value if isinstance(value, str) else json.dumps(value), flush=True)
        case "requests":
            print(*browser.requests(), sep="\n", flush=True)
        case "shot" | "shot!":
            browser.screenshot(rest, whole=verb == "shot!")
        case _:
            raise BrowserError(f"{verb}: there is no such command.")


def main(arguments):
    """The command line; returns the status."""
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    # However it ends, Chromium goes with it.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        with Browser(arguments[0]) as browser:
            for command in arguments[1:]:
                perform(browser, command)
            errors = browser.errors
    except (BrowserError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    for error in errors:
        print(f"The page reports: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
