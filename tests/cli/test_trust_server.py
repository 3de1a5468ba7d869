"""aim-trust-server as its users run it: the six tools over stdio and HTTP, its environment, what survives a restart."""
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

SERVER, MAN = (Path(a).resolve() for a in sys.argv[1:3])
PEER = "did:mesh:" + "ab" * 16
INIT = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
MODERN = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
cases = []


def case(function):
    cases.append(function)
    return function


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AGENTMESH_")}
    return {**kept, **more}


class Stdio:
    def __init__(self, *args, **env):
        self.n = 0
        self.process = subprocess.Popen([SERVER, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment(**env))

    def send(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, method, params=None):
        self.n += 1
        self.send(json.dumps({"jsonrpc": "2.0", "id": self.n, "method": method, "params": params or {}}))
        answer = json.loads(self.process.stdout.readline())
        assert answer["id"] == self.n, answer
        return answer

    def call(self, tool, **arguments):
        return self.ask("tools/call", {"name": tool, "arguments": arguments})["result"]

    def good(self, tool, **arguments):
        result = self.call(tool, **arguments)
        assert not result["isError"], result
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
        return result["structuredContent"]

    def bad(self, tool, part, **arguments):
        result = self.call(tool, **arguments)
        assert result["isError"] and part in result["content"][0]["text"], result

    def close(self, code=0):
        self.process.stdin.close()
        assert self.process.wait(20) == code, self.process.returncode
        return self.process.stderr.read().decode()

    def __enter__(self):
        return self

    def __exit__(self, *why):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass


def refused(part, *args, **env):
    done = subprocess.run([SERVER, *args], stdin=subprocess.DEVNULL, capture_output=True, env=environment(**env), timeout=20)
    assert done.returncode == 2 and part in done.stderr.decode(), (done.returncode, done.stderr)
    assert done.stdout == b""


@case
def names_six_tools_with_their_arguments():
    with Stdio() as s:
        result = s.ask("initialize", INIT)["result"]
        assert result["protocolVersion"] == "2025-11-25" and result["serverInfo"]["title"] == "mcp-trust-agent"
        tools = {t["name"]: list(t["inputSchema"]["properties"]) for t in s.ask("tools/list")["result"]["tools"]}
        assert tools == {
            "check_trust": ["agent_did"], "get_trust_score": ["agent_did"], "get_identity": [],
            "establish_handshake": ["peer_did", "capabilities"],
            "verify_delegation": ["agent_did", "delegator_did", "capability"],
            "record_interaction": ["peer_did", "outcome", "details"]}, tools
        s.close()


@case
def trust_moves_by_the_table():
    with Stdio(AGENTMESH_MIN_TRUST_SCORE="15") as s:
        first = s.good("check_trust", agent_did=PEER)
        assert first["trusted"] is False and first["known"] is False and first["trust_level"] == "unknown"
        assert first["min_trust_threshold"] == 15
        assert s.good("get_trust_score", agent_did=PEER)["last_updated"] is None
        for outcome, overall in (("success", 10), ("partial", 15), ("success", 25), ("timeout", 15), ("success", 25),
                                 ("failure", 5)):
            said = s.good("record_interaction", peer_did=PEER, outcome=outcome, details="a \"quoted\"\n detail")
            assert said["overall_score"] == overall and said["trust_level"] == "untrusted", said
        score = s.good("get_trust_score", agent_did=PEER)
        assert score["interaction_count"] == 6 and score["dimensions"]["competence"] == 30, score
        assert score["last_updated"].endswith("Z") and score["known"] is True
        assert s.good("check_trust", agent_did=PEER)["trusted"] is False
        s.good("record_interaction", peer_did=PEER, outcome="success")
        assert s.good("check_trust", agent_did=PEER)["trusted"] is True
        s.bad("record_interaction", "success, failure, timeout, partial", peer_did=PEER, outcome="great")
        assert s.good("get_trust_score", agent_did=PEER)["interaction_count"] == 7
        s.close()


@case
def says_who_it_is():
    with Stdio(AGENTMESH_AGENT_NAME="gate") as s:
        me = s.good("get_identity")
        assert me["name"] == "gate" and me["public_key"].startswith("ed25519:") and me["did"].startswith("did:mesh:")
        assert "trust:check" in me["capabilities"]
        own = s.good("check_trust", agent_did=me["did"])
        assert own["known"] and own["trusted"] and own["overall_score"] == 500
        assert own["dimensions"] == dict.fromkeys(
            ("competence", "integrity", "availability", "predictability", "transparency"), 500)
        s.bad("record_interaction", "", peer_did=me["did"], outcome="success")
        assert s.good("check_trust", agent_did=me["did"])["overall_score"] == 500
        s.close()


@case
def begins_handshakes():
    with Stdio() as s:
        me = s.good("get_identity")
        shake = s.good("establish_handshake", peer_did=PEER, capabilities=["read:data"])
        assert shake["status"] == "pending" and shake["capabilities"] == ["read:data"]
        assert shake["handshake_id"].startswith("challenge_") and len(shake["handshake_id"]) == 26
        assert len(shake["nonce"]) >= 43 and len(shake["signature"]) >= 86
        challenge = shake["challenge"]
        assert challenge["initiator"] == me["did"] and challenge["responder"] == PEER
        assert challenge["id"] == shake["handshake_id"]
        assert s.good("establish_handshake", peer_did=PEER, capabilities=[])["nonce"] != shake["nonce"]
        s.bad("establish_handshake", "capabilities is required", peer_did=PEER)
        s.bad("establish_handshake", "capabilities must", peer_did=PEER, capabilities="read:data")
        s.bad("establish_handshake", "capabilities must", peer_did=PEER, capabilities=[1])
        s.close()


@case
def delegations_must_be_recorded():
    with Stdio() as s:
        said = s.good("verify_delegation", agent_did=PEER, delegator_did="did:mesh:" + "cd" * 16, capability="read:data")
        assert said["valid"] is False and said["rule"] == "not_found" and said["agent_trust_score"] == 0, said
        s.bad("verify_delegation", "capability has more", agent_did=PEER, delegator_did=PEER, capability="a" * 257)
        s.bad("verify_delegation", "delegator_did is required", agent_did=PEER, capability="read:data")
        s.close()


@case
def wrong_arguments_are_named():
    with Stdio() as s:
        s.bad("check_trust", "agent_did is required")
        s.bad("check_trust", "agent_did", agent_did=7)
        s.bad("check_trust", "agent_did", agent_did="")
        s.bad("check_trust", "agent_did: ", agent_did="nobody")
        s.bad("check_trust", "256", agent_did="did:mesh:" + "a" * 300)
        s.bad("check_trust", "U+0000", agent_did="did:mesh:a\0b")
        s.bad("check_trust", "'more' is no argument", agent_did=PEER, more=1)
        s.bad("record_interaction", "details", peer_did=PEER, outcome="success", details="x" * 1025)
        error = s.ask("tools/call", {"name": "drop_tables"})["error"]
        assert error == {"code": -32602, "message": "Unknown tool: drop_tables"}
        s.send("{")
        assert json.loads(s.process.stdout.readline())["error"]["code"] == -32700
        s.send("x" * (5 * 1024 * 1024))
        assert json.loads(s.process.stdout.readline())["error"]["code"] == -32600
        assert s.ask("ping")["result"] == {}
        s.close()


@case
def speaks_2026_too():
    with Stdio() as s:
        said = s.ask("server/discover", {"_meta": MODERN})["result"]
        assert said["supportedVersions"][0] == "2026-07-28" and said["cacheScope"] == "private"
        listed = s.ask("tools/list", {"_meta": MODERN})["result"]
        assert listed["resultType"] == "complete" and listed["ttlMs"] > 0 and len(listed["tools"]) == 6
        s.close()


@case
def the_environment_is_checked():
    for score in ("1001", "-1", "5e2", "many", "00500"):
        refused("AGENTMESH_MIN_TRUST_SCORE", AGENTMESH_MIN_TRUST_SCORE=score)
    refused("redis is not in this build", AGENTMESH_STORAGE_BACKEND="redis")
    refused("must be memory or sqlite", AGENTMESH_STORAGE_BACKEND="Memory")
    refused("needs --store FILE", AGENTMESH_STORAGE_BACKEND="sqlite")
    refused("--store needs", "--store", "/nowhere", AGENTMESH_STORAGE_BACKEND="memory")
    refused("need --http", "--origin", "https://x")
    refused("no [ADDRESS:]PORT", "--http", "localhost:1")
    refused("needs --token-file", "--http", "0.0.0.0:0")
    with Stdio(AGENTMESH_MIN_TRUST_SCORE="0", AGENTMESH_STORAGE_BACKEND="memory") as s:
        assert s.good("check_trust", agent_did=PEER)["trusted"] is False  # unknown is never trusted
        s.close()


@case
def trust_and_identity_survive_a_restart():
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "trust.db"
        with Stdio("--store", store, AGENTMESH_STORAGE_BACKEND="sqlite") as s:
            me = s.good("get_identity")
            s.good("record_interaction", peer_did=PEER, outcome="success")
            s.process.send_signal(signal.SIGTERM)
            assert s.process.wait(20) == 0
        assert (Path(folder) / "trust.db.key").stat().st_mode & 0o777 == 0o600
        with Stdio("--store", store) as s:
            assert s.good("get_identity") == me
            assert s.good("get_trust_score", agent_did=PEER)["overall_score"] == 10
            s.close()
        (Path(folder) / "trust.db.key").write_bytes(b"broken")
        done = subprocess.run([SERVER, "--store", store], stdin=subprocess.DEVNULL, capture_output=True,
                              env=environment(), timeout=20)
        assert done.returncode == 3, done
        assert (Path(folder) / "trust.db.key").read_bytes() == b"broken"


class Http:
    def __init__(self, *args, **env):
        self.process = subprocess.Popen([SERVER, "--http", "0", *args], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, env=environment(**env))
        line = self.process.stderr.readline().decode()
        assert "listening on http://127.0.0.1:" in line, line
        self.port = int(line.split("127.0.0.1:")[1].split("/")[0])

    def post(self, body, method="POST", path="/mcp", **headers):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        sent.update({k.replace("_", "-"): v for k, v in headers.items()})
        client.request(method, path, body if isinstance(body, (bytes, type(None))) else json.dumps(body),
                       {k: v for k, v in sent.items() if v is not None})
        answer = client.getresponse()
        text = answer.read()
        client.close()
        return answer.status, json.loads(text) if text else None

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self.process.stderr.close()
        assert code == 0, code


def ping(**more):
    return {"jsonrpc": "2.0", "id": 1, "method": "ping", **more}


@case
def http_answers_posts():
    with Http() as h:
        status, said = h.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INIT})
        assert status == 200 and said["result"]["protocolVersion"] == "2025-11-25"
        assert h.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, MCP_Protocol_Version="2025-11-25") == (202, None)
        status, said = h.post({"jsonrpc": "2.0", "id": 2, "method": "tools/call",
                               "params": {"name": "check_trust", "arguments": {"agent_did": PEER}}})
        assert status == 200 and said["result"]["structuredContent"]["known"] is False
        assert h.post(b"{")[0] == 400
        assert h.post(ping(), method="GET")[0] == 405 and h.post(None, method="DELETE")[0] == 405
        assert h.post(ping(), path="/")[0] == 404
        assert h.post(ping(), Content_Type="text/plain")[0] == 415 and h.post(ping(), Accept="text/html")[0] == 406
        assert h.post(ping(), MCP_Protocol_Version="2020-01-01")[0] == 400
        assert h.post([ping()])[0] == 200 and h.post([ping()], MCP_Protocol_Version="2025-11-25")[0] == 400
        assert h.post(b"x" * (4 * 1024 * 1024 + 1))[0] == 413


