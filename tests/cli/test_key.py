#!/usr/bin/env python3
"""aim key: keystores, passphrases, forms of keys that openssl and ssh-keygen read and write."""
import base64
import json
import os
import re
import stat
import subprocess

from harness import AIM, HOSTILE, PASSPHRASE, Folder, Skip, answer, case, harmless, main, make_key, on_terminal, run

PUBLIC_FORMS = ["ed25519", "hex", "base64", "base64-unpadded", "base64url", "base64url-padded", "raw", "spki-pem", "spki-der",
                "spki-hex", "jwk", "openssh", "did-key", "multibase", "dns"]
PRIVATE_FORMS = ["hex", "base64", "base64-unpadded", "base64url", "base64url-padded", "raw", "pair", "pkcs8-pem", "pkcs8-der",
                 "pkcs8-hex", "jwk", "openssh"]


def tool(*args, **kwargs):
    try:
        return subprocess.run(list(map(str, args)), capture_output=True, check=True, **kwargs).stdout
    except FileNotFoundError as e:
        raise Skip(f"{args[0]} is not installed") from e


@case
def generate():
    """generate makes a sealed file of mode 0600 and shows what is public"""
    with Folder() as f:
        a = answer("key", "generate", "--passphrase-file", f / "pw", "--agent", "agt_1", cwd=f)
        assert a["file"] == "agent.key" and a["purpose"] == "agent" and a["agent"] == "agt_1"
        assert re.fullmatch(r"ed25519:[A-Za-z0-9+/]{43}=", a["public_key"]) and re.fullmatch("[0-9a-f]{64}", a["key_id"])
        assert a["did_key"].startswith("did:key:z6Mk") and a["did_mesh"] == "did:mesh:" + a["key_id"][:32]
        assert stat.S_IMODE((f / "agent.key").stat().st_mode) == 0o600
        shown = answer("key", "show", f / "agent.key", "--check", "--passphrase-file", f / "pw")
        assert shown["checked"] and {k: shown[k] for k in a if k != "file"} == {k: a[k] for k in a if k != "file"}
        for purpose in ("server", "log"):
            assert answer("key", "show", make_key(f, purpose, purpose=purpose))["purpose"] == purpose


@case
def never_replaced():
    """a file that is there is never replaced by a key"""
    with Folder() as f:
        key = make_key(f)
        before = key.read_bytes()
        assert "already" in run("key", "generate", "-o", key, "--passphrase-file", f / "pw", code=4).stderr
        (f / "dangling").symlink_to(f / "nothing")
        run("key", "generate", "-o", f / "dangling", "--passphrase-file", f / "pw", code=4)
        run("key", "generate", "-o", f, "--passphrase-file", f / "pw", code=4)
        run("key", "generate", "-o", f / "none" / "k", "--passphrase-file", f / "pw", code=3)
        assert key.read_bytes() == before and not (f / "nothing").exists()


@case
def passphrases():
    """wrong, empty, long and unreadable passphrases, and a descriptor that is read no further than its line"""
    with Folder() as f:
        key = make_key(f)
        (f / "wrong").write_text("wrong\n")
        (f / "empty").write_text("\nsecond line\n")
        (f / "long").write_text("x" * 1025)
        (f / "crlf").write_bytes(PASSPHRASE.encode() + b"\r\n")
        check = ["key", "show", key, "--check"]
        r = run(*check, "--passphrase-file", f / "wrong", code=4)
        assert r.stdout == "" and "AIM_E_PASSPHRASE" in r.stderr
        assert "empty" in run(*check, "--passphrase-file", f / "empty", code=2).stderr
        assert "longer" in run(*check, "--passphrase-file", f / "long", code=2).stderr
        run(*check, "--passphrase-file", f / "none", code=3)
        run(*check, "--passphrase-file", f, code=3)
        run(*check, "--passphrase-fd", "77", code=3)
        run(*check, "--passphrase-fd", "one", code=2)
        run(*check, "--passphrase-file", f / "crlf")
        run(*check, "--passphrase-fd", "0", input=PASSPHRASE + "\n")
        run("key", "generate", "-o", f / "two", "--passphrase-fd", "0", input=PASSPHRASE)
        assert "no terminal" in run(*check, code=2).stderr


@case
def hidden_input():
    """on a terminal the passphrase is asked for twice, without echo"""
    with Folder() as f:
        path, asked, again = f / "k", "Passphrase for the new keystore: ", "once more: "
        status, said = on_terminal("key", "generate", "-o", path, typed=[(asked, "s3cret\n"), (again, "s3cret\n")])
        assert status == 0 and "s3cret" not in said and "did:key:" in said, said
        status, said = on_terminal("key", "show", path, "--check", typed=[("Passphrase of", "s3cret\n")])
        assert status == 0 and "s3cret" not in said and "opened" in said, said
        status, said = on_terminal("key", "generate", "-o", f / "l", typed=[(asked, "one\n"), (again, "two\n")])
        assert status == 4 and "differ" in said and not (f / "l").exists(), said
        status, said = on_terminal("key", "show", path, "--check", typed=[("Passphrase of", "\x03")])
        assert status == -2, (status, said)


