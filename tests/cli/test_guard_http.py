"""aim-guard http by what arrives behind it: requests that the server could read otherwise than the guard did, and streams
that break. Needs neither node nor a network."""
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

GUARD = Path(sys.argv[1]).resolve()
TOOLS = [{"name": "read", "inputSchema": {"type": "object"}}]
cases = []


def case(function):
    cases.append(function)
    return function


class Server:
    """Answers every message, and keeps what it was sent."""

    def __init__(self):
        self.seen = []
        self.stream = None
        self.silent = b""  # what an answer begins with, that does not go on
        self.socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            connection, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            while head := lines.readline():
                while (line := lines.readline()) not in (b"\r\n", b""):
                    head += line
                length = re.search(rb"(?im)^content-length: *(\d+)", head)
                body = lines.read(int(length[1])) if length else b""
                self.seen.append((head, body))
                if self.silent and b"tools/call" in body:
                    connection.sendall(self.silent)
                    lines.read()  # until the guard gives up
                    return
                connection.sendall(self.answer(body))

    def answer(self, body):
        message = json.loads(body) if body else {}
        if self.stream and message.get("method") == "tools/call":
            return (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(self.stream)
                    + self.stream)
        result = {"tools": TOOLS} if message.get("method") == "tools/list" else {"content": []}
        text = json.dumps({"jsonrpc": "2.0", "id": message.get("id"), "result": result}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(text) + text


class Guard:
    def __init__(self, *more):
        self.server = Server()
        self.folder = tempfile.TemporaryDirectory(prefix="aim-http-")
        upstream = f"http://127.0.0.1:{self.server.socket.getsockname()[1]}/mcp"
        self.process = subprocess.Popen([GUARD, "http", "--listen", "127.0.0.1:0", "--upstream", upstream, "--store",
                                         self.folder.name + "/aim.db", *more], stderr=subprocess.PIPE, text=True)
        said = re.search(r"127\.0\.0\.1:(\d+)", self.process.stderr.readline())
        self.port = int(said[1])
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def __enter__(self):
        assert self.post(message("tools/list"))[0] == 200
        return self

    def __exit__(self, *_):
        self.process.terminate()
        code = self.process.wait(60)
        self.folder.cleanup()
        assert code == 0, code

    def ask(self, head, body=b""):
        """The status, the answer, and what the server was sent meanwhile."""
        self.server.seen.clear()
        with socket.create_connection(("127.0.0.1", self.port), 60) as s:
            s.sendall(b"%b\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (head, len(body), body))
            answer = b""
            while piece := s.recv(65536):
                answer += piece
        return int(answer.split()[1]), answer, list(self.server.seen)

    def post(self, body, type="application/json", more=()):
        head = [b"POST /mcp HTTP/1.1", b"Accept: application/json, text/event-stream", b"Content-Type: " + type.encode()]
        return self.ask(b"\r\n".join([*head, *more]), body)


def message(method, **params):
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


def call(**arguments):
    return message("tools/call", name="read", arguments=arguments)


@case
def json_in_utf8_passes():
    with Guard() as guard:
        for type in ("application/json", "Application/JSON", "application/json; charset=utf-8",
                     'application/json ;charset="UTF-8"'):
            status, _, seen = guard.post(call(), type)
            assert status == 200 and seen[-1][1] == call(), (type, status)
        assert guard.post(call(), more=[b"Content-Encoding: identity"])[0] == 200


@case
def a_body_that_the_server_would_read_otherwise_stays_here():
    hidden = call(x="+ACI-},+ACI-name+ACI-:+ACI-shell")  # in UTF-7: a second name
    with Guard() as guard:
        for type in ("application/json; charset=utf-7", "application/json;charset=utf-16", "application/jsonx",
                     "application/json; charset=utf-8; charset=utf-7", "application/json; x=y", "application/json,text/x"):
            status, _, seen = guard.post(hidden, type)
            assert status == 415 and not seen, (type, status, seen)
        for encoding in (b"deflate", b"gzip", b"identity, deflate", b""):
            status, _, seen = guard.post(call(), more=[b"Content-Encoding: " + encoding])
            assert status == 415 and not seen, (encoding, status, seen)


@case
def no_header_hides_in_another():
    bad = (b"X-A: 1\rMcp-Session-Id: victim", b"Transfer-Encoding : chunked", b"Content-Length : 9", b"X-A: \x01", b"X(A): 1",
           b"X-A: \x7f", b"Mcp_Name: shell", b"mcp-session_id: victim", b"Content_Length: 9", b"Transfer_Encoding: chunked")
    with Guard() as guard:
        for line in bad:
            for method in (b"GET", b"DELETE"):
                status, _, seen = guard.ask(method + b" /mcp HTTP/1.1\r\nAccept: text/event-stream\r\n" + line)
                assert status == 400 and not seen, (method, line, status, seen)
            status, _, seen = guard.post(call(), more=[line])
            assert status == 400 and not seen, (line, status, seen)
        assert guard.post(call(), more=[b"X-A: a\tb", b"api_key: 1"])[0] == 200


@case
def a_server_that_falls_silent_is_given_up():
    with Guard("--upstream-timeout", "1") as guard:
        for begun in (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"):
            guard.server.silent = begun
            status, text, _ = guard.post(call())
            assert status == 502 and b"-32603" in text, (begun, status, text)
        guard.server.silent = b""
        assert guard.post(call())[0] == 200


@case
def what_stands_before_a_broken_event_passes_once():
    note = json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "once"}})
    answer = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"content": []}})
    with Guard("--max-message", "4096") as guard:
        guard.server.stream = f"data: {note}\n\ndata: {'x' * 9000}\n\ndata: {answer}\n\n".encode()
        status, text, _ = guard.post(call())
        assert status == 200 and text.count(b'"once"') == 1 and b"-32603" in text and b'"content"' not in text, text


print(f"1..{len(cases)}")
failed = 0
for number, function in enumerate(cases, 1):
    try:
        function()
        print(f"ok {number} - {function.__name__}", flush=True)
    except Exception:
        failed = 1
        print(f"not ok {number} - {function.__name__}", flush=True)
        print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()), flush=True)
sys.exit(failed)
