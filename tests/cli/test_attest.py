#!/usr/bin/env python3
"""aim mcp sign and verify, aim attest: attestations of servers."""
import base64
import json
import re
import sqlite3

from harness import Folder, answer, case, harmless, lines, main, make_key, make_store, run


def with_agent(f, name="bot"):
    """A store that aim-guard wrote, whose agent has a key and is verified. Gives the server's id."""
    make_store(f, agent=name)
    key = make_key(f, "agent.key", purpose="agent")
    run("key", "replace", name, key, "--note", "first", cwd=f)
    run("agent", "verify", name, cwd=f)
    return lines("mcp", "list", cwd=f)[0]["id"]


def sign(f, server, *more, code=0, json_too=False):
    words = ["mcp", "sign", "--server", server, "--passphrase-file", "pw", *more]
    return answer(*words, cwd=f) if json_too else run(*words, cwd=f, code=code)


@case
def signs():
    """sign says who signed, which attestation it is, and how the confidence changed"""
    with Folder() as f:
        server = with_agent(f)
        key_id = answer("key", "show", f / "agent.key")["key_id"]
        name = answer("mcp", "show", server, cwd=f)["name"]
        said = sign(f, name).stdout.splitlines()
        assert said[0] == f"Signed {name} with identity ed25519:{key_id[:6]}..."
        assert re.fullmatch("Attestation ID: att_[0-9a-f]{32}", said[1])
        assert said[2] == "Confidence score: 0% -> 36% (+36)", said
        assert len(said) == 3
        again = sign(f, server, json_too=True)
        assert again["supersedes"] == said[1].split()[-1] and again["before_micro"] == again["after_micro"] == 36111111
        shown = answer("mcp", "verify", name, cwd=f, code=6)
        assert shown["verdict"] == "WARN" and shown["attestations"] == 1 and shown["entries"][0]["reason"] == "counts"
        assert shown["entries"][0]["provisional"] and shown["entries"][0]["trust_micro"] == 300000
        said = run("mcp", "verify", name, cwd=f, code=6).stdout
        assert f"[WARN] {name}  confidence: 36.11%  attestations: 1" in said and "yes" in said


@case
def refuses():
    """sign needs a server that was seen, unchanged, by an agent that is verified and used it"""
    with Folder() as f:
        server = with_agent(f)
        for words, code, said in [(["mcp", "sign"], 2, "--server"),
                                  (["mcp", "sign", "--server", "nobody", "--passphrase-file", "pw"], 1, "nobody"),
                                  (["mcp", "sign", "--server", server, "--days", "367"], 2, "366")]:
            assert said in run(*words, cwd=f, code=code).stderr
        other = answer("mcp", "register", "unseen", "--url", "https://x.example", cwd=f)["id"]
        assert "nothing was seen of unseen" in sign(f, other, code=4).stderr
        stranger = make_key(f, "stranger.key", purpose="agent")
        assert "registered to no agent" in sign(f, server, "--key", stranger, code=1).stderr
        run("agent", "register", "cat", "--key-file", stranger, "--verified", cwd=f)
        assert "has not used" in sign(f, server, "--key", stranger, code=4).stderr
        assert "not that of agent cat" in sign(f, server, "--agent", "cat", code=4).stderr
        run("agent", "suspend", "bot", cwd=f)
        assert "AIM_E_ID_STATUS" in sign(f, server, code=4).stderr
        assert lines("attest", "list", "--all", cwd=f) == []
        assert "attestation.agent_not_verified" in run("--json", "audit", "query", "--kind", "failures", cwd=f).stdout