@case
def public_forms():
    """every public form is read back as the same key"""
    with Folder() as f:
        key = make_key(f)
        want = answer("key", "show", key)["key_id"]
        for form in PUBLIC_FORMS:
            run("key", "export", key, "--form", form, "-o", f / form)
            shown = answer("key", "show", f / form)
            assert shown["key_id"] == want and shown["kind"] == "public", form
            assert run("key", "export", key, "--form", form, text=False).stdout == (f / form).read_bytes()
            assert run("key", "export", f / form, "--form", "hex").stdout == run("key", "export", key, "--form", "hex").stdout
            run("key", "export", key, "--form", form, "-o", f / form, code=4)
            run("key", "export", key, "--form", form, "-o", f / form, "--force")
        a = answer("key", "export", key, "--form", "jwk")
        assert a["form"] == "jwk" and json.loads(a["key"])["kty"] == "OKP"
        assert answer("key", "show", "-", input=(f / "did-key").read_text())["key_id"] == want
        run("key", "export", key, "--form", "raw", "--json", code=2)
        run("key", "export", key, "--form", "pkcs8-pem", code=2)
        run("key", "export", key, "--form", "vkey", code=2)
        run("key", "export", key, "--name", "x", code=2)
        assert run("key", "export", key, "--form", "vkey", "--name", "example.com/log").stdout.startswith("example.com/log+")
        run("key", "export", key, "--form", "vkey", "--name", "a b", code=2)
        run("key", "export", key, "-o", f / "none" / "x", code=3)
        run("key", "export", key, "-o", "/dev/full", "--force", code=3)


@case
def private_forms():
    """every private form is written with mode 0600 and imported again"""
    with Folder() as f:
        key = make_key(f)
        want = answer("key", "show", key)["key_id"]
        for form in PRIVATE_FORMS:
            out = f / f"{form}.private"
            r = run("key", "export", key, "--private", "--form", form, "-o", out, "--passphrase-file", f / "pw")
            assert r.stdout == "" and stat.S_IMODE(out.stat().st_mode) == 0o600
            shown = answer("key", "show", "--private", out)
            assert shown["key_id"] == want and shown["kind"] == "private", form
            a = answer("key", "import", out, "-o", f / f"{form}.key", "--passphrase-file", f / "pw", "--purpose", "server")
            assert a["key_id"] == want and a["purpose"] == "server"
            run("key", "export", key, "--private", "--form", form, "-o", out, "--passphrase-file", f / "pw", code=4)
        run("key", "export", key, "--private", "--form", "did-key", "-o", f / "x", "--passphrase-file", f / "pw", code=2)


@case
def private_goes_nowhere_else():
    """a private key goes to a file or, after a question, to a terminal; never to a pipe or another file"""
    with Folder() as f:
        key = make_key(f)
        export = ["key", "export", key, "--private", "--passphrase-file", f / "pw"]
        assert run(*export, code=4).stdout == ""
        assert run(*export, "--json", code=2).stdout == ""
        run(*export, "-o", "/dev/stdout", code=4)
        run(*export, "-o", f / "none" / "k", code=3)
        status, said = on_terminal(*export, typed=[("Type yes", "yes\n")])
        assert status == 0 and "BEGIN PRIVATE KEY" in said
        status, said = on_terminal(*export, typed=[("Type yes", "y\n")])
        assert status == 4 and "BEGIN" not in said
        status, said = on_terminal(*export, "--form", "raw")
        assert status == 2 and "terminal" in said


@case
def with_openssl():
    """openssl reads what export writes, and import reads what openssl writes"""
    with Folder() as f:
        key = make_key(f)
        run("key", "export", key, "--form", "spki-pem", "-o", f / "public.pem")
        run("key", "export", key, "--private", "-o", f / "private.pem", "--passphrase-file", f / "pw")
        raw = run("key", "export", key, "--form", "raw", text=False).stdout
        assert tool("openssl", "pkey", "-pubin", "-in", f / "public.pem", "-pubout", "-outform", "DER")[-32:] == raw
        assert tool("openssl", "pkey", "-in", f / "private.pem", "-pubout", "-outform", "DER")[-32:] == raw
        (f / "text").write_text("signed elsewhere")
        tool("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", f / "private.pem", "-in", f / "text", "-out", f / "sig")
        tool("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", f / "public.pem", "-in", f / "text", "-sigfile", f / "sig")
        tool("openssl", "genpkey", "-algorithm", "ed25519", "-out", f / "theirs.pem")
        raw = tool("openssl", "pkey", "-in", f / "theirs.pem", "-pubout", "-outform", "DER")[-32:]
        a = answer("key", "import", f / "theirs.pem", "-o", f / "theirs.key", "--passphrase-file", f / "pw")
        assert base64.b64decode(a["public_key"][len("ed25519:"):]) == raw
        tool("openssl", "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:x", "-out", f / "locked.pem")
        r = run("key", "import", f / "locked.pem", "-o", f / "l.key", "--passphrase-file", f / "pw", code=4)
        assert "AIM_E_KEY_ENCRYPTED" in r.stderr
        tool("openssl", "genpkey", "-algorithm", "x25519", "-out", f / "other.pem")
        assert "X25519" in run("key", "import", f / "other.pem", "-o", f / "o.key", "--passphrase-file", f / "pw", code=1).stderr


