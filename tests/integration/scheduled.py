"""A checkout with the wrapper of scheduled runs, and a server that is told of each."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).parents[2]
TOKEN = "s3cr3t-t0ken-of-the-ping"
ODD = 'our 100% "$HOME" \'s \\x'


class Monitor:
    """A server that notes what it is asked; `delay` seconds for each, answered with `status`."""

    def __init__(self):
        self.paths, self.delay, self.status = [], 0.0, 200
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                monitor.paths.append(self.path)
                time.sleep(monitor.delay)
                self.send_response(monitor.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/{TOKEN}"

    def __enter__(self):
        serve = {"poll_interval": 0.02}
        threading.Thread(target=self.server.serve_forever, kwargs=serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def pings(self):
        """Return what it was told, without the token."""
        return [each.removeprefix(f"/{TOKEN}/") for each in self.paths]


class Scheduled:
    """A checkout with the wrapper and a stand-in for fab, in a directory with a difficult name."""

    def __init__(self, parent, url):
        self.checkout = parent / ODD
        self.state = parent / "state of it"
        self.secret = parent / "ping"
        (self.checkout / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "scheduled.sh", self.checkout / "scripts")
        self.secret.write_text(f"{url}\n", encoding="utf-8")
        self.secret.chmod(0o600)

    def fab(self, text):
        file = self.checkout / "fab"
        file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        file.chmod(0o755)

    def start(self, *, timeout=30, state=None, **variables):
        script, fab = self.checkout / "scripts/scheduled.sh", self.checkout / "fab"
        options = ["--state", state or self.state, "--timeout", str(timeout)]
        return subprocess.Popen(
            ["/bin/sh", script, *options, "--ping-url-file", self.secret, "--", fab, "refresh"],
            env={"PATH": os.environ["PATH"], "HOME": "/nowhere", **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, **options):
        process = self.start(**options)
        out, error = process.communicate(timeout=60)
        return SimpleNamespace(code=process.returncode, out=out, error=error)

    @property
    def logs(self):
        return sorted((self.state / "logs").glob("*.log"))

    def log(self):
        return self.logs[-1].read_text(encoding="utf-8")


def processes():
    """Return the arguments and the environment of every process but this one."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        if each.parent.name != str(os.getpid()):
            try:
                found += [each.read_bytes(), each.with_name("environ").read_bytes()]
            except OSError:
                continue
    return found
