#!/usr/bin/env python3
"""aim mcp attest: a server that is started, looked at and attested."""
import json
import os
import re
import signal
import subprocess
import sys
import time

from harness import AIM, Folder, answer, case, environment, harmless, lines, main, make_key, on_terminal, run

# What it does when it is asked for what its second argument names; its own id is left in a file beside it.
SERVER = r'''
import json, os, subprocess, sys, time
how, at = (sys.argv[1:] + ["", ""])[:2]
here = os.path.dirname(os.path.abspath(__file__))
open(os.path.join(here, "pid"), "w").write(str(os.getpid()))
print("\033[31msome noise", file=sys.stderr, flush=True)
edited = os.path.exists(os.path.join(here, "edited"))
def say(m):
    print(json.dumps({"jsonrpc": "2.0", **m}), flush=True)
if how == "flood":
    while True:
        say({"method": "notifications/message", "params": {"data": "x" * 60000}})
for line in sys.stdin:
    m = json.loads(line)
    if "method" not in m:
        assert m == {"jsonrpc": "2.0", "id": "s", "result": {}}, m
        continue
    if "id" not in m:
        continue
    if m["method"] == at:
        if how == "hang":
            import signal
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        elif how == "exit":
            sys.exit(3)
        elif how == "garbage":
            print("hello \033[2J", flush=True)
        elif how == "other":
            say({"id": 4711, "result": {}})
        elif how == "error":
            say({"id": m["id"], "error": {"code": -32000, "message": "\033[2J"}})
            continue
        elif how == "empty":
            say({"id": m["id"], "result": {}})
            continue
        elif how == "endless":
            say({"id": m["id"], "result": {"tools": [], "nextCursor": "again"}})
            continue
    cursor = (m.get("params") or {}).get("cursor")
    if how in ("modern", "nameless", "asking", "future"):
        meta = (m.get("params") or {}).get("_meta") or {}
        if m["method"] == "initialize":
            say({"id": m["id"], "error": {"code": -32022, "message": "Unsupported protocol version"}})
            continue
        if meta.get("io.modelcontextprotocol/protocolVersion") != "2026-07-28" or \
           meta.get("io.modelcontextprotocol/clientCapabilities") != {}:
            say({"id": m["id"], "error": {"code": -32602, "message": "Invalid params"}})
            continue
        if m["method"] == "server/discover":
            r = {"resultType": "input_required" if how == "asking" else "complete", "ttlMs": 1000, "cacheScope": "public",
                 "supportedVersions": ["2099-01-01" if how == "future" else "2026-07-28"],
                 "capabilities": {"tools": {}, "prompts": {}, "resources": {}}}
            if how == "modern":
                r["_meta"] = {"io.modelcontextprotocol/serverInfo": {"name": "tide", "version": "2.0"}}
            say({"id": m["id"], "result": r})
            continue
    if m["method"] == "initialize":
        assert m["params"]["protocolVersion"] == "2025-11-25"
        say({"id": "s", "method": "ping"})
        say({"method": "notifications/message", "params": {}})
        r = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}, "prompts": {}, "resources": {}},
             "serverInfo": {"name": "tide", "version": "1.2"}, "instructions": "Read\nthe tide."}
    elif m["method"] == "tools/list" and cursor is None:
        r = {"tools": [{"name": "read", "description": "Reads" + " more" * edited, "inputSchema": {"type": "object"}}],
             "nextCursor": "a\"\u00e9"}
    elif m["method"] == "tools/list":
        assert cursor == "a\"\u00e9"
        r = {"tools": [{"name": "write", "inputSchema": {"type": "object"}}]}
    elif m["method"] == "prompts/list":
        r = {"prompts": [{"name": "greet"}], "nextCursor": None}
    elif m["method"] == "resources/list":
        r = {"resources": [{"name": "n", "uri": "file:///n"}]}
    else:
        say({"id": m["id"], "error": {"code": -32601, "message": "unknown"}})
        continue
    say({"id": m["id"], "result": r})
'''


def place(f, *agents):
    (f / "tide.py").write_text(SERVER)
    for agent in agents or ("bot",):
        key = make_key(f, agent + ".key", purpose="agent")
        run("agent", "register", agent, "--key-file", key, "--verified", cwd=f)


def words(f, *more, how=(), agent="bot"):
    return ["mcp", "attest", "--key", agent + ".key", "--passphrase-file", "pw", *more, "--", sys.executable, f / "tide.py", *how]


def attest(f, *more, code=0, how=(), agent="bot"):
    return run(*words(f, "--yes", *more, how=how, agent=agent), cwd=f, code=code)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ended(f):
    """The server that was started is gone."""
    assert not is_alive(int((f / "pid").read_text()))