@case
def offline():
    """an exported envelope is verified with the agent's public key alone, and any change is caught"""
    with Folder() as f:
        server = with_agent(f)
        made = sign(f, server, "-o", "att.json", json_too=True)
        exported = run("attest", "export", made["attestation"], cwd=f).stdout
        assert exported.rstrip("\n") == (f / "att.json").read_text()
        run("attest", "export", made["attestation"], "-o", "att.json", cwd=f, code=3)
        (f / "agent.pub").write_text(answer("key", "show", f / "agent.key")["public_key"])
        words = ["mcp", "verify", "--key-file", f / "agent.pub", "--file"]
        a = answer(*words, f / "att.json", cwd="/")
        assert a["valid"] and a["server"] == server and a["agent"] == made["agent"] and a["reached"]
        envelope = json.loads(exported)
        statement = json.loads(base64.b64decode(envelope["payload"]))
        assert statement["predicate"]["capabilities"] == ["read", "write"]
        statement["predicate"]["capabilities"] = ["read"]
        text = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
        (f / "bad.json").write_text(json.dumps({**envelope, "payload": base64.b64encode(text).decode()}))
        assert "AIM_E_SIGNATURE" in run(*words, f / "bad.json", code=1).stderr
        (f / "bad.json").write_text("{}")
        run(*words, f / "bad.json", code=1)
        other = make_key(f, "other.key", purpose="agent")
        assert "AIM_E_UNTRUSTED_KEY" in run("mcp", "verify", "--file", f / "att.json", "--key-file", other, code=1).stderr
        run("mcp", "verify", "--file", f / "att.json", code=2)
        run("mcp", "verify", code=2)
        run(*words, f / "none", code=3)


@case
def lists_and_revokes():
    """attest lists what is live, shows one, and revokes it"""
    with Folder() as f:
        server = with_agent(f)
        first = sign(f, server, json_too=True)["attestation"]
        second = sign(f, server, "--actor", "ana", json_too=True)["attestation"]
        assert [(e["id"], e["state"]) for e in lines("attest", "list", cwd=f)] == [(second, "live")]
        got = lines("attest", "list", "--all", "--server", server, "--agent", "bot", cwd=f)
        assert [(e["id"], e["state"]) for e in got] == [(first, "superseded"), (second, "live")]
        r = run("--json", "attest", "list", "--all", "-n", 1, cwd=f)
        assert f"--after {first}" in r.stderr and len(r.stdout.splitlines()) == 1
        assert [e["id"] for e in lines("attest", "list", "--all", "--after", first, cwd=f)] == [second]
        shown = answer("attest", "show", second, cwd=f)
        assert shown["recorded_by"] == "ana" and shown["capabilities"] == 2 and shown["reached"]
        said = run("attest", "revoke", second, "--reason", "a mis\u202etake", cwd=f, code=2)
        said = run("attest", "revoke", second, "--reason", "a mistake", "--actor", "ben", cwd=f).stdout
        assert re.search("^state +revoked$", said, re.M) and "a mistake" in said
        harmless(said)
        assert lines("attest", "list", cwd=f) == []
        shown = answer("mcp", "verify", server, cwd=f, code=6)
        assert shown["confidence_micro"] == 0 and shown["entries"][0]["reason"] == "revoked"
        run("attest", "show", "att_" + "0" * 32, cwd=f, code=1)
        run("attest", "show", "nonsense", cwd=f, code=2)
        kinds = [r["record"]["kind"] for r in lines("audit", "query", cwd=f)]
        assert kinds.count("attestation_recorded") == 2 and "attestation_superseded" in kinds
        assert kinds.count("attestation_revoked") == 1


@case
def damage():
    """what was changed in the store fails the server"""
    with Folder() as f:
        server = with_agent(f)
        made = sign(f, server, json_too=True)["attestation"]
        db = sqlite3.connect(f / "aim.db")
        with db:
            key = f"attestation/{made}".encode()
            value = json.loads(db.execute("SELECT value FROM kv WHERE key = ?", (key,)).fetchone()[0])
            sig = value["envelope"]["signatures"][0]
            sig["sig"] = ("B" if sig["sig"][0] == "A" else "A") + sig["sig"][1:]
            db.execute("UPDATE kv SET value = ? WHERE key = ?", (json.dumps(value, separators=(",", ":")), key))
        run("attest", "export", made, cwd=f)  # a wrong signature is for who verifies
        with db:
            value["envelope"]["payload"] = "\u001b[2J"
            db.execute("UPDATE kv SET value = ? WHERE key = ?", (json.dumps(value, separators=(",", ":")), key))
        said = run("attest", "export", made, cwd=f, code=1)
        assert said.stdout == "" and "AIM_E_" in said.stderr
        harmless(said.stderr)
        db.close()
        shown = answer("mcp", "verify", server, cwd=f, code=1)
        assert shown["verdict"] == "FAIL" and shown["entries"][0]["reason"] == "signature"


main()
