#!/usr/bin/env python3
"""aim audit: verification, checkpoints, receipts of a store that aim-guard wrote."""
import json
import os
import shutil
import sqlite3
import subprocess

from harness import AIM, HOSTILE, Folder, Skip, answer, case, harmless, main, make_key, make_store, run

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


if __name__ == "__main__":
    raise SystemExit(main())
