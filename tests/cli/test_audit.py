#!/usr/bin/env python3
"""aim audit: verification, checkpoints, receipts of a store that aim-guard wrote."""
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess

from harness import AIM, GUARD, HOSTILE, Folder, Skip, answer, case, harmless, lines, main, make_key, make_store, on_terminal, run

ORIGIN = "example.com/log"


def sql(store, statement, *args):
    db = sqlite3.connect(store)
    with db:
        result = db.execute(statement, args).fetchall()
    db.close()
    return result


def checkpoint(f, store, *more, **kwargs):
    return run("audit", "checkpoint", "--store", store, "--key", f / "log.key", "--passphrase-file", f / "pw", *more, **kwargs)


def vkey(f):
    return run("key", "export", f / "log.key", "--form", "vkey", "--name", ORIGIN).stdout.strip()


@case
def intact():
    """an intact log is said to be, for people and for programs"""
    with Folder() as f:
        store = make_store(f)
        a = answer("audit", "verify", "--store", store)
        assert a["state"] == "intact" and a["good_records"] > 5 and len(a["root"]) == 64
        said = run("audit", "verify", "--store", store)
        assert "intact" in said.stdout and a["root"] in said.stdout and said.stderr == ""
        assert answer("audit", "verify", "--store", store, "--log", "other")["good_records"] == 0
        run("audit", "verify", "--store", store, "--log", "NOT A NAME", code=2)


@case
def tampered():
    """a record that was changed or removed is named"""
    with Folder() as f:
        store = make_store(f)
        shutil.copy(store, f / "copy.db")
        sql(store, """UPDATE log_row SET row = replace(row, '"v":1', '"v":2') WHERE id & 1099511627775 = 3""")
        a = answer("audit", "verify", "--store", store, code=1)
        assert a["state"] == "corrupt" and a["first_bad"] == 3 and a["good_records"] == 3 and a["problem"]
        said = run("audit", "verify", "--store", store, code=1).stdout
        assert "corrupt" in said and "first bad" in said
        sql(f / "copy.db", "DELETE FROM log_row WHERE id & 1099511627775 = 4")
        a = answer("audit", "verify", "--store", f / "copy.db", code=1)
        assert a["state"] == "gap" and a["first_bad"] == 4


@case
def remembered():
    """a remembered head finds an older copy of the store, and stays when it does"""
    with Folder() as f:
        store = make_store(f, calls=("read",))
        shutil.copy(store, f / "old.db")
        head = f / "head"
        verify = ["audit", "verify", "--remember", head, "--store"]
        assert "is new" in run(*verify, store).stderr
        first = json.loads(head.read_text())
        make_store(f, calls=("read", "write"))
        a = answer(*verify, store)
        assert a["compared_with"] == "remembered" and a["compared_records"] == first["size"] < a["good_records"]
        kept = head.read_text()
        assert json.loads(kept)["size"] == a["good_records"]
        a = answer(*verify, f / "old.db", code=1)
        assert a["state"] == "truncated" and head.read_text() == kept
        head.write_text(kept.replace(json.loads(kept)["root"][:8], "00000000"))
        assert answer(*verify, store, code=1)["state"] == "fork"
        for text in ("", "{}", "no", kept.replace('"v":1', '"v":2'), kept.replace("root", "toor")):
            head.write_text(text)
            run(*verify, store, code=3)
            assert head.read_text() == text
        head.write_text(kept.replace("main", "other"))
        run(*verify, store, code=4)
        run("audit", "verify", "--remember", f / "none" / "head", "--store", store, code=3)


