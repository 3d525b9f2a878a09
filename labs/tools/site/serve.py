#!/usr/bin/env python3
"""Serves a folder on this machine only and opens it: serve.py FOLDER PORT. Ctrl-C ends it."""
import functools
import http.server
import os
import signal
import sys
import webbrowser


class Handler(http.server.SimpleHTTPRequestHandler):
    """Says nothing about what is well."""

    def log_request(self, code="-", size="-"):
        if str(code) >= "400":
            super().log_request(code, size)


def stop(*_):
    """Ends the program, as Ctrl-C does."""
    sys.exit(0)


def main():
    """See above."""
    folder, port = sys.argv[1:]
    if not port.isdecimal() or not 0 < int(port) < 65536:
        sys.exit(f"PORT={port}: give a number from 1 to 65535")
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", int(port)), functools.partial(Handler, directory=folder))
    except OSError as error:
        sys.exit(f"Port {port} can't be used ({error.strerror}): choose another, make docs-serve PORT=n")
    address = f"http://127.0.0.1:{port}/"
    print(f"{address}  Ctrl-C ends it", flush=True)
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(address)
    server.serve_forever()


if __name__ == "__main__":
    main()
