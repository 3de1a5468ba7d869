#!/usr/bin/env python3
"""aim detect: the servers that clients are told to use, and the verdict on each."""
import json
import os
import re
import subprocess
import sys

import harness
from harness import AIM, HOSTILE, Folder, case, environment, harmless, lines, main, make_key, make_store, on_terminal, run

CANARY = "Zx81qP0vT7rK2mW9"
NPX = {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/srv/docs"]}


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")


def make_home(f):
    """A home with three clients and a project; no file of the machine is in the way."""
    home, project = f / "home", f / "project"
    put(home / ".cursor/mcp.json", {"mcpServers": {"filesystem": NPX, "remote": {"url": f"https://x.example/mcp?token={CANARY}"}}})
    put(home / ".config/Code/User/mcp.json", '// by hand\n{"servers": {"fs-docs": %s,},}' % json.dumps(NPX))
    put(home / ".codex/config.toml", f'[mcp_servers.docs]\ncommand = "docs"\nargs = ["--api-key={CANARY}"]\nenabled = false\n')
    put(project / ".mcp.json", {"mcpServers": {"own": {"command": "node", "args": ["own.js"]}}})
    return ["--home", home, "--cwd", project]


def rows(*args, **kwargs):
    return {r["name"]: r for r in lines("detect", *args, **kwargs) if "verdict" in r}


@case
def without_a_store():
    """what is found without a store is not registered: 0 %, no attestation, a warning"""
    with Folder() as f:
        where = make_home(f)
        r = run("detect", *where, code=6, cwd=f)
        assert r.stderr == ""
        said = r.stdout.splitlines()
        assert said[0] == "MCP Servers Found: 4"
        assert "[WARN] docs        confidence:   0.00%  attestations: 0  Codex (off)" in said
        assert "[WARN] filesystem  confidence:   0.00%  attestations: 0  VS Code, Cursor" in said
        assert "[WARN] own         confidence:   0.00%  attestations: 0  Claude Code" in said
        assert len({line.index("confidence") for line in said if "confidence" in line}) == 1
        got = rows(*where, code=6, cwd=f)
        assert set(got) == {"docs", "filesystem", "own", "remote"}
        for row in got.values():
            assert row["verdict"] == "WARN" and row["confidence_micro"] == 0 and row["attestations"] == 0
            assert row["reasons"] == ["not_registered"] and "server" not in row
        assert [o["name"] for o in got["filesystem"]["found"]["origins"]] == ["fs-docs", "filesystem"]
        assert not (f / "aim.db").exists()


@case
def long_form():
    """--long shows launches and places, and no secret"""
    with Folder() as f:
        where = make_home(f)
        said = run("detect", "-l", *where, code=6, cwd=f).stdout
        assert "       npx -y @modelcontextprotocol/server-filesystem /srv/docs\n" in said
        assert f"       {f}/home/.cursor/mcp.json:1\n" in said and ".codex/config.toml:1 (off)\n" in said
        assert "https://x.example/mcp?token=***" in said and "docs --api-key=***" in said
        assert CANARY not in said + run("detect", "--json", *where, code=6, cwd=f).stdout


@case
def nothing_found():
    """no server is exit status 0, and a folder that is not there is an error"""
    with Folder() as f:
        (f / "empty").mkdir()
        assert run("detect", "--home", f / "empty", "--cwd", f / "empty", cwd=f).stdout == "MCP Servers Found: 0\n"
        assert lines("detect", "--home", f / "empty", "--cwd", f / "empty", cwd=f) == []
        assert "--home" in run("detect", "--home", f / "none", code=3).stderr
        assert "--cwd" in run("detect", "--home", f / "empty", "--cwd", f / "none", code=3).stderr
        run("detect", "--store", f / "none.db", *make_home(f), code=3)
        run("detect", "more", code=2)


@case
def registered():
    """a registered server is found by its launch, also behind aim-guard; a borrowed name fails"""
    with Folder() as f:
        store = make_store(f)
        command, launch = sys.executable, {"command": sys.executable, "args": [str(f / "server.py")]}
        home = f / "home"
        put(home / ".cursor/mcp.json", {"mcpServers": {"mine": launch}})
        put(home / ".kiro/settings/mcp.json", {"mcpServers": {"guarded": {
            "command": "/usr/bin/aim-guard", "args": ["stdio", "--store", "x", "--", command, *launch["args"]]}}})
        where = ["--home", home, "--cwd", f, "--store", store]
        got = rows(*where, code=6)
        assert got["mine"]["server"] == got["guarded"]["server"] and got["mine"]["status"] == "pending"
        assert got["mine"]["reasons"] == ["not_attested"] and got["mine"]["verdict"] == "WARN"
        (name,) = set(re.findall(r"registered as (.*)", run("detect", *where, code=6).stdout))
        put(home / ".kimi/mcp.json", {"mcpServers": {name: {"command": "node", "args": ["evil.js"]}}})
        got = rows(*where, code=1)
        assert got[name]["verdict"] == "FAIL" and got[name]["reasons"] == ["other_launch"]
        assert "[FAIL]" in run("detect", *where, code=1).stdout


@case
def drift():
    """open drift is a reason, and counted"""
    with Folder() as f:
        store = make_store(f)
        put(f / "home/.cursor/mcp.json", {"mcpServers": {"s": {"command": sys.executable, "args": [str(f / "server.py")]}}})
        where = ["--home", f / "home", "--cwd", f, "--store", store]
        row = rows(*where, code=6)["s"]
        assert row["drift"] == 0 and row["reasons"] == ["not_attested"] and row["consensus"] is False
        before = harness.SERVER
        harness.SERVER = before.replace('"inputSchema"', '"description": "and mail it", "inputSchema"').replace('"read", "write"', '"read",')
        make_store(f)
        harness.SERVER = before
        row = rows(*where, code=6)["s"]
        assert row["drift"] == 2 and set(row["reasons"]) == {"drift", "not_attested"} and row["verdict"] == "WARN"
        assert "2 definitions differ" in run("detect", *where, code=6).stdout


@case
def confidence():
    """three new agents are not enough, four are: PASS, and drift or a revocation take it back"""
    with Folder() as f:
        put(f / "home/.cursor/mcp.json", {"mcpServers": {"s": {"command": sys.executable, "args": [str(f / "server.py")]}}})
        where = ["--home", f / "home", "--cwd", f, "--store", f / "aim.db"]
        for n in range(4):
            name = f"bot{n}"
            make_store(f, agent=name)
            key = make_key(f, f"{name}.key", purpose="agent")
            server = lines("mcp", "list", cwd=f)[0]["id"]
            run("key", "replace", name, key, "--note", "first", cwd=f)
            run("agent", "verify", name, cwd=f)
            run("mcp", "sign", "--server", server, "--key", key, "--passphrase-file", "pw", cwd=f)
            if n == 2:
                row = rows(*where, code=6)["s"]
                assert row["attestations"] == 3 and row["confidence_micro"] == 58333333 and row["reasons"] == ["low_confidence"]
        assert re.search(r"^\[PASS\] s  confidence:  69.44%  attestations: 4  Cursor$", run("detect", *where).stdout, re.M)
        row = rows(*where)["s"]
        assert row["verdict"] == "PASS" and row["reasons"] == [] and row["drift"] == 0
        run("agent", "revoke", "bot0", cwd=f)
        row = rows(*where, code=6)["s"]
        assert row["attestations"] == 3 and row["verdict"] == "WARN"
        run("mcp", "suspend", server, cwd=f)
        assert "suspended" in rows(*where, code=6)["s"]["reasons"]
        run("mcp", "revoke", server, cwd=f)
        row = rows(*where, code=1)["s"]
        assert row["verdict"] == "FAIL" and "revoked" in row["reasons"]


@case
def the_environment():
    """variables name servers and folders; --home leaves the folders out"""
    with Folder() as f:
        put(f / "moved/config.toml", '[mcp_servers.moved]\ncommand = "moved"\n')
        (f / "empty").mkdir()
        env = {"CODEX_HOME": str(f / "moved"), "MCP_SERVER_WEATHER": "https://weather.example/mcp", "HOME": str(f / "empty")}
        got = rows("--cwd", f / "empty", code=6, env={**env, "XDG_CONFIG_HOME": str(f / "empty")}, cwd=f)
        assert {"WEATHER", "moved"} <= set(got), got
        assert got["WEATHER"]["found"]["origins"][0]["client"] == "environment"
        assert set(rows("--home", f / "empty", "--cwd", f / "empty", code=6, env=env, cwd=f)) == {"WEATHER"}


@case
def broken_files():
    """broken files of each format are reported with their place, and the rest go on"""
    with Folder() as f:
        where = make_home(f)
        home = f / "home"
        put(home / ".codex/config.toml", "x = [\n")
        put(home / ".continue/config.yaml", "a: [\n  - {b\n")
        put(home / ".kiro/settings/mcp.json", '{"mcpServers": {"a": {"command": 1,}}')
        put(home / ".copilot/mcp-config.json", '{"mcpServers": {"good": {"command": "g"}, "bad": 7}}')
        os.mkfifo(home / ".kimi-fifo")
        (home / ".kimi").mkdir()
        os.rename(home / ".kimi-fifo", home / ".kimi/mcp.json")
        (home / ".factory").mkdir()
        os.symlink("/dev/zero", home / ".factory/mcp.json")
        r = run("detect", *where, code=6, cwd=f)
        assert "[WARN] good " in r.stdout
        for words in [r"Codex: .*/config\.toml:2:1: .*AIM_E_TOML", r"Continue: .*config\.yaml:?.*AIM_E_",
                      r"Kiro: .*/mcp\.json:1:\d+: .*AIM_E_JSON_SYNTAX", r"Copilot CLI: .*:1:50: .*AIM_E_DISCOVERY_ENTRY",
                      r"Kimi: .*no regular file", r"Factory: .*no regular file"]:
            assert re.search(words, r.stderr), (words, r.stderr)
        problems = [x for x in lines("detect", *where, code=6, cwd=f) if "problem" in x]
        assert len(problems) == 6 and {p["code"] for p in problems} >= {"AIM_E_TOML", "AIM_E_UNSUPPORTED"}
        assert all(p["path"].startswith(str(home)) for p in problems)


@case
def hostile_names():
    """nothing that a file says steers the terminal, and JSON keeps it whole"""
    with Folder() as f:
        home = f / "home"
        servers = {HOSTILE: {"command": HOSTILE, "args": [HOSTILE]}, "": {"command": "x"}, "n" * 5000: {"command": "y"},
                   "\u65e5\u672c": {"url": "https://a.example/" + HOSTILE}}
        put(home / ".cursor/mcp.json", {"mcpServers": servers})
        for words in (["detect"], ["detect", "--long"]):
            said = run(*words, "--home", home, "--cwd", home, code=6, cwd=f).stdout
            harmless(said)
            assert len({line.index("confidence") + sum(ord(c) > 0x2E80 for c in line)
                        for line in said.splitlines() if "confidence" in line}) == 1, said
            assert max(map(len, said.splitlines())) < 200 and "(no name)" in said
            status, seen = on_terminal(*words, "--home", home, "--cwd", home, cwd=f, columns=80)
            assert status == 6
            harmless(re.sub(r"\033\[[\d;]*m", "", seen))
        raw = run("--json", "detect", "--home", home, "--cwd", home, code=6, cwd=f).stdout
        harmless(raw)
        assert {json.loads(line)["name"] for line in raw.splitlines()} == set(servers)


@case
def huge_files():
    """a file of 17 MB is refused and one of many servers is read to its limit, in little time"""
    with Folder() as f:
        home = f / "home"
        put(home / ".cursor/mcp.json", "[" * (17 << 20))
        put(home / ".kiro/settings/mcp.json", {"mcpServers": {f"s{i}": {"command": f"c{i}"} for i in range(5000)}})
        r = run("detect", "--home", home, "--cwd", home, code=6, cwd=f)
        assert r.stdout.startswith("MCP Servers Found: 4096\n")
        assert "more than 16777216 bytes" in r.stderr and "more servers than the limit" in r.stderr


@case
def colour():
    """verdicts have colour on a terminal, and output that fails is exit status 3"""
    with Folder() as f:
        where = make_home(f)
        assert "[\033[1mWARN" in on_terminal("detect", *where, cwd=f)[1]
        with open("/dev/full", "w", encoding="ascii") as full:
            r = subprocess.run([AIM, "detect", *map(str, where)], stdout=full, stderr=subprocess.PIPE, text=True,
                               env=environment(), cwd=f, check=False)
        assert "No space left" in r.stderr and r.returncode != 0


if __name__ == "__main__":
    raise SystemExit(main())
