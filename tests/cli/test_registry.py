#!/usr/bin/env python3
"""aim mcp and aim agent: registering, listing, the life cycle, links and grants."""
import json
import re

from harness import HOSTILE, Folder, answer, case, harmless, lines, main, make_key, on_terminal, run


def put(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def records(f, kind):
    return [r["record"] for r in lines("audit", "query", "--kind", kind, cwd=f)]


@case
def register_server():
    """a server is registered pending, with what was said, and the store is made"""
    with Folder() as f:
        r = run("--json", "mcp", "register", "weather", "--url", "https://weather.example/mcp", "--display-name", "Weather",
                "--description", "says the weather", "--server-version", "1.2.0", "--capabilities", "tools,resources",
                "--verification-url", "https://weather.example/verify", "--owner", "ada@example.org", "--actor", "ada", cwd=f)
        assert "making the store aim.db" in r.stderr
        s = json.loads(r.stdout)
        assert re.fullmatch(r"srv_[0-9a-f]{32}", s["id"]) and s["status"] == "pending" and s["agents"] == 0
        assert s["capabilities"] == ["tools", "resources"] and s["version"] == "1.2.0" and s["owner"] == "ada@example.org"
        assert answer("mcp", "show", "weather", cwd=f) == answer("mcp", "show", s["id"], cwd=f) == s
        assert records(f, "identity_created")[0]["actor"]["user"] == "ada"
        assert records(f, "baseline_created")[0]["actor"]["user"] == "ada"
        r = run("mcp", "register", "other", "--url", "https://other.example", cwd=f)
        assert r.stderr == "" and re.search(r"^status +pending$", r.stdout, re.M)


@case
def register_launch():
    """a launch is taken behind --, with its own options"""
    with Folder() as f:
        s = answer("mcp", "register", "files", "--env", "TOKEN,HOME", "--verified", "--", "npx", "-y", "files", "--json", cwd=f)
        assert s["command"] == "npx" and s["args"] == ["-y", "files", "--json"] and s["env_names"] == ["TOKEN", "HOME"]
        assert s["status"] == "verified" and "url" not in s
        assert re.search("^launch +npx -y files --json$", run("mcp", "show", "files", cwd=f).stdout, re.M)


@case
def update():
    """what is said changes, the rest stays; once a server was verified, its URL needs an approval"""
    with Folder() as f:
        run("mcp", "register", "s", "--url", "https://s.example", "--capabilities", "tools", cwd=f)
        s = answer("mcp", "update", "s", "--url", "https://t.example", "--description", "new", "--capabilities", "a,b", cwd=f)
        assert (s["url"], s["description"], s["capabilities"]) == ("https://t.example", "new", ["a", "b"])
        assert s["confidence_micro"] == 0 and s["attestations"] == 0
        run("mcp", "approve", "s", cwd=f)
        assert "AIM_E_SERVER_APPROVAL" in run("mcp", "update", "s", "--url", "https://u.example", cwd=f, code=4).stderr
        s = answer("mcp", "update", "s", "--url", "https://u.example", "--approved", "--reason", "moved", "--actor", "ada", cwd=f)
        assert s["url"] == "https://u.example" and s["description"] == "new" and s["status"] == "verified"
        assert answer("mcp", "update", "s", "--server-version", "2", "--display-name", "S", cwd=f)["version"] == "2"
        run("mcp", "update", "nobody", "--description", "x", cwd=f, code=1)
        run("agent", "register", "bot", cwd=f)
        a = answer("agent", "update", "bot", "--display-name", "Bot", "--organization", "Example", "--reason", "why", cwd=f)
        assert a["display_name"] == "Bot" and a["organization"] == "Example"
        assert answer("agent", "update", "bot", "--description", "d", cwd=f)["display_name"] == "Bot"
        assert len(records(f, "identity_updated")) == 5


@case
def duplicates_and_bad_input():
    """a duplicate names the id that has the name or key; what is no key, URL or name is said"""
    with Folder() as f:
        key = make_key(f, "server.key", purpose="server")
        first = answer("mcp", "register", "a", "--url", "https://a.example", "--key-file", key, cwd=f)
        assert first["key_id"] == answer("key", "show", key)["key_id"]
        for words in [["a", "--url", "https://b.example"], ["b", "--url", "https://b.example", "--key-file", key]]:
            r = run("mcp", "register", *words, cwd=f, code=4)
            assert first["id"] in r.stderr and "AIM_E_EXISTS" in r.stderr
        for words, code, said in [
                (["c", "--url", "https://c.example", "--public-key", "nonsense"], 1, "AIM_E_KEY"),
                (["c", "--url", "https://c.example", "--key-file", f / "pw"], 1, "AIM_E_KEY"),
                (["c", "--url", "https://c.example", "--public-key", "x", "--key-file", "y"], 2, "one of"),
                (["c", "--url", "ftp://c.example"], 2, "scheme"), (["c", "--url", "https://u:p@c.example"], 2, "password"),
                (["c", "--url", "https://c.example", "--owner", "nobody"], 2, "e-mail"),
                (["c", "--url", "https://c.example", "--capabilities", "a b"], 2, "CAPABILITY"),
                ([" c", "--url", "https://c.example"], 2, "AIM_E_ID_NAME"), (["c\x1b", "--url", "https://c.example"], 2, "U+1b"),
                (["c", "--url", "https://c.example", "--", "npx"], 2, "AIM_E_INVALID"), ([], 2, "--all"),
                (["c", "--all"], 2, "--all"), (["--all", "--url", "https://c.example"], 2, "--all")]:
            r = run("mcp", "register", *words, cwd=f, code=code)
            assert said in r.stderr and r.stdout == "", (words, r.stderr)
            harmless(r.stderr)
        agent = answer("agent", "register", "a", "--owner", "ada@example.org", cwd=f)
        assert agent["id"] in run("agent", "register", "a", cwd=f, code=4).stderr
        assert first["id"] in run("agent", "register", "b", "--key-file", key, cwd=f, code=4).stderr
        assert len(lines("mcp", "list", cwd=f)) == len(lines("agent", "list", cwd=f)) == 1


@case
def register_all():
    """--all registers what clients use, once; names that clash get a number, borrowed names are refused"""
    with Folder() as f:
        home = f / "home"
        npx = {"command": "npx", "args": ["-y", "files", "--token", "s3cret"], "env": {"TOKEN": "s3cret"}}
        put(home / ".cursor/mcp.json", {"mcpServers": {"files": npx, "remote": {"url": "https://u:s3cret@r.example/mcp?key=s3cret"}}})
        put(home / ".kiro/settings/mcp.json", {"mcpServers": {"files": {"command": "other"}, HOSTILE: {"command": "x"}}})
        where = ["--home", home, "--cwd", f]
        rows = [json.loads(line) for line in run("--json", "mcp", "register", "--all", *where, cwd=f, code=4).stdout.splitlines()]
        assert [(r["result"], r["name"]) for r in rows if r["name"] != HOSTILE] == [
            ("registered", "files"), ("registered", "files-2"), ("registered", "remote")]
        assert ["U+" in r["reason"] for r in rows if r["name"] == HOSTILE] == [True]
        files = {s["name"]: s for s in lines("mcp", "list", cwd=f)}
        assert {tuple(s.get("args", [])) for s in files.values()} == {("-y", "files", "--token", "***"), ()}
        assert files["remote"]["url"] == "https://r.example/mcp?key=***"
        assert b"s3cret" not in (f / "aim.db").read_bytes()
        again = run("mcp", "register", "--all", *where, cwd=f, code=4)
        assert "1 of 4 servers" in again.stderr
        assert again.stdout.count("known") == 3 and len(lines("mcp", "list", cwd=f)) == 3
        harmless(again.stdout)
        got = {r["name"]: r for r in lines("detect", *where, cwd=f, code=6)}
        assert got["remote"]["server"] == files["remote"]["id"] and got["remote"]["reasons"] == ["not_attested"]
        put(home / ".kimi/mcp.json", {"mcpServers": {"remote": {"command": "evil"}}})
        rows = [json.loads(x) for x in run("--json", "mcp", "register", "--all", *where, cwd=f, code=4).stdout.splitlines()]
        assert sorted(r["result"] for r in rows if r["name"] == "remote") == ["known", "refused"]
        put(f / "empty/x", {})
        assert run("mcp", "register", "--all", "--home", f / "empty", "--cwd", f / "empty", cwd=f).stdout == ""


@case
def register_by_name():
    """NAME alone takes the one server that is called so"""
    with Folder() as f:
        home = f / "home"
        put(home / ".cursor/mcp.json", {"mcpServers": {"files": {"command": "npx", "args": ["files"]}, "two": {"command": "a"}}})
        put(home / ".kiro/settings/mcp.json", {"mcpServers": {"two": {"command": "b"}}})
        where = ["--home", home, "--cwd", f]
        s = answer("mcp", "register", "files", "--description", "docs", *where, cwd=f)
        assert (s["command"], s["args"], s["description"]) == ("npx", ["files"], "docs")
        assert "2 servers" in run("mcp", "register", "two", *where, cwd=f, code=1).stderr
        assert "no client" in run("mcp", "register", "none", *where, cwd=f, code=1).stderr


@case
def pages():
    """--limit, --offset, --after and --status page through lists"""
    with Folder() as f:
        for i in range(7):
            run("agent", "register", f"a{i}", *(["--verified"] if i % 2 else []), cwd=f)
            run("mcp", "register", f"s{i}", "--url", f"https://s{i}.example", *(["--verified"] if i % 2 else []), cwd=f)
        for group, letter in (("agent", "a"), ("mcp", "s")):
            def names(*args):
                return [x["name"] for x in lines(group, "list", *args, cwd=f)]
            assert names() == [f"{letter}{i}" for i in range(7)]
            assert names("--limit", "2") == [f"{letter}0", f"{letter}1"]
            assert names("--limit", "2", "--offset", "5") == [f"{letter}5", f"{letter}6"]
            assert names("--offset", "9") == []
            assert names("--status", "verified", "-n", "2", "--offset", "1") == [f"{letter}3", f"{letter}5"]
            r = run(group, "list", "-n", "3", cwd=f)
            after = re.search(r"--after (\w+)", r.stderr).group(1)
            assert names("-n", "9", "--after", after) == [f"{letter}{i}" for i in range(3, 7)]
            assert run(group, "list", "-n", "7", cwd=f).stderr == ""
            assert run(group, "list", "-n", "3", "--quiet", cwd=f).stderr == ""
            run(group, "list", "--after", "nonsense", cwd=f, code=2)
            run(group, "list", "--status", "nonsense", cwd=f, code=2)
            assert {len(line.split()) >= 3 for line in run(group, "list", cwd=f).stdout.splitlines()} == {True}


@case
def life_cycle():
    """approve, verify, suspend and revoke, with reasons, and what is not allowed is refused"""
    with Folder() as f:
        for group, first, word in (("mcp", ["--url", "https://s.example"], "approve"), ("agent", [], "verify")):
            run(group, "register", "x", *first, cwd=f)
            assert answer(group, word, "x", "--reason", "looked at it", cwd=f)["status_reason"] == "looked at it"
            assert answer(group, "suspend", "x", "--security", "--reason", "leak", cwd=f)["status"] == "suspended"
            run(group, word, "x", cwd=f, code=4)
            assert answer(group, word, "x", "--override", "--reason", "false alarm", cwd=f)["status"] == "verified"
            gone = answer(group, "revoke", "x", "--reason", "over", "--actor", "ada", cwd=f)
            assert gone["status"] == "revoked"
            run(group, word, gone["id"], cwd=f, code=4)
            run(group, "show", "x", cwd=f, code=1)
            assert answer(group, "show", gone["id"], cwd=f) == gone
            assert answer(group, "register", "x", *first, cwd=f)["id"] != gone["id"]
        assert {r["actor"]["user"] for r in records(f, "identity_revoked")} == {"ada"}


@case
def agents():
    """an agent is registered with key, owner, capabilities, parent and expiry"""
    with Folder() as f:
        key = make_key(f, "agent.key")
        a = answer("agent", "register", "bot", "--owner", "ada@example.org", "--key-file", key, "--capabilities", "files:read,web:get",
                   "--type", "service", "--organization", "Example", "--days", "2", "--aliases", "spiffe://example.org/bot", cwd=f)
        assert a["key_id"] == answer("key", "show", key)["key_id"] and a["did"].startswith("did:mesh:")
        assert a["capabilities"] == ["files:read", "web:get"] and a["type"] == "service" and a["aliases"] == ["spiffe://example.org/bot"]
        assert a["status"] == "pending" and a["expires"] > a["created"] and a["owner_verified"] is False
        run("agent", "register", "child", "--parent", "bot", cwd=f, code=4)
        answer("agent", "verify", "bot", cwd=f)
        child = answer("agent", "register", "child", "--parent", "bot", cwd=f)
        assert child["parent"] == a["id"] and child["owner"] == "ada@example.org"
        run("agent", "register", "x", "--parent", "nobody", cwd=f, code=1)
        run("agent", "register", "x", "--days", "99999", cwd=f, code=2)
        run("agent", "register", "x", "--type", "robot", cwd=f, code=2)
        run("agent", "register", "x", "--aliases", "nonsense", cwd=f, code=2)


@case
def links():
    """an agent is linked to a server, counted, and unlinked; mcp and agent say the same"""
    with Folder() as f:
        run("agent", "register", "bot", cwd=f)
        server = answer("mcp", "register", "s", "--url", "https://s.example", cwd=f)["id"]
        link = answer("mcp", "link", "bot", "s", "--actor", "ada", cwd=f)
        assert link["linked"] and link["server"] == server and link["first_seen"]
        assert answer("agent", "link", "bot", server, cwd=f)["first_seen"] == link["first_seen"]
        assert answer("mcp", "show", "s", cwd=f)["agents"] == 1 and lines("mcp", "list", cwd=f)[0]["agents"] == 1
        assert answer("agent", "show", "bot", cwd=f)["servers"] == [server]
        assert answer("mcp", "unlink", "bot", "s", cwd=f)["linked"] is False
        assert "AIM_E_NOT_FOUND" in run("agent", "unlink", "bot", "s", cwd=f, code=1).stderr
        run("mcp", "link", "nobody", "s", cwd=f, code=1)
        run("mcp", "revoke", "s", cwd=f)
        run("mcp", "link", "bot", server, cwd=f, code=4)


@case
def grants():
    """capabilities are granted, denied, listed and taken away"""
    with Folder() as f:
        run("agent", "register", "bot", cwd=f)
        assert lines("agent", "grants", "bot", cwd=f) == []
        assert "may do nothing" in on_terminal("agent", "grants", "bot", cwd=f)[1]
        g = answer("agent", "grant", "bot", "files:*", "--resource", "docs/**", "--days", "3", "--reason", "reports", cwd=f)
        d = answer("agent", "grant", "bot", "files:delete", "--deny", "--actor", "ada", cwd=f)
        assert g["effect"] == "allow" and g["expires"] and d["effect"] == "deny" and "expires" not in d
        got = lines("agent", "grants", "bot", cwd=f)
        assert [(x["grant"], x["effect"], x["capability"], x.get("resource")) for x in got] == [
            (g["grant"], "allow", "files:*", "docs/**"), (d["grant"], "deny", "files:delete", None)]
        assert got[0]["reason"] == "reports" and got[1]["actor"] == "ada"
        assert answer("agent", "revoke-grant", "bot", d["grant"], cwd=f)["revoked"] == d["grant"]
        assert "AIM_E_NOT_FOUND" in run("agent", "revoke-grant", "bot", d["grant"], cwd=f, code=1).stderr
        assert "AIM_E_ID_CAPABILITY" in run("agent", "grant", "bot", "fi les", cwd=f, code=2).stderr
        run("agent", "grant", "bot", "a", "--days", "18446744073709551615", cwd=f, code=2)
        assert len(lines("agent", "grants", "bot", cwd=f)) == 1


@case
def stores():
    """reading makes no store, and one that cannot be made is an error"""
    with Folder() as f:
        for words in (["mcp", "list"], ["agent", "list"], ["mcp", "show", "x"], ["agent", "grants", "x"], ["mcp", "link", "a", "b"],
                      ["agent", "revoke", "x"]):
            run(*words, cwd=f, code=3)
        assert not (f / "aim.db").exists()
        run("agent", "register", "x", "--store", "/none/aim.db", code=3)
        run("mcp", "register", "x", "--url", "https://x.example", "--store", f, code=3)


if __name__ == "__main__":
    raise SystemExit(main())