@case
def attests():
    """attest starts the server, takes its complete lists as the baseline, and signs them"""
    with Folder() as f:
        place(f)
        said = attest(f)
        assert said.stderr == "", said.stderr
        key_id = answer("key", "show", f / "bot.key")["key_id"]
        said = said.stdout.splitlines()
        assert said[0] == f"Signed tide.py with identity ed25519:{key_id[:6]}..." and len(said) == 3
        assert said[2] == "Confidence score: 0% -> 36% (+36)", said
        ended(f)
        shown = answer("attest", "show", said[1].split()[-1], cwd=f)
        assert shown["reached"] and shown["capabilities"] == 2 and shown["latency_us"] > 0 and shown["server_version"] == "1.2"
        server = answer("mcp", "show", "tide.py", cwd=f)
        assert server["status"] == "pending" and server["agents"] == 1 and server["verifications_ok"] == 1 and server["args"] == [str(f / "tide.py")]
        seen = {r["record"]["subject"] for r in lines("audit", "query", "--kind", "baseline_created", cwd=f)}
        assert seen == {server["id"]}
        again = json.loads(run("--json", *words(f, "-y", "-o", "att.json"), cwd=f).stdout)
        assert again["supersedes"] == said[1].split()[-1] and again["server"] == server["id"]
        (f / "bot.pub").write_text(answer("key", "show", f / "bot.key")["public_key"])
        assert answer("mcp", "verify", "--file", f / "att.json", "--key-file", f / "bot.pub")["valid"]
        assert run("mcp", "sign", "--server", "tide.py", "--key", "bot.key", "--passphrase-file", "pw", cwd=f).stdout


@case
def three_agents():
    """three agents that attest the same server pass it"""
    with Folder() as f:
        place(f, "ana", "ben", "cat")
        for agent in ("ana", "ben", "cat"):
            attest(f, agent=agent)
        shown = answer("mcp", "verify", "tide.py", cwd=f, code=6)
        assert shown["attestations"] == 3 and shown["confidence_micro"] == 58333333, shown


@case
def differs():
    """a server that differs from its baseline is drift, and nothing is signed"""
    with Folder() as f:
        place(f)
        attest(f)
        (f / "edited").touch()
        said = attest(f, code=4)
        assert "drift: changed read" in said.stderr and "differs from its baseline" in said.stderr and said.stdout == ""
        assert len(lines("attest", "list", "--all", cwd=f)) == 1
        kinds = [r["record"]["kind"] for r in lines("audit", "query", cwd=f)]
        assert "drift_detected" in kinds
        (f / "edited").unlink()
        attest(f)


@case
def asks():
    """nothing starts unless somebody says yes, at a terminal or by --yes"""
    with Folder() as f:
        place(f)
        assert "--yes" in run(*words(f), cwd=f, code=4).stderr
        code, said = on_terminal(*words(f), typed=[("now?", "y\n")], cwd=f)
        assert code == 4 and "not started" in said and not (f / "pid").exists()
        assert f"Start `{sys.executable} {f}/tide.py` now?" in said, said
        code, said = on_terminal(*words(f, how=["\u202e\033[2J"]), typed=[("now?", "no\n")], cwd=f)
        assert code == 4
        harmless(said.replace("\n", ""))
        assert "too long" in run(*words(f, how=["x" * 4000]), cwd=f, code=4).stderr
        code, said = on_terminal(*words(f), typed=[("now?", "yes\n")], cwd=f)
        assert code == 0 and "Attestation ID" in said
        ended(f)


@case
def does_not_answer():
    """a server that hangs, floods, ends or talks nonsense is ended, and the failure is all that is recorded"""
    with Folder() as f:
        place(f)
        failures = [(("hang", "initialize"), "did not answer initialize in time", "timeout"),
                    (("hang", "tools/list"), "did not answer tools/list in time", "timeout"),
                    (("flood",), "16 MiB", "limit"),
                    (("endless", "tools/list"), "too many pages", "limit"),
                    (("exit", "prompts/list"), "ended before it answered prompts/list", "ended"),
                    (("garbage", "initialize"), "no valid JSON", "malformed"),
                    (("other", "tools/list"), "id is that of no request", "malformed"),
                    (("empty", "initialize"), "serverInfo", "malformed"),
                    (("empty", "resources/list"), "no list", "malformed"),
                    (("error", "resources/list"), "with an error", "refused")]
        for how, what, code in failures:
            said = attest(f, "--timeout", 1 if how[0] == "hang" else 60, how=how, code=7)
            assert what in said.stderr and said.stdout == "", (how, said.stderr)
            harmless(said.stderr)
            ended(f)
            last = lines("audit", "query", cwd=f)[-1]["record"]
            assert last["kind"] == "mcp_connection" and f"attestation.server_{code}" in json.dumps(last), last
        assert lines("mcp", "list", cwd=f) == [] and lines("attest", "list", "--all", cwd=f) == []
        said = run("mcp", "attest", "--yes", "--key", "bot.key", "--passphrase-file", "pw", "--", "/none/such", cwd=f, code=7)
        assert "cannot start the server /none/such" in said.stderr
        assert "server_not_started" in json.dumps(lines("audit", "query", cwd=f)[-1])