@case
def with_ssh_keygen():
    """ssh-keygen reads what export writes, and import reads what ssh-keygen writes"""
    with Folder() as f:
        key = make_key(f)
        run("key", "export", key, "--form", "openssh", "-o", f / "k.pub")
        run("key", "export", key, "--private", "--form", "openssh", "-o", f / "k", "--passphrase-file", f / "pw")
        assert b"(ED25519)" in tool("ssh-keygen", "-l", "-f", f / "k.pub")
        assert tool("ssh-keygen", "-y", "-f", f / "k").split()[1] == (f / "k.pub").read_bytes().split()[1]
        tool("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", HOSTILE, "-f", f / "theirs")
        a = answer("key", "import", f / "theirs", "-o", f / "theirs.key", "--passphrase-file", f / "pw")
        assert a["key_id"] == answer("key", "show", f / "theirs.pub")["key_id"]


@case
def wrong_input():
    """errors name the form and what is wrong with it, and never show what was read"""
    with Folder() as f:
        key = make_key(f)
        seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
        for name, text, code, word in [
                ("short", seed[:-2], 1, "AIM_E_KEY"), ("nothing", "", 1, "AIM_E_KEY"), ("noise", "\033[31m" + seed, 1, "AIM_E_KEY"),
                ("big", "x" * 20000, 3, "more than"), ("pem", "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n", 1, "PEM")]:
            (f / name).write_text(text)
            r = run("key", "import", f / name, "-o", f / "x.key", "--passphrase-file", f / "pw", code=code)
            assert word in r.stderr and seed[:20] not in r.stderr and not (f / "x.key").exists(), (name, r.stderr)
            harmless(r.stderr)
        run("key", "import", f / "none", "-o", f / "x.key", "--passphrase-file", f / "pw", code=3)
        run("key", "import", f, "-o", f / "x.key", "--passphrase-file", f / "pw", code=3)
        run("key", "import", key, "-o", f / "x.key", "--passphrase-file", f / "pw", code=4)
        run("key", "import", f / "pem", code=2)
        (f / "public").write_text(run("key", "export", key).stdout)
        r = run("key", "import", f / "public", "-o", f / "x.key", "--passphrase-file", f / "pw", code=1)
        assert "public" in r.stderr
        damaged = bytearray(key.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        (f / "damaged").write_bytes(damaged)
        r = run("key", "show", f / "damaged", "--check", "--passphrase-file", f / "pw", code=1)
        assert "AIM_E_KEYSTORE" in r.stderr


@case
def warnings():
    """import warns of a file that others can read, and --quiet silences notes only"""
    with Folder() as f:
        run("key", "export", make_key(f), "--private", "-o", f / "k.pem", "--passphrase-file", f / "pw")
        imported = ["key", "import", f / "k.pem", "--passphrase-file", f / "pw", "-o"]
        assert "still holds" in run(*imported, f / "1.key").stderr
        assert run(*imported, f / "2.key", "--quiet").stderr == ""
        os.chmod(f / "k.pem", 0o644)
        assert "others can read" in run(*imported, f / "3.key", "--quiet").stderr


@case
def hostile_agent():
    """an agent's name in a keystore cannot steer the terminal"""
    with Folder() as f:
        key = make_key(f, "k", "--agent", HOSTILE, purpose="agent")
        said = run("key", "show", key).stdout
        harmless(said)
        raw = run("key", "show", key, "--json").stdout
        harmless(raw)
        assert json.loads(raw)["agent"] == HOSTILE
        run("key", "show", key, "--check", "--passphrase-file", f / "pw")
        r = run("key", "generate", "-o", f / "l", "--agent", "x" * 300, "--passphrase-file", f / "pw", code=5)
        assert "AIM_E" in r.stderr


@case
def full_disk():
    """a disk that is full leaves no half of a file"""
    with Folder() as f:
        key = make_key(f)
        r = subprocess.run(["bash", "-c", 'ulimit -f 0; "$0" key export "$1" -o "$2"', AIM, key, f / "out"],
                           capture_output=True, text=True, check=False)
        assert r.returncode == 3 and not (f / "out").exists(), (r.returncode, r.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
