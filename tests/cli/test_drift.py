#!/usr/bin/env python3
"""aim drift: records of what is not as it was approved, and what an operator does about them."""
import json
import sqlite3

from harness import Folder, answer, case, lines, main, make_store, run

RECORD = "drf_" + "0" * 31


def with_records(f):
    """A store with two open records of an agent and one that is closed, as the library writes them."""
    store = make_store(f, calls=("read",))
    agent = json.loads(run("trust", "export", "bot", "--store", store).stdout)["subject"]
    at = "2026-11-24T08:00:00.000000Z"
    db = sqlite3.connect(store)

    def put(key, value):
        db.execute("INSERT INTO kv VALUES(?, ?, 1, 0)", (key.encode(), json.dumps(value)))

    with db:
        for n, (part, state, severity) in enumerate([("capability:pay", "open", "high"), ("server:other", "open", "high"),
                                                     ("missing:x", "closed", "info")]):
            kind = {"c": "capability_undeclared_use", "s": "server_unregistered", "m": "server_missing"}[part[0]]
            record = {"id": RECORD + str(n), "namespace": "default", "subject": agent, "part": part, "state": state, "severity": severity,
                      "n_findings": 1, "opened_at": at,
                      "findings": [{"kind": kind, "name": part.split(":")[1] + "\x1b[31m", "severity": severity}]}
            if state == "closed":
                record |= {"how": "returned", "closed_at": at}
            put("drift/" + record["id"], record)
            put(f"drift-of/{agent}/" + record["id"], {})
            if state == "open":
                put("drift-live/" + record["id"], {})
                put(f"drift-open/{agent}/{part}", {"id": record["id"]})
    db.close()
    return store, agent


@case
def listed():
    """records are listed, filtered and paged; without any the list is empty"""
    with Folder() as f:
        store, agent = with_records(f)
        rows = lines("drift", "list", "--store", store)
        assert [r["id"][-1] for r in rows] == ["0", "1"] and rows[0]["subject"] == agent
        assert len(lines("drift", "list", "--all", "--store", store)) == 3
        assert [r["how"] for r in lines("drift", "list", "--state", "closed", "--store", store)] == ["returned"]
        assert lines("drift", "list", "--severity", "critical", "--store", store) == []
        assert len(lines("drift", "list", "--subject", "bot", "-n", "1", "--store", store)) == 1
        assert [r["id"][-1] for r in lines("drift", "list", "--after", RECORD + "0", "--store", store)] == ["1"]
        assert "capability:pay" in run("drift", "list", "--store", store).stdout
        run("drift", "list", "--subject", "nobody", "--store", store, code=1)
        run("drift", "list", "--state", "new", "--store", store, code=2)


@case
def shown():
    """a record is shown with its findings, and nothing in them steers the terminal"""
    with Folder() as f:
        store, agent = with_records(f)
        a = answer("drift", "show", RECORD + "0", "--store", store)
        assert a["part"] == "capability:pay" and a["findings"][0]["kind"] == "capability_undeclared_use"
        said = run("drift", "show", RECORD + "1", "--store", store).stdout
        assert "server_unregistered" in said and "\x1b" not in said
        run("drift", "show", RECORD + "9", "--store", store, code=1)
        run("drift", "show", "x", "--store", store, code=2)
        assert run("drift", "ack", "x", "--store", store, code=2).stderr.count("x") == 3  # expected, hex, and once what was given


@case
def steps():
    """records are acknowledged, approved and resolved, each once and with who and why"""
    with Folder() as f:
        store, agent = with_records(f)
        a = answer("drift", "ack", RECORD + "0", "--actor", "ana", "--reason", "on it", "--store", store)
        assert a["state"] == "acknowledged" and a["acknowledged_by"] == "ana" and a["acknowledged_why"] == "on it"
        a = answer("drift", "approve", RECORD + "0", "--store", store)
        assert a["state"] == "closed" and a["how"] == "approved" and a["closed_by"] == "operator"
        assert [g["capability"] for g in lines("agent", "grants", "bot", "--store", store)] == ["pay"]
        run("drift", "approve", RECORD + "0", "--store", store, code=4)
        run("drift", "approve", RECORD + "1", "--store", store, code=4)  # to be registered first
        run("drift", "resolve", RECORD + "1", "--store", store, code=2)  # without a reason
        assert answer("drift", "resolve", RECORD + "1", "--reason", "a test", "--store", store)["how"] == "resolved"
        assert lines("drift", "list", "--store", store) == []
        assert "no drift" not in run("drift", "list", "--store", store).stdout  # no terminal
        kinds = [r["record"]["kind"] for r in lines("audit", "query", "--store", store)]
        assert kinds.count("drift_closed") == 2 and kinds.count("drift_acknowledged") == 1


@case
def behaviour():
    """what deviates from usual behaviour is shown, acknowledged, and closed with a reason only"""
    with Folder() as f:
        store, agent = with_records(f)
        record = {"id": RECORD + "3", "namespace": "default", "subject": agent, "part": "behaviour", "state": "open", "severity": "medium",
                  "n_findings": 1, "opened_at": "2026-11-24T08:00:00.000000Z",
                  "findings": [{"class": "rate", "kind": "behaviour", "name": "mcp_tool:read", "new": "100", "old": "20000",
                                "severity": "medium"}]}
        rows = {"drift/" + record["id"]: record, f"drift-of/{agent}/" + record["id"]: {}, "drift-live/" + record["id"]: {},
                f"drift-open/{agent}/behaviour": {"id": record["id"]}}
        db = sqlite3.connect(store)
        with db:
            for key, value in rows.items():
                db.execute("INSERT INTO kv VALUES(?, ?, 1, 0)", (key.encode(), json.dumps(value)))
        db.close()
        assert [r["part"] for r in lines("drift", "list", "--store", store)][-1] == "behaviour"
        said = run("drift", "show", record["id"], "--store", store).stdout
        assert "rate" in said and "mcp_tool:read" in said and "20000" in said
        assert answer("drift", "ack", record["id"], "--store", store)["state"] == "acknowledged"
        assert "resolve it" in run("drift", "approve", record["id"], "--store", store, code=4).stderr
        run("drift", "resolve", record["id"], "--store", store, code=2)
        a = answer("drift", "resolve", record["id"], "--reason", "a migration", "--store", store)
        assert a["how"] == "resolved" and a["closed_why"] == "a migration"
        assert len(lines("drift", "list", "--store", store)) == 2


main()
