#!/usr/bin/env python3
"""aim fingerprint: hashes of definitions, and what differs."""
import hashlib
import json

from harness import HOSTILE, Folder, case, harmless, lines, main, make_store, run

A = {"name": "a", "description": "reads", "inputSchema": {"type": "object"}}
B = {"name": "b", "inputSchema": {}}
P = {"name": "p", "arguments": []}
R = {"uri": "file:///r", "name": "r"}


def put(f, name, value):
    (f / name).write_text(value if isinstance(value, str) else json.dumps(value, indent=1), encoding="utf-8")
    return f / name


def field(data):
    return len(data).to_bytes(8, "big") + data


def jcs(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(kind, value):
    return hashlib.sha256(b"libaim/fingerprint/v1\n" + field(kind.encode()) + field(jcs(value)))


def manifest(definitions):
    """RFC 6962, 2.1, over the entries in their order."""
    def tree(leaves):
        if not leaves:
            return hashlib.sha256(b"").digest()
        if len(leaves) == 1:
            return hashlib.sha256(b"\0" + leaves[0]).digest()
        k = 1
        while k * 2 < len(leaves):
            k *= 2
        return hashlib.sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:])).digest()
    return tree([b"libaim/manifest/v1\n" + field(kind.encode()) + field(name.encode()) + fingerprint(kind, value).digest()
                 for kind, name, value in definitions]).hex()


@case
def hashes():
    """fingerprints and manifest are those that the header describes"""
    with Folder() as f:
        got = lines("fingerprint", put(f, "s.json", {"tools": [B, A], "prompts": [P], "resources": [R]}))
        want = [("tool", "a", A), ("tool", "b", B), ("prompt", "p", P), ("resource", "file:///r", R)]
        assert [(x["kind"], x["name"], x["fingerprint"]) for x in got[:-1]] == [
            (k, n, fingerprint(k, v).hexdigest()) for k, n, v in want]
        assert got[-1] == {"definitions": 4, "manifest": manifest(want)}
        assert "description" in got[0] and "description" not in got[1] and "schema" not in got[3]
        said = run("fingerprint", f / "s.json").stdout
        assert manifest(want) in said and len({line.index(x["fingerprint"]) for x in got[:-1] for line in said.splitlines()
                                               if x["fingerprint"] in line}) == 1


@case
def forms():
    """one definition, a list, an answer of tools/list and standard input are the same"""
    with Folder() as f:
        want = lines("fingerprint", put(f, "a.json", A))
        for value in ([A], {"tools": [A]}, {"jsonrpc": "2.0", "id": 1, "result": {"tools": [A], "nextCursor": "x"}}):
            assert lines("fingerprint", put(f, "x.json", value)) == want
        assert [json.loads(x) for x in run("--json", "fingerprint", "-", input=json.dumps(A)).stdout.splitlines()] == want
        assert lines("fingerprint", put(f, "x.json", {**A, "tools": [B], "result": {"tools": []}}))[0]["name"] == "a"
        for kind, value in (("prompt", P), ("resource", R), ("resource_template", {"uriTemplate": "x{y}"}),
                            ("server", {"name": "s", "protocolVersion": "2025-11-25"})):
            assert lines("fingerprint", put(f, "x.json", value))[0]["kind"] == kind
        assert lines("fingerprint", put(f, "x.json", {"name": "p"}), "--kind", "prompt")[0]["kind"] == "prompt"
        assert lines("fingerprint", put(f, "x.json", {"server": {"name": "s"}, "tools": []}))[0]["kind"] == "server"
        assert lines("fingerprint", put(f, "x.json", []))[0]["definitions"] == 0


@case
def against():
    """what was added, removed and changed, member by member; exit status 1 when anything was"""
    with Folder() as f:
        old = put(f, "old.json", {"tools": [A, B]})
        new = put(f, "new.json", {"tools": [{**A, "description": "reads and mails", "_meta": {}}, {"name": HOSTILE}]})
        same = put(f, "same.json", '{"tools": [{"inputSchema": {"type": "obj\\u0065ct"}, "description": "reads", "name": "a"}, %s]}' % json.dumps(B))
        got = lines("fingerprint", new, "--against", old, code=1)
        assert [(x["change"], x["name"], x["members"]) for x in got[:-1]] == [
            ("changed", "a", ["description", "_meta"]), ("removed", "b", []), ("added", HOSTILE, [])]
        assert got[0]["before"] != got[0]["now"] and "now" not in got[1] and "before" not in got[2]
        assert got[-1]["same"] is False and got[-1]["manifest"] != got[-1]["manifest_before"]
        harmless(run("fingerprint", new, "--against", old, code=1).stdout)
        assert lines("fingerprint", same, "--against", old)[-1]["same"] is True
        assert "the same        yes" in run("fingerprint", same, "--against", old).stdout


@case
def of_a_server():
    """the baseline of a server has the fingerprints of what it showed"""
    with Folder() as f:
        store = make_store(f)
        shown = put(f, "shown.json", {"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in ("read", "write")]})
        server = lines("mcp", "list", "--store", store)[0]["id"]
        got = lines("fingerprint", "--server", server, "--store", store)
        assert [x["name"] for x in got[:-1] if x["kind"] == "tool"] == ["read", "write"]
        assert lines("fingerprint", shown)[:-1] == [x for x in got[:-1] if x["kind"] == "tool"]
        assert lines("fingerprint", "--server", server, "--store", store, "--against", put(f, "a.json", A), code=1)[0]["change"]
        run("fingerprint", "--server", "nobody", "--store", store, code=1)


@case
def bad_input():
    """what is no definition is said, with its place"""
    with Folder() as f:
        for value, words in (('{"tools": [', "AIM_E_JSON_SYNTAX"), ("[1]", "AIM_E_ASSESS_DEFINITION"), ({}, "AIM_E_ASSESS_DEFINITION"),
                             ([A, A], "AIM_E_ASSESS_DUPLICATE"), ('{"name": "a", "name": "b"}', "AIM_E_JSON_DUPLICATE"),
                             ([A, {"description": "x"}], "definition 2"), ("[" * 100000, "AIM_E_JSON_DEPTH"), ("", "AIM_E_JSON")):
            r = run("fingerprint", put(f, "x.json", value), code=1)
            assert words in r.stderr and r.stdout == "", (words, r.stderr)
        put(f, "big.json", " " * (17 << 20))
        assert "more than" in run("fingerprint", f / "big.json", code=3).stderr
        run("fingerprint", f / "none.json", code=3)
        run("fingerprint", put(f, "a.json", A), "--against", f / "none.json", code=3)
        for words in ([], [f / "a.json", "--server", "x"], [f / "a.json", "--kind", "x"], [f / "a.json", f / "a.json"]):
            run("fingerprint", *words, code=2)


if __name__ == "__main__":
    raise SystemExit(main())