@case
def http_headers_must_agree_in_2026():
    with Http() as h:
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_identity", "_meta": MODERN}}
        good = {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": "tools/call", "Mcp_Name": "get_identity"}
        assert h.post(call, **good)[0] == 200
        for name in good:
            for value in ("other", None):
                status, said = h.post(call, **{**good, name: value})
                assert status == 400 and said["error"]["code"] == -32020 and said["id"] == 1, (name, value, said)
        assert h.post(ping(), MCP_Protocol_Version="2026-07-28")[0] == 400
        unknown = {**call, "method": "nope"}
        assert h.post(unknown, **{**good, "Mcp_Method": "nope"})[0] == 404
        later = {**call, "params": {"_meta": {**MODERN, "io.modelcontextprotocol/protocolVersion": "2027-01-01"}}}
        status, said = h.post({**later, "method": "ping"}, MCP_Protocol_Version="2027-01-01", Mcp_Method="ping")
        assert status == 400 and said["error"]["code"] == -32022


@case
def http_keeps_strangers_out():
    with tempfile.TemporaryDirectory() as folder:
        token = Path(folder) / "token"
        token.write_text("correct horse battery\n")
        with Http("--token-file", token, "--origin", "https://app.example") as h:
            assert h.post(ping())[0] == 401 and h.post(ping(), Authorization="Bearer wrong")[0] == 401
            good = {"Authorization": "Bearer correct horse battery"}
            assert h.post(ping(), **good)[0] == 200
            assert h.post(ping(), Origin="https://app.example", **good)[0] == 200
            assert h.post(ping(), Origin="http://localhost:3000", **good)[0] == 200
            for origin in ("https://evil.example", "http://localhost.evil.example", "null", "http://127.0.0.1.evil"):
                assert h.post(ping(), Origin=origin, **good)[0] == 403, origin
            assert h.post(ping(), Host="rebound.example", **good)[0] == 403
        token.write_text("short")
        done = subprocess.run([SERVER, "--http", "0", "--token-file", token], stdin=subprocess.DEVNULL, capture_output=True,
                              env=environment(), timeout=20)
        assert done.returncode == 2 and b"16 characters" in done.stderr, done


@case
def every_call_is_in_the_log():
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "trust.db"
        with Stdio("--store", store) as s:
            s.good("record_interaction", peer_did=PEER, outcome="failure", details="it lied")
            s.bad("check_trust", "agent_did", agent_did=1)
            s.close()
        import sqlite3
        rows = [r[0] for r in sqlite3.connect(store).execute("select kind from audit order by position")]
        calls = [k for k in rows if k in ("tool_call", "tool_result", "trust_interaction")]
        assert calls == ["tool_call", "trust_interaction", "tool_result", "tool_call"], rows


@case
def help_and_manual_agree():
    text = subprocess.run([SERVER, "--help"], capture_output=True, text=True, check=True).stdout
    manual = (MAN / "aim-trust-server.1").read_text().replace("\\-", "-")
    for word in ("store", "key", "http", "token-file", "origin"):
        assert "--" + word in text and "Fl -" + word in manual, word
    for word in ("AGENTMESH_AGENT_NAME", "AGENTMESH_MIN_TRUST_SCORE", "AGENTMESH_STORAGE_BACKEND"):
        assert word in text and word in manual, word
    said = subprocess.run([SERVER, "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("aim-trust-server "), said


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
