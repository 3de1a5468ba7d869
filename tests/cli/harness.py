"""What the tests of the program aim share: running it, with and without a terminal, and counting in TAP."""
import fcntl
import json
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback
from pathlib import Path

AIM, GUARD, COMPLETION, MAN = (Path(a).resolve() for a in sys.argv[1:5])
PASSPHRASE = "correct horse"
cases = []


class Skip(Exception):
    pass


def case(function):
    cases.append(function)
    return function


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "AIM_STORE", "TERM", "COLUMNS")}
    return {**kept, "TERM": "xterm", **more}


def run(*args, code=0, env=None, cwd=None, text=True, **kwargs):
    """Runs aim without a terminal. Checks the exit status and gives what it said."""
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    if "input" in kwargs:
        del kwargs["stdin"]
    kwargs.setdefault("stdout", subprocess.PIPE)
    r = subprocess.run([AIM, *map(str, args)], env=environment(**(env or {})), cwd=cwd, text=text,
                       stderr=subprocess.PIPE, start_new_session=True, timeout=120, **kwargs)
    assert r.returncode == code, f"aim {args}: exit {r.returncode}, expected {code}\n{r.stdout}\n{r.stderr}"
    if code not in (0, 1, 6):
        assert r.stderr, f"aim {args}: no word on why"
    return r


def answer(*args, **kwargs):
    return json.loads(run("--json", *args, **kwargs).stdout)


def lines(*args, **kwargs):
    return [json.loads(line) for line in run("--json", *args, **kwargs).stdout.splitlines()]


def on_terminal(*args, typed=(), columns=100, env=None, cwd=None):
    """Runs aim on a terminal of its own. typed: pairs of what to wait for and what to type, or call, then."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.clear()
        os.environ.update(environment(**(env or {})))
        if cwd:
            os.chdir(cwd)
        os.execv(AIM, [str(AIM), *map(str, args)])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    seen, waiting, deadline = b"", list(typed), time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                piece = os.read(fd, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        if waiting and waiting[0][0].encode() in seen:
            then = waiting.pop(0)[1]
            if callable(then):
                then()
            else:
                os.write(fd, then.encode())
    else:
        os.kill(pid, 9)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return status, seen.decode("utf-8", "replace").replace("\r\n", "\n")


class Folder:
    """A new folder with a passphrase in it, removed afterwards."""

    def __enter__(self):
        self.path = Path(tempfile.mkdtemp(prefix="aim-cli-"))
        (self.path / "pw").write_text(PASSPHRASE + "\n")
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path)


SERVER = r'''
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m:
        continue
    if m["method"] == "initialize":
        r = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "t", "version": "1"}}
    elif m["method"] == "tools/list":
        r = {"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in ("read", "write")]}
    else:
        r = {"content": []}
    print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
'''

HOSTILE = "\u202egnp\u001b[31m\u009b2J\u200b\u0007\U000e0041"


def make_store(folder, calls=("read", "write", HOSTILE), agent="bot", more=("--no-learn",)):
    """A store as aim-guard writes it: an agent, a server, a session and calls. Trust is as it was."""
    server = folder / "server.py"
    server.write_text(SERVER)
    store = folder / "aim.db"
    guard = subprocess.Popen([GUARD, "stdio", "--quiet", "--store", store, "--agent", agent, *more, "--", sys.executable,
                              server],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())

    def send(**message):
        guard.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        guard.stdin.flush()
        return json.loads(guard.stdout.readline()) if "id" in message else None

    send(id=1, method="initialize", params={"protocolVersion": "2025-06-18", "capabilities": {},
                                            "clientInfo": {"name": "c", "version": "1"}})
    send(method="notifications/initialized")
    send(id=2, method="tools/list", params={})
    for n, name in enumerate(calls):
        send(id=10 + n, method="tools/call", params={"name": name, "arguments": {"path": "/tmp/notes"}})
    guard.stdin.close()
    guard.stdout.close()
    assert guard.wait(60) == 0
    return store


def make_key(folder, name="log.key", *more, purpose="log"):
    path = folder / name
    run("key", "generate", "--purpose", purpose, "-o", path, "--passphrase-file", folder / "pw", *more)
    return path


def harmless(text):
    """Nothing in text steers a terminal or hides."""
    bad = [c for c in text if c != "\n" and (ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c in "\u200b\u202e\u200f\ufeff"
                                             or 0xE0000 <= ord(c) < 0xE1000)]
    assert not bad, f"control characters {bad!r} in {text!r}"


def main():
    print(f"1..{len(cases)}")
    failures = 0
    for number, function in enumerate(cases, 1):
        name = (function.__doc__ or function.__name__).strip()
        try:
            function()
            print(f"ok {number} - {name}", flush=True)
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failures += 1
            print(f"not ok {number} - {name}", flush=True)
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()), flush=True)
    return 1 if failures else 0
