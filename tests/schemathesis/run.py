"""Starts gostream on free loopback ports with an empty database, sets it up, and has schemathesis ask for everything that
its OpenAPI document has. What is here says only how; schemathesis.toml beside it says what is checked.

    python run.py GOSTREAM [options of `schemathesis run`]
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
# How long the server may take to be ready, and to end.
GUARD_S = 30
LOCAL = "127.0.0.1:0"
SETTINGS = {
    "HTTP__LISTEN": LOCAL,
    "RTMP__LISTEN": LOCAL,
    "METRICS__LISTEN": LOCAL,
    "PRACTICE__LISTEN": LOCAL,
    # The limit has tests of its own. A burst of one token is what this run is.
    "API__RATE": "100000",
    "API__BURST": "1000000",
    # Nothing that is made up here is to be reached: not on this machine, and not beside it.
    "RELAY__ALLOW_PRIVATE": "never",
    "LOG__FORMAT": "json",
    "LOG__LEVEL": "warn,gostream::app=info",
}


class Server:
    """A process of its own, in a folder of its own."""

    def __init__(self, binary, folder):
        settings = {f"GOSTREAM_{name}": value for name, value in SETTINGS.items()}
        self.log = []
        self.process = subprocess.Popen(
            [binary, "serve"],
            env=os.environ | settings | {"GOSTREAM_DATA_DIR": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        found, self.said = threading.Event(), {}

        def listen(stream):
            for line in stream:
                self.log.append(line)
                self.said.update(re.findall(r'"(addr)":"(127[^"]+)","service":"http"', line))
                self.said.update(re.findall(r"#(setup)(_[0-9a-z]+)", line))
                if len(self.said) == 2:
                    found.set()

        for stream in (self.process.stdout, self.process.stderr):
            threading.Thread(target=listen, args=(stream,), daemon=True).start()
        if not found.wait(GUARD_S):
            self.stop()
            sys.exit("gostream did not become ready:\n" + "".join(self.log[-20:]))
        self.url = f"http://{self.said['addr']}"

    def ask(self, method, path, body=None, **headers):
        """Asks for a path of the API; status, headers, and body."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} | headers if data else headers
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=GUARD_S) as answer:
            return answer.status, answer.headers, json.load(answer)

    def token(self):
        """The first administrator's token, with all scopes."""
        account = {"link": "setup" + self.said["setup"], "email": "ada@example.org", "name": "Ada"}
        _, headers, _ = self.ask("POST", "/setup", account | {"password": "correct horse battery"})
        cookie = headers["set-cookie"].split(";")[0]
        made = self.ask("POST", "/tokens", {"name": "schemathesis", "scopes": ["*"]}, cookie=cookie)
        return made[2]["secret"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(GUARD_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "no end"


def main():
    binary, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(str(pathlib.Path(binary).resolve()), folder)
        try:
            token = server.token()
            program = shutil.which("schemathesis", path=str(pathlib.Path(sys.executable).parent))
            config = ["--config-file", str(HERE / "schemathesis.toml")]
            outcome = subprocess.call(
                [program, *config, "run", f"{server.url}/api/openapi.json", *options],
                # Its own files go where they are thrown away.
                cwd=folder,
                env=os.environ | {"GOSTREAM_TOKEN": token},
            )
            # A run that lost its right on the way has proved nothing after that.
            try:
                server.ask("GET", "/me", authorization=f"Bearer {token}")
            except urllib.error.HTTPError as error:
                print(f"the run's token does not work any more: {error}", file=sys.stderr)
                outcome = outcome or 1
        finally:
            ended = server.stop()
        bad = [line for line in server.log if '"ERROR"' in line or "panicked" in line]
        if ended != 0 or bad:
            print(f"gostream ended with {ended}, and said:\n" + "".join(bad), file=sys.stderr)
            outcome = outcome or 1
    sys.exit(outcome)


if __name__ == "__main__":
    main()
