#!/usr/bin/env python3
"""aim trust: scores of agents and servers, their reasons and their history."""
import hashlib
import json
import sqlite3

from harness import Folder, answer, case, lines, main, make_store, run


def put(store, key, value):
    db = sqlite3.connect(store)
    with db:
        db.execute("INSERT INTO kv VALUES(?, ?, 1, 0)", (key.encode(), json.dumps(value)))
    db.close()


def with_history(f):
    """A store whose agent has two changes behind it and an open alert."""
    store = make_store(f, calls=("read",))
    evidence = json.loads(run("trust", "export", "bot", "--store", store).stdout)
    agent = evidence["subject"]
    evidence["alerts"]["high"] = 1
    at = "2026-11-24T08:00:00.000000Z"
    put(store, f"trust/{agent}", {"subject": agent, "score_micro": 517500, "changes": 2, "changed_at": at, "evidence": evidence})
    put(store, f"trust-open/{agent}/1/alr_7", {"subject": agent, "id": "alr_7", "source": "scanner", "kind": "alert",
                                               "severity": "high", "opened_at": at})
    for i, (old, new, cause) in enumerate([(592500, 599318, "tool call"), (599318, 524318, "a\x1b[31mlert")]):
        put(store, f"trust-history/{agent}/{i}", {"subject": agent, "number": i + 1, "time": at, "old_micro": old,
                                                  "new_micro": new, "cause": cause, "event": f"e{i}", "source": "gw"})
    return store, agent


@case
def new_agent():
    """a new agent has the score of no evidence, for people and for programs"""
    with Folder() as f:
        store = make_store(f, calls=("read",))
        a = answer("trust", "show", "bot", "--store", store)
        assert a["score_micro"] == 592500 and a["band"] == "poor" and a["provisional"] and a["vetoes"] == []
        assert sum(x["contribution_micro"] for x in a["factors"] + a["limits"]) == 592500
        assert len(a["factors"]) == 8 and a["profile"] == "aim-8"
        said = run("trust", "show", "bot", "--store", store).stdout
        assert "0.592500" in said and "verification_status" in said and a["root"] in said
        assert answer("trust", "show", "bot", "--profile", "beta", "--store", store)["score_micro"] == 0
        assert lines("trust", "history", "bot", "--store", store) == []
        said = run("trust", "show", "nobody", "--store", store, code=1).stderr
        assert "neither an agent nor a server" in said, said
        run("trust", "show", "agt_" + "0" * 32, "--store", store, code=1)
        run("trust", "show", "bot", "--profile", "aim-9", "--store", store, code=2)
        said = run("trust", "show", "bot", "--store", f / "none", code=3).stderr
        assert "'aim agent register'" in said and "--store FILE" in said, said


@case
def mesh():
    """mesh-5 has counters and a tier, also for a DID that nobody registered"""
    with Folder() as f:
        store = make_store(f, calls=("read",))
        a = answer("trust", "show", "bot", "--profile", "mesh-5", "--store", store)
        assert a["subject"].startswith("agt_") and a["profile"] == "mesh-5" and a["tier"] == "standard" and a["known"]
        assert [a[x] for x in ("overall", "competence", "integrity", "availability", "predictability", "transparency")] == [500] * 6
        said = run("trust", "show", "bot", "--profile", "mesh-5", "--store", store).stdout
        assert "standard" in said and "predictability" in said, said
        a = answer("trust", "show", "did:mesh:nobody", "--profile", "mesh-5", "--store", store)
        assert a["tier"] == "unknown" and not a["known"] and "overall" not in a
        run("trust", "explain", "bot", "--profile", "mesh-5", "--store", store, code=2)


@case
def root():
    """the root is the hash of what is exported"""
    with Folder() as f:
        store, agent = with_history(f)
        exported = run("trust", "export", agent, "--store", store).stdout.rstrip("\n").encode()
        assert exported == json.dumps(json.loads(exported), sort_keys=True, separators=(",", ":")).encode()
        expected = hashlib.sha256(b"libaim/trust-evidence/v1\n" + exported).hexdigest()
        assert answer("trust", "show", agent, "--store", store)["root"] == expected


@case
def explain():
    """explain says what would raise the score"""
    with Folder() as f:
        store, _ = with_history(f)
        said = run("trust", "explain", "bot", "--store", store).stdout
        assert "+0.075000" in said and "resolve alert alr_7" in said
        a = answer("trust", "explain", "bot", "--store", store)
        assert {"do": "resolve alert alr_7", "gain_micro": 75000} in a["raise"]


@case
def learned():
    """what comes of calls through aim-guard is evidence about the agent and the server"""
    with Folder() as f:
        store = make_store(f, calls=("read", "write"), more=())
        change, = lines("trust", "history", "bot", "--store", store)
        assert change["source"] == "libaim:guard" and change["new_micro"] > 592500
        factors = {x["name"]: x["samples"] for x in answer("trust", "show", "bot", "--store", store)["factors"]}
        assert factors["success_rate"] == 2 and factors["verification_status"] == 0


@case
def history():
    """history shows the newest first, and nothing that a terminal would obey"""
    with Folder() as f:
        store, _ = with_history(f)
        got = lines("trust", "history", "bot", "--store", store)
        assert [(c["number"], c["old_micro"], c["new_micro"]) for c in got] == [(2, 599318, 524318), (1, 592500, 599318)]
        assert got[1]["cause"] == "tool call" and got[1]["event"] == "e0" and got[1]["source"] == "gw"
        said = run("trust", "history", "bot", "-n", "1", "--store", store).stdout
        assert "0.524318" in said and "tool call" not in said and "\x1b" not in said


if __name__ == "__main__":
    raise SystemExit(main())
