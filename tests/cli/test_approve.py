#!/usr/bin/env python3
"""aim approve: calls that wait for a person, as another process left them in the store."""
import hashlib
import json
import os
import sqlite3
import subprocess

from harness import Folder, answer, case, lines, main, make_store, run

ID = "apr_" + "0" * 31


def with_approvals(f):
    """A store with two approvals that wait and one that is over, as the library writes them."""
    store = make_store(f, calls=("read",))
    agent = json.loads(run("trust", "export", "bot", "--store", store).stdout)["subject"]
    db = sqlite3.connect(store)

    def put(key, value):
        db.execute("INSERT INTO kv VALUES(?, ?, 1, 0)", (key.encode(), json.dumps(value)))

    with db:
        for n, (tool, end) in enumerate([("deploy", "2999"), ("drop\x1b[31m", "2999"), ("late", "2026")]):
            arguments = {"to": "prod", "n": n}
            record = {"id": ID + str(n), "namespace": "default", "agent": agent, "tool": tool, "arguments": arguments,
                      "arguments_hash": hashlib.sha256(b"x").hexdigest(), "binding": hashlib.sha256(tool.encode()).hexdigest(),
                      "state": "pending", "risk": "high", "urgency": "urgent", "reason": "the tool is sensitive",
                      "asked_at": "2026-01-01T08:00:00.000000Z", "expires_at": end + "-01-01T09:00:00.000000Z"}
            put("approval/" + record["id"], record)
            put("approval-live/default/" + record["id"], {})
            put(f"approval-of/{agent}/" + record["id"], {})
    db.close()
    return store, agent


@case
def listed():
    """what waits is listed; --all and --state list the rest; without any the list is empty"""
    with Folder() as f:
        store, agent = with_approvals(f)
        rows = lines("approve", "list", "--store", store)
        assert [r["id"][-1] for r in rows] == ["0", "1"] and rows[0]["agent"] == agent and rows[0]["risk"] == "high"
        assert len(lines("approve", "list", "--all", "--store", store)) == 3
        assert [r["id"][-1] for r in lines("approve", "list", "--state", "expired", "--store", store)] == ["2"]
        assert len(lines("approve", "list", "-n", "1", "--store", store)) == 1
        assert [r["id"][-1] for r in lines("approve", "list", "--after", ID + "0", "--store", store)] == ["1"]
        run("approve", "list", "--state", "new", "--store", store, code=2)


@case
def shown():
    """one is shown with its arguments, and nothing in it steers the terminal"""
    with Folder() as f:
        store, agent = with_approvals(f)
        one = answer("approve", "show", ID + "0", "--store", store)
        assert one["arguments"] == {"to": "prod", "n": 0} and one["urgency"] == "urgent" and one["tool"] == "deploy"
        assert "\x1b" not in run("approve", "show", ID + "1", "--store", store).stdout
        run("approve", "show", "apr_" + "9" * 32, "--store", store, code=1)


@case
def decided():
    """allowed or denied once, by anybody but the agent, in time, and recorded"""
    with Folder() as f:
        store, agent = with_approvals(f)
        run("approve", "allow", ID + "0", "--actor", agent, "--store", store, code=5)
        run("approve", "allow", ID + "0", "--actor", "bot", "--store", store, code=5)
        one = answer("approve", "allow", ID + "0", "--actor", "ana", "--reason", "release", "--store", store)
        assert one["state"] == "approved" and one["decided_by"] == "ana" and one["decided_why"] == "release"
        run("approve", "deny", ID + "0", "--store", store, code=4)
        assert answer("approve", "deny", ID + "1", "--store", store)["state"] == "denied"
        run("approve", "allow", ID + "2", "--store", store, code=4)
        assert lines("approve", "list", "--store", store) == []
        run("audit", "verify", "--store", store)


def ask(store, agent, arguments):
    """A host in another process asks; its status and the approval."""
    r = subprocess.run([os.environ["ASK_APPROVAL"], str(store), agent, "deploy", arguments], capture_output=True, text=True,
                       timeout=60, check=True)
    return (r.stdout.split() + [""])[:2]


@case
def two_processes():
    """asked in one process and allowed in another, the call goes on, once, and with its own arguments alone"""
    with Folder() as f:
        store = make_store(f, calls=("read",))
        status, id_ = ask(store, "agt-x", '{"to":"prod"}')
        assert status == "AIM_ASK"
        assert ask(store, "agt-x", '{"to":"prod"}') == ["AIM_ASK", id_]
        assert answer("approve", "show", id_, "--store", store)["arguments"] == {"to": "prod"}
        run("approve", "allow", id_, "--store", store)
        other = ask(store, "agt-x", '{"to":"test"}')
        assert other[0] == "AIM_ASK" and other[1] != id_
        assert ask(store, "agt-y", '{"to":"prod"}')[0] == "AIM_ASK"
        assert ask(store, "agt-x", '{ "to": "prod" }') == ["AIM_OK", id_]
        assert answer("approve", "show", id_, "--store", store)["state"] == "used"
        assert ask(store, "agt-x", '{"to":"prod"}')[0] == "AIM_ASK"
        run("approve", "deny", other[1], "--store", store)
        assert ask(store, "agt-x", '{"to":"test"}')[0] == "AIM_DENIED"
        run("audit", "verify", "--store", store)


main()
