#!/usr/bin/env python3
"""aim key list, rotate, revoke, replace: the keys of agents that the registry knows."""
from harness import PASSPHRASE, Folder, answer, case, lines, main, make_key, make_store, on_terminal, run


def states(store):
    return [(k["number"], k["state"]) for k in lines("key", "list", "bot", "--store", store)]


def with_keys(f, n):
    store = make_store(f, calls=("read",))
    keys = [make_key(f, f"{i}.key", purpose="agent") for i in range(n)]
    run("key", "replace", "bot", keys[0], "--note", "the first", "--store", store)
    return store, keys


@case
def first_key():
    """an agent that was registered without a key gets its first one, with a reason"""
    with Folder() as f:
        store = make_store(f, calls=("read",))
        key = make_key(f, "a.key", purpose="agent")
        assert lines("key", "list", "bot", "--store", store) == []
        run("key", "replace", "bot", key, "--store", store, code=2)
        a = answer("key", "replace", "bot", key, "--note", "the first", "--actor", "ana", "--store", store)
        assert a["key_id"] == answer("key", "show", key)["key_id"] and a["subject"].startswith("agt_")
        assert lines("key", "list", a["subject"], "--store", store) == lines("key", "list", "bot", "--store", store)
        record = lines("audit", "tail", "-n", "1", "--store", store)[0]["record"]
        assert record["actor"]["user"] == "ana"
        other = make_key(f, "b.key", purpose="agent")
        assert "AIM_E_STATE" in run("key", "replace", "bot", other, "--note", "x", "--store", store, code=4).stderr
        run("key", "replace", "nobody", other, "--note", "x", "--store", store, code=1)
        run("key", "replace", "bot", f / "none", "--note", "x", "--store", store, code=3)
        run("key", "list", "nobody", "--store", store, code=1)
        run("key", "list", "agt_" + "0" * 32, "--store", store, code=1)
        run("key", "list", "bot", "--store", f / "none", code=3)
        assert "active" in run("key", "list", "bot", "--store", store).stdout


@case
def rotate():
    """a rotation makes the old key retiring and the new one active"""
    with Folder() as f:
        store, keys = with_keys(f, 3)
        rotate_to = ["key", "rotate", "bot", keys[0], keys[1], "--passphrase-file", f / "pw", "--store", store]
        a = answer(*rotate_to, "--grace", "2", "--note", "yearly")
        assert a["old_key_id"] == answer("key", "show", keys[0])["key_id"]
        assert a["new_key_id"] == answer("key", "show", keys[1])["key_id"]
        assert states(store) == [(2, "active"), (1, "retiring")]
        old = lines("key", "list", "bot", "--store", store)[1]
        assert old["expires"] > old["retiring_from"]
        run(*rotate_to, code=4)
        run("key", "rotate", "bot", keys[1], keys[2], "--no-grace", "--passphrase-fd", "0", "--store", store,
            input=f"{PASSPHRASE}\n{PASSPHRASE}\n")
        assert states(store)[:2] == [(3, "active"), (2, "expired")]
        assert answer("audit", "verify", "--store", store)["state"] == "intact"


@case
def proofs():
    """the proof is made where the keys are and used where the store is, once"""
    with Folder() as f:
        store, keys = with_keys(f, 2)
        subject = lines("key", "list", "bot", "--store", store)[0]["subject"]
        run("key", "rotate", subject, *keys, "--make-proof", "-o", f / "proof", "--passphrase-file", f / "pw", cwd=f, env={"AIM_STORE": "/none"})
        assert states(store) == [(1, "active")]
        use = ["key", "rotate", subject, "--proof", f / "proof", "--store", store]
        text = (f / "proof").read_bytes()
        (f / "proof").write_bytes(text.replace(b"agt_", b"agt-", 1))
        run(*use, code=1)
        (f / "proof").write_bytes(text + b"\n")
        run("key", "rotate", "srv_" + "0" * 32, "--proof", f / "proof", "--store", store, code=4)
        assert states(store) == [(1, "active")]
        run(*use)
        assert states(store) == [(2, "active"), (1, "retiring")]
        run(*use, code=4)
        run("key", "rotate", subject, "--proof", f / "none", "--store", store, code=3)


@case
def revoke():
    """a revoked key is revoked at once, by file or id, and may be replaced"""
    with Folder() as f:
        store, keys = with_keys(f, 2)
        a = answer("key", "revoke", keys[0], "--reason", "key_compromise", "--note", "laptop lost", "--store", store)
        assert a["revoked"] == answer("key", "show", keys[0])["key_id"]
        assert states(store) == [(1, "revoked")]
        assert lines("key", "list", "bot", "--store", store)[0]["reason"] == "key_compromise"
        run("key", "revoke", a["revoked"], "--store", store)
        run("key", "revoke", keys[1], "--store", store, code=1)
        run("key", "revoke", "0" * 64, "--store", store, code=1)
        run("key", "revoke", "/none", "--store", store, code=3)
        run("key", "replace", "bot", keys[1], "--note", "after the loss", "--store", store)
        assert states(store) == [(2, "active"), (1, "revoked")]
        assert "revoked" in on_terminal("key", "list", "bot", "--store", store)[1]


@case
def refused():
    """wrong passphrases, purposes and command lines change nothing"""
    with Folder() as f:
        store, keys = with_keys(f, 2)
        before = lines("audit", "query", "--store", store)
        (f / "wrong").write_text("wrong")
        rotate_to = ["key", "rotate", "bot", *keys, "--store", store]
        run(*rotate_to, "--passphrase-file", f / "wrong", code=4)
        run(*rotate_to, "--passphrase-file", f / "pw", "--new-passphrase-file", f / "wrong", code=4)
        log_key = make_key(f)
        r = run("key", "rotate", "bot", keys[0], log_key, "--passphrase-file", f / "pw", "--store", store, code=4)
        assert "AIM_E_KEY_PURPOSE" in r.stderr
        for args in (["bot"], ["bot", keys[0]], ["bot", *keys, "--proof", "x"], ["bot", "--proof", "x", "--make-proof"],
                     ["bot", *keys, "-o", "x"], ["bot", *keys, "--grace", "367"], ["bot", *keys, "--grace", "1", "--no-grace"],
                     ["bot", *keys, "--grace", "0"], ["bot", *keys, "--grace", "4294967297"]):
            run("key", "rotate", *args, "--store", store, code=2)
        run("key", "revoke", keys[0], "--reason", "because", "--store", store, code=2)
        assert lines("audit", "query", "--store", store) == before


if __name__ == "__main__":
    raise SystemExit(main())