def cut(store):
    """Retention, which the program does not offer: as a host would call it."""
    shared = AIM.parent.parent / "src" / "libaim.so.0"
    if not shared.exists() or re.search(rb"__[at]san_init", shared.read_bytes()):
        raise Skip("no shared library that Python could load")
    lib = ctypes.CDLL(shared)

    class Text(ctypes.Structure):
        _fields_ = [("ptr", ctypes.c_char_p), ("len", ctypes.c_size_t)]

    class Options(ctypes.Structure):
        _fields_ = [("struct_size", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("before", ctypes.c_uint64),
                    ("rest", ctypes.c_uint64 * 7)]

    path = os.fsencode(store)
    ctx, opened, log = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    options = Options(ctypes.sizeof(Options), 0, 1 << 40)
    assert lib.aim_ctx_new(None, ctypes.byref(ctx), None) == 0
    assert lib.aim_sqlite_open(ctx, Text(path, len(path)), None, ctypes.byref(opened), None) == 0
    assert lib.aim_audit_open(opened, None, ctypes.byref(log), None) == 0
    assert lib.aim_retention_apply(log, ctypes.byref(options), None, None) == 0
    lib.aim_audit_free(log)
    lib.aim_store_free(opened)
    lib.aim_ctx_free(ctx)


@case
def remembered_behind_a_cut():
    """what is remembered of a log counts the records that were removed"""
    with Folder() as f:
        store = make_store(f, calls=("read",))
        make_key(f)
        verify = ["audit", "verify", "--remember", f / "head", "--store", store]
        checkpoint(f, store, "--origin", ORIGIN, "-o", f / "cp")
        run(*verify)
        whole = json.loads((f / "head").read_text())["size"]
        cut(store)
        assert answer(*verify)["good_records"] < whole
        assert json.loads((f / "head").read_text())["size"] > whole
        make_store(f, calls=("read",))
        assert answer(*verify)["state"] == "intact"


@case
def checkpoints():
    """a checkpoint is signed, kept, and found to match or not"""
    with Folder() as f:
        store = make_store(f)
        make_key(f)
        assert "--origin" in checkpoint(f, store, code=2).stderr
        assert run("audit", "verify", "--store", store, "--key", vkey(f), code=1).stdout == ""
        r = checkpoint(f, store, "--origin", ORIGIN, "-o", f / "cp")
        assert vkey(f) in r.stderr and r.stdout == ""
        text = (f / "cp").read_text()
        assert text.startswith(ORIGIN + "\n")
        again = answer("audit", "checkpoint", "--store", store, "--key", f / "log.key", "--passphrase-file", f / "pw")
        assert again["checkpoint"] == text and again["vkey"] == vkey(f) and again["origin"] == ORIGIN
        assert checkpoint(f, store, "--quiet").stdout == text
        checkpoint(f, store, "-o", f / "cp", code=4)
        checkpoint(f, store, "-o", f / "cp", "--force")
        for more in (["--checkpoint", f / "cp"], []):
            a = answer("audit", "verify", "--store", store, "--key", vkey(f), *more)
            assert a["compared_with"] == "checkpoint" and a["compared_records"] == again["size"]
        (f / "bad").write_text(text.replace("\n" + str(again["size"]) + "\n", "\n1\n"))
        run("audit", "verify", "--store", store, "--checkpoint", f / "bad", "--key", vkey(f), code=1)
        run("audit", "verify", "--store", store, "--checkpoint", f / "pw", "--key", vkey(f), code=1)
        run("audit", "verify", "--store", store, "--checkpoint", f / "none", "--key", vkey(f), code=3)
        run("audit", "verify", "--store", store, "--key", "nonsense", code=1)


@case
def progress():
    """what waits for another program says so on a terminal, and leaves nothing behind"""
    with Folder() as f:
        store = make_store(f, calls=("read",))
        make_key(f)
        holder = sqlite3.connect(store, isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")
        status, said = on_terminal("audit", "checkpoint", "--store", store, "--key", f / "log.key", "--passphrase-file", f / "pw",
                                   "--origin", ORIGIN, typed=[("signing the log … 1 s", lambda: holder.execute("ROLLBACK"))])
        holder.close()
        assert status == 0 and "\r\033[K" in said and said.rstrip().splitlines()[-1].startswith("aim: "), said


@case
def checkpoint_keys():
    """checkpoints are signed by a log's key that opens, and by the same one"""
    with Folder() as f:
        store = make_store(f)
        make_key(f)
        checkpoint(f, store, "--origin", ORIGIN)
        make_key(f, "agent.key", purpose="agent")
        sign = ["audit", "checkpoint", "--store", store, "--passphrase-file", f / "pw", "--key"]
        assert "AIM_E_KEY_PURPOSE" in run(*sign, f / "agent.key", code=4).stderr
        make_key(f, "new.key")
        make_store(f)
        assert "--new-key" in run(*sign, f / "new.key", code=1).stderr
        run(*sign, f / "new.key", "--new-key")
        (f / "wrong").write_text("wrong")
        run("audit", "checkpoint", "--store", store, "--key", f / "new.key", "--passphrase-file", f / "wrong", code=4)
        run(*sign, f / "none", code=3)


@case
def receipts():
    """a receipt verifies with the verifier key alone, and no changed one does"""
    with Folder() as f:
        store = make_store(f)
        make_key(f)
        receipt = ["audit", "receipt", "--store", store]
        assert "aim audit checkpoint" in run(*receipt, "5", code=4).stderr
        checkpoint(f, store, "--origin", ORIGIN)
        run(*receipt, "5", "-o", f / "r")
        run(*receipt, "5", "-o", f / "r", code=4)
        assert run(*receipt, "5").stdout == (f / "r").read_text()
        run(*receipt, "100000", code=1)
        os.remove(store)
        verify = ["audit", "verify", "--key", vkey(f), "--receipt"]
        a = answer(*verify, f / "r")
        assert a["state"] == "valid" and a["position"] == 5 and a["record"]["kind"]
        assert "valid" in run(*verify, f / "r").stdout
        text = (f / "r").read_text()
        for place in range(0, len(text) - 1, 97):
            (f / "bad").write_text(text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1:])
            assert run(*verify, f / "bad", code=1).stdout == ""
        run("audit", "verify", "--receipt", f / "none", "--key", vkey(f), code=3)


@case
def arguments():
    """a receipt proves the arguments of a call, unless its salt was left out"""
    with Folder() as f:
        store = make_store(f, calls=("read",))
        make_key(f)
        checkpoint(f, store, "--origin", ORIGIN)
        n = answer("audit", "verify", "--store", store)["good_records"]
        with_salt = [i for i in range(n) if '"salt"' in run("audit", "receipt", i, "--store", store).stdout]
        assert with_salt
        (f / "arguments").write_text('{"path":"/tmp/notes"}')
        (f / "others").write_text('{"path":"/tmp/other"}')
        run("audit", "receipt", with_salt[0], "--store", store, "-o", f / "r")
        run("audit", "receipt", with_salt[0], "--store", store, "-o", f / "bare", "--without-salt")
        verify = ["audit", "verify", "--key", vkey(f), "--receipt"]
        assert answer(*verify, f / "r", "--arguments", f / "arguments")["arguments_checked"]
        run(*verify, f / "r", "--arguments", f / "others", code=1)
        run(*verify, f / "bare", "--arguments", f / "arguments", code=1)
        run(*verify, f / "r", "--arguments", f / "none", code=3)


@case
def no_store():
    """a store that is missing, foreign, damaged or no file is exit status 3, and is left as it is"""
    with Folder() as f:
        sql(f / "foreign.db", "CREATE TABLE notes (text)")
        (f / "noise.db").write_bytes(os.urandom(8192))
        (f / "empty.db").write_bytes(b"")
        for name in ("none.db", "foreign.db", "noise.db", "empty.db", ".", "pw"):
            path = f / name
            before = path.read_bytes() if path.is_file() else None
            for command in (["verify"], ["receipt", "0"]):
                r = run("audit", *command, "--store", path, code=3)
                assert r.stdout == "" and str(path) in r.stderr
            assert path.exists() == (name != "none.db")
            assert before is None or path.read_bytes() == before
        run("audit", "verify", "--store", "/dev/full", code=3)


@case
def read_only():
    """reading needs no more than the right to read; where SQLite needs more, it says so"""
    if os.geteuid() != 0:
        user = {}
    else:
        user = {"user": 65534, "group": 65534, "extra_groups": []}
        if subprocess.run([AIM, "--version"], capture_output=True, check=False, **user).returncode != 0:
            raise Skip("the program cannot be run by another user")
    with Folder() as f:
        store = make_store(f)
        make_key(f)
        for name in f.iterdir():
            os.chmod(name, 0o444)
        os.chmod(f, 0o555)
        r = subprocess.run([AIM, "audit", "verify", "--store", store], capture_output=True, text=True, check=False, **user)
        assert (r.returncode, "intact" in r.stdout) == (0, True) or (r.returncode == 3 and "aim.db" in r.stderr), r
        os.chmod(f / "log.key", 0o644)
        r = subprocess.run([AIM, "audit", "checkpoint", "--store", store, "--origin", ORIGIN, "--key", f / "log.key",
                            "--passphrase-file", f / "pw"], capture_output=True, text=True, check=False, **user)
        assert r.returncode == 3 and r.stdout == "" and "aim.db" in r.stderr, r
        os.chmod(f, 0o700)


@case
def query():
    """query finds by agent, server, tool, decision, kind, code, time, and pages by position"""
    with Folder() as f:
        store = make_store(f)
        everything = lines("audit", "query", "--store", store)
        positions = [r["position"] for r in everything]
        assert positions == list(range(len(positions))) and len(positions) > 5

        def found(*more):
            return lines("audit", "query", "--store", store, *more)

        calls = found("--kind", "tool_call")
        assert [r["record"]["action"] for r in calls] == ["read", "write", HOSTILE]
        assert [r["record"]["action"] for r in found("--tool", "read", "--kind", "tool_call")] == ["read"]
        assert {r["record"]["decision"] for r in found("--decision", "deny")} == {"deny"}
        assert found("--code", calls[2]["record"]["reason_code"])[0] == calls[2]
        agent = calls[0]["record"]["actor"]["agent"]
        assert found("--agent", "bot") == found("--agent", agent) != []
        assert found("--server", "server.py") == found("--server", calls[0]["record"]["subject"]) != []
        run("audit", "query", "--store", store, "--agent", "nobody", code=1)
        run("audit", "query", "--store", store, "--server", "nobody", code=1)
        assert found("--since", "1h") == everything and found("--before", "1h") == []
        assert found("--before", "2000-01-01") == found("--since", "2100-12-31T23:59:59Z") == []
        for bad in ("yesterday", "2026-13-01", "2026-02-30", "1y", "-1h", "2026-01-01T25:00", "99999999999d"):
            run("audit", "query", "--store", store, "--since", bad, code=2)
        first = run("audit", "query", "--store", store, "--limit", "3", "--json")
        assert "--from 3" in first.stderr
        assert [r["position"] for r in found("--from", "3", "-n", "2")] == [3, 4]
        assert [r["position"] for r in found("--newest", "-n", "2")] == positions[:-3:-1]
        assert [r["position"] for r in found("--newest", "--from", "2")] == [1, 0]
        assert found("--from", str(2**63)) == []
        run("audit", "query", "--store", store, "--limit", "0", code=2)
        said = run("audit", "query", "--store", store).stdout
        assert len(said.splitlines()) == len(everything) + 1 and not re.search(" $", said, re.M)
        assert lines("audit", "query", "--store", store, "--log", "other") == []


@case
def hostile_names():
    """a tool's name cannot steer the terminal, hide, or make lines, in any output"""
    with Folder() as f:
        store = make_store(f, calls=(HOSTILE, "a\nb", "x" * 3000))
        for command in (["query"], ["tail"], ["stats"], ["query", "--json"], ["tail", "--json"], ["stats", "--json"],
                        ["query", "--tool", HOSTILE]):
            harmless(run("audit", *command, "--store", store).stdout)
            status, said = on_terminal("audit", *command, "--store", store, columns=120)
            said = re.sub("\033\\[[0-9;]*m", "", said)
            assert status == 0
            harmless(said)
            if "--json" not in command:
                assert max(map(len, said.splitlines())) <= 120, said
        names = [r["record"]["action"] for r in lines("audit", "query", "--store", store, "--kind", "tool_call")]
        assert names[:2] == [HOSTILE, "a\nb"]
        status, said = on_terminal("audit", "export", "--store", store)
        assert status == 0
        harmless(said)
        guard = subprocess.run([GUARD, "log", "--store", store], capture_output=True, text=True, check=True)
        harmless(guard.stdout)


@case
def damaged_query():
    """a damaged record ends the list and is named"""
    with Folder() as f:
        store = make_store(f)
        sql(store, """UPDATE log_row SET row = replace(row, '"v":1', '"v":2') WHERE id & 1099511627775 = 3""")
        r = run("audit", "query", "--store", store, "--json", code=1)
        assert len(r.stdout.splitlines()) == 3 and "3" in r.stderr
        run("audit", "stats", "--store", store, code=1)
        run("audit", "export", "--store", store, "-o", f / "e", code=1)
        assert not (f / "e").exists()


@case
def tail():
    """tail shows the last matches in order"""
    with Folder() as f:
        store = make_store(f)
        everything = lines("audit", "query", "--store", store)
        assert lines("audit", "tail", "--store", store, "-n", "3") == everything[-3:]
        assert lines("audit", "tail", "--store", store) == everything[-20:]
        calls = lines("audit", "query", "--store", store, "--kind", "tool_call")
        assert lines("audit", "tail", "--store", store, "--kind", "tool_call", "-n", "2") == calls[-2:]
        assert lines("audit", "tail", "--store", store, "--tool", "none") == []
        assert lines("audit", "tail", "--store", store, "--log", "other") == []


@case
def follow():
    """tail -f shows what another process writes, once and in order, and ends in order"""
    with Folder() as f:
        store = make_store(f, calls=("read",))
        before = lines("audit", "query", "--store", store)
        with subprocess.Popen([AIM, "audit", "tail", "-f", "-n", "1", "--json", "--store", store], stdout=subprocess.PIPE,
                              text=True) as process:
            seen = [json.loads(process.stdout.readline())]
            make_store(f, calls=("write",))
            everything = lines("audit", "query", "--store", store)
            while seen[-1] != everything[-1]:
                seen.append(json.loads(process.stdout.readline()))
            process.send_signal(signal.SIGINT)
            assert process.stdout.read() == "" and process.wait(30) == 0
        assert seen == everything[len(before) - 1:]
        with subprocess.Popen([AIM, "audit", "tail", "-f", "--store", store], stdout=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            process.stdout.close()
            assert process.wait(30) in (0, 3)


@case
def stats():
    """stats count by tool, server and agent"""
    with Folder() as f:
        store = make_store(f, calls=("read", "read", "write", "none"))
        got = lines("audit", "stats", "--store", store)
        total = got[0]
        assert total["group"] == "total" and total["allowed"] == 3 and total["denied"] == 1
        tools = {r["name"]: r for r in got if r["group"] == "tool"}
        assert tools["read"]["allowed"] == 2 and tools["none"]["denied"] == 1
        assert sum(r["allowed"] for r in got if r["group"] == "agent") == 3
        assert [r["allowed"] for r in got if r["group"] == "server"] == [3]
        said = run("audit", "stats", "--store", store).stdout
        assert "by tool" in said and "by agent" in said
        assert lines("audit", "stats", "--store", store, "--tool", "write")[0]["records"] < total["records"]
        assert lines("audit", "stats", "--store", store, "--log", "other")[0]["records"] == 0


@case
def exports():
    """exports in three formats; jsonl verifies without the log, and no changed one does"""
    with Folder() as f:
        store = make_store(f)
        make_key(f)
        checkpoint(f, store, "--origin", ORIGIN)
        n = answer("audit", "verify", "--store", store)
        export = ["audit", "export", "--store", store]
        assert str(n["good_records"]) in run(*export, "--checkpoint", "-o", f / "e").stderr
        run(*export, "-o", f / "e", code=4)
        run(*export, "--checkpoint", "-o", f / "e", "--force")
        assert sorted(p.name for p in f.iterdir() if p.name.startswith("e")) == ["e"]
        run(*export, "-o", f / "none" / "e", code=3)
        assert run(*export, "--checkpoint").stdout == (f / "e").read_text()
        verify = ["audit", "verify", "--export"]
        a = answer(*verify, f / "e")
        assert a["state"] == "intact" and a["root"] == n["root"] and a["good_records"] == n["good_records"]
        a = answer(*verify, f / "e", "--key", vkey(f))
        assert a["checkpoint_size"] == n["good_records"] and a["unsigned_records"] == 0
        assert "not signed" not in run(*verify, f / "e", "--key", vkey(f)).stdout
        assert answer(*verify, "-", input=(f / "e").read_text())["state"] == "intact"
        run(*export, "-o", f / "unsigned")
        assert answer(*verify, f / "unsigned", "--key", vkey(f), code=1)["state"] == "unsigned"
        text = (f / "e").read_text()
        (f / "bad").write_text(text.replace('"decision":"allow"', '"decision":"deny"', 1))
        assert answer(*verify, f / "bad", code=1)["bad_line"] >= 1
        (f / "bad").write_text("\n".join(text.splitlines()[:-1]) + "\n")
        assert answer(*verify, f / "bad", code=1)["state"] == "truncated"
        (f / "bad").write_text("nonsense\n")
        run(*verify, f / "bad", code=1)
        run(*verify, f / "none", code=3)
        run(*export, "--controls", "-o", f / "controls")
        assert answer(*verify, f / "controls", code=1)["state"] == "partial"
        events = [json.loads(line) for line in run(*export, "-f", "cloudevents", "--source", "x").stdout.splitlines()]
        assert len(events) == n["good_records"] and {e["specversion"] for e in events} == {"1.0"} and events[0]["source"] == "x"
        logs = [json.loads(line) for line in run(*export, "--format", "otel").stdout.splitlines()]
        assert sum(len(s["logRecords"]) for line in logs for r in line["resourceLogs"] for s in r["scopeLogs"]) == n["good_records"]
        few = [json.loads(line) for line in run(*export, "-f", "cloudevents", "--tool", "read", "--kind", "tool_call").stdout.splitlines()]
        assert len(few) == 1
        run(*export, "--salts", "-f", "otel", code=2)
        run(*export, "--source", "x", code=2)
        with open("/dev/full", "w", encoding="ascii") as full:
            assert "No space" in run(*export, stdout=full, code=3).stderr
        run(*export, "-o", "/dev/full", "--force", code=3)
        make_store(f)  # more records, of which no checkpoint knows
        run(*export, "--checkpoint", "-o", f / "later")
        later = answer(*verify, f / "later", "--key", vkey(f))
        assert later["state"] == "intact" and later["checkpoint_size"] == n["good_records"]
        assert later["unsigned_records"] == later["good_records"] - n["good_records"] > 0
        assert f"the last {later['unsigned_records']} records" in run(*verify, f / "later", "--key", vkey(f)).stdout
        assert answer("audit", "verify", "--store", store, "--key", vkey(f))["unsigned_records"] == later["unsigned_records"]


@case
def golden_export():
    """the export that a release wrote verifies, and a changed one does not"""
    golden = pathlib.Path(__file__).parent.parent / "golden" / "audit-0.1" / "export.jsonl"
    a = answer("audit", "verify", "--export", golden)
    assert a["state"] == "intact" and a["good_records"] == 7
    assert a["root"] == "051f3b8f2edeedfe2fa2481f12b6ca749887ef75d5ae0488092db6f806db9ed7"
    changed = golden.read_text(encoding="utf-8").replace('"decision":"deny"', '"decision":"allow"', 1)
    assert answer("audit", "verify", "--export", "-", input=changed, code=1)["state"] == "corrupt"


if __name__ == "__main__":
    raise SystemExit(main())