@case
def both_eras():
    """a server that has no initialize any more is asked server/discover, and each request carries its _meta"""
    for how in ("modern", "nameless"):
        with Folder() as f:
            place(f)
            said = attest(f, how=(how,)).stdout.splitlines()
            shown = answer("attest", "show", said[1].split()[-1], cwd=f)
            assert shown["state"] == "live", shown
            tools = lines("attest", "list", cwd=f)
            assert len(tools) == 1
            attest(f, how=(how,))
            ended(f)
    with Folder() as f:
        place(f)
        for how, what in (("asking", "without asking back"), ("future", "speaks neither revision")):
            said = attest(f, how=(how,), code=7)
            assert what in said.stderr, said.stderr
        said = attest(f, how=("error", "initialize"), code=7)
        assert "answered initialize with an error" in said.stderr, said.stderr


@case
def unreachable():
    """that a known server was not reached is signed when asked for, and never raises the confidence"""
    with Folder() as f:
        place(f)
        server = (f / "tide.py").read_text()
        attest(f)
        name = lines("mcp", "list", cwd=f)[0]["name"]
        before = answer("mcp", "verify", name, cwd=f, code=6)["confidence_micro"]
        (f / "tide.py").write_text("raise SystemExit(3)")
        said = attest(f, code=7)
        assert "give --unreachable sign" in said.stderr and len(lines("attest", "list", "--all", cwd=f)) == 1
        said = attest(f, "--unreachable", "sign", code=7)
        assert "as not reached" in said.stdout, said.stdout
        live = lines("attest", "list", cwd=f)
        assert len(live) == 1 and len(lines("attest", "list", "--all", cwd=f)) == 2
        shown = answer("mcp", "verify", name, cwd=f, code=6)
        assert shown["confidence_micro"] < before and shown["entries"][0]["reason"] == "disconnected", shown
        (f / "tide.py").write_text("print('nonsense', flush=True); input()")
        attest(f, "--unreachable", "sign", code=7)
        assert len(lines("attest", "list", "--all", cwd=f)) == 2  # it was reached
        attest(f, "--unreachable", "maybe", code=2)
        (f / "tide.py").write_text(server)
        attest(f)
        assert answer("mcp", "verify", name, cwd=f, code=6)["confidence_micro"] == before
    with Folder() as f:
        place(f)
        (f / "tide.py").write_text("raise SystemExit(3)")
        said = attest(f, "--unreachable", "sign", code=4)
        assert "is not registered" in said.stderr and lines("mcp", "list", cwd=f) == []


@case
def stopped():
    """a signal to aim ends the server, too"""
    with Folder() as f:
        place(f)
        with subprocess.Popen([AIM, *map(str, words(f, "--yes", how=["hang", "initialize"]))], cwd=f, env=environment(),
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            while not (f / "pid").exists() or not (f / "pid").read_text():
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            assert "stopped" in process.communicate(timeout=60)[1]
            assert process.returncode == 7
        ended(f)


@case
def refuses():
    """attest needs a key of a verified agent, and the command the server is registered with"""
    with Folder() as f:
        place(f)
        attest(f)
        os.unlink(f / "pid")
        assert "another command" in attest(f, "--server", "tide.py", how=["more"], code=4).stderr
        for more in (["--days", 367], ["--timeout", 3601], ["--timeout", 0]):
            attest(f, *more, code=2)
        run("mcp", "attest", "--yes", cwd=f, code=2)
        attest(f, "--server", "srv_" + "0" * 32, code=1)
        make_key(f, "stranger.key", purpose="agent")
        assert "no agent" in attest(f, agent="stranger", code=1).stderr
        run("agent", "suspend", "bot", cwd=f)
        assert "suspended" in attest(f, code=4).stderr
        run("mcp", "revoke", "tide.py", cwd=f)
        assert not (f / "pid").exists()
        assert re.search("attest", run("help", "mcp").stdout)


main()
