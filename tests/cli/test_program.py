#!/usr/bin/env python3
"""The program aim as a whole: help, command lines, output that fails, completion, manuals."""
import os
import re
import subprocess

from harness import AIM, COMPLETION, MAN, Folder, answer, case, main, make_key, make_store, on_terminal, run

OWN = {"help", "completion"}


def commands():
    """(group, command) of everything, as the overview lists it; the command is empty for one that stands alone."""
    found = re.findall(r"^ {4}aim (\w+)(?: ([\w-]+))?  ", run("help").stdout, re.M)
    return [(g, c) for g, c in found if g not in OWN]


def words_of(group, command):
    return [group, command] if command else [group]


def options_of(group, command):
    return re.findall(r"^ {4}(?:-\w, )?(--[\w-]+)", run("help", *words_of(group, command)).stdout, re.M)


@case
def overview():
    """help names every command, and each has help of its own"""
    assert len(commands()) >= 7
    for group, command in commands():
        words = words_of(group, command)
        said = run("help", *words).stdout
        assert said.startswith("usage: aim " + " ".join(words))
        assert run(*words, "--help").stdout == said
        assert max(map(len, said.splitlines())) <= 100
    for group in {g for g, c in commands() if c}:
        assert f"aim {group} " in run("help", group).stdout
        assert run(group, "help").stdout == run(group, "--help").stdout == run("help", group).stdout
    assert run("--help").stdout == run("help").stdout == run("-h").stdout
    assert run("help", "completion").stdout.startswith("usage: aim completion")


@case
def version():
    """--version"""
    assert re.fullmatch(r"aim \d+\.\d+\.\d+\n", run("--version").stdout)


@case
def usage():
    """a wrong command line is exit status 2, with a word on why"""
    for args in [[], ["key"], ["audit"], ["nonsense"], ["key", "nonsense"], ["key", "show"], ["key", "show", "a", "b"],
                 ["key", "generate", "--nonsense"], ["key", "generate", "-z"], ["key", "generate", "--purpose"],
                 ["key", "generate", "--purpose", "wrap"], ["key", "generate", "--purpose="], ["key", "export", "x", "--form", "x"],
                 ["audit", "verify", "--json=1"], ["audit", "receipt", "one"], ["audit", "receipt", "-1"],
                 ["audit", "receipt", "99999999999999999999999"], ["audit", "verify", "--receipt", "x"],
                 ["audit", "verify", "--checkpoint", "x"], ["audit", "verify", "--remember", "x", "--receipt", "y"],
                 ["audit", "verify", "--remember", "x", "--key", "y"], ["audit", "verify", "--arguments", "x"],
                 ["audit", "checkpoint"], ["help", "nonsense"], ["help", "key", "nonsense"], ["completion"],
                 ["completion", "tcsh"], ["--store"]]:
        assert run(*args, code=2).stdout == ""


@case
def suggestions():
    """a mistyped command or option is answered with the near one"""
    assert "did you mean 'aim key'" in run("kye", code=2).stderr
    assert "did you mean 'aim audit verify'" in run("audit", "verfy", code=2).stderr
    assert "did you mean --purpose" in run("key", "generate", "--porpose", "log", code=2).stderr
    assert "did you mean" not in run("drift", "list", "--since", "1h", code=2).stderr  # not --store: the dashes say nothing


@case
def hostile_words():
    """what is typed is shown without its control characters"""
    for args in [["\033[31m"], ["key", "\u202e"], ["key", "show", "/none/\033]0;x\007"], ["--\033[2J"],
                 ["audit", "verify", "--store", "/none/\u009b2J"]]:
        r = subprocess.run([AIM, *args], capture_output=True, text=True, check=False)
        assert r.returncode in (2, 3) and not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", r.stderr), r.stderr


@case
def options_anywhere():
    """options stand before and behind arguments, with '=' or without, and '--' ends them"""
    with Folder() as f:
        key = make_key(f)
        want = answer("key", "show", key)
        assert answer("key", "show", f"--passphrase-file={f}/pw", key) == want
        assert answer("--json", "key", "show", key) == want
        assert answer("key", "show", "--", key) == want
        (f / "-odd").write_bytes(key.read_bytes())
        assert answer("key", "show", "--", "-odd", cwd=f)["key_id"] == want["key_id"]


@case
def the_store():
    """--store, AIM_STORE and aim.db, in this order"""
    with Folder() as f:
        store = make_store(f)
        assert answer("audit", "verify", cwd=f)["state"] == "intact"
        assert answer("audit", "verify", cwd="/", env={"AIM_STORE": str(store)})["state"] == "intact"
        assert answer("--store", store, "audit", "verify", cwd="/", env={"AIM_STORE": "/none"})["state"] == "intact"
        assert "aim.db" in run("audit", "verify", cwd="/", code=3).stderr
        assert "aim.db" in run("audit", "verify", cwd="/", env={"AIM_STORE": ""}, code=3).stderr


@case
def full_disk():
    """output that cannot be written is exit status 3, whatever the command"""
    with Folder() as f:
        key, store = make_key(f), make_store(f)
        for args in [["help"], ["--version"], ["help", "key"], ["completion", "bash"], ["key", "show", key],
                     ["key", "export", key], ["audit", "verify", "--store", store], ["audit", "verify", "--store", store, "--json"]]:
            with open("/dev/full", "w", encoding="ascii") as full:
                assert "No space left" in run(*args, stdout=full, code=3).stderr


@case
def closed_streams():
    """a closed stdout is an error, and no file is taken for it"""
    with Folder() as f:
        store = make_store(f)
        before = answer("audit", "verify", "--store", store)
        for closed in [">&-", "<&- >&-", "<&- >&- 2>&-"]:
            r = subprocess.run(["sh", "-c", f'exec "$0" audit verify --store "$1" {closed}', AIM, store], check=False)
            assert r.returncode == 3, closed
        assert answer("audit", "verify", "--store", store) == before


@case
def reader_gone():
    """a reader that stops reading ends the program without a word"""
    r = subprocess.run(["bash", "-c", '"$0" help | true; echo ${PIPESTATUS[0]}', AIM], capture_output=True, text=True, check=True)
    assert r.stderr == "" and r.stdout.strip() in ("0", "3")
    read, write = os.pipe()
    os.close(read)
    r = subprocess.run([AIM, "help"], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert r.returncode == 3 and r.stderr == ""


@case
def colour():
    """colour on a terminal only, and not with NO_COLOR, --no-color, TERM=dumb or --json"""
    assert "\033[" not in run("help").stdout
    assert "\033[1m" in on_terminal("help")[1]
    assert "\033[" in on_terminal("help", env={"NO_COLOR": ""})[1]
    assert "\033[" not in on_terminal("help", env={"NO_COLOR": "1"})[1]
    assert "\033[" not in on_terminal("help", env={"TERM": "dumb"})[1]
    assert "\033[" not in on_terminal("help", "--no-color")[1]


@case
def widths():
    """help fits the terminal"""
    for columns in (60, 80, 200):
        said = re.sub(r"\033\[[\d;]*m", "", on_terminal("help", "key", "export", columns=columns)[1])
        assert max(map(len, said.splitlines())) <= columns, said


def complete(*words):
    script = (f'source "{COMPLETION}"; COMP_WORDS=({" ".join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}; '
              'compopt() { :; }; _aim; printf "%s\\n" "${COMPREPLY[@]}"')
    r = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert r.stderr == "", r.stderr
    return r.stdout.split()


@case
def completion():
    """the completion script parses and completes commands, options, words and files"""
    assert COMPLETION.read_text() == run("completion", "bash").stdout
    subprocess.run(["bash", "-n", COMPLETION], check=True)
    assert {"key", "audit", "help"} <= set(complete("aim", ""))
    assert complete("aim", "ke") == ["key"]
    assert {c for g, c in commands() if g == "key"} == set(complete("aim", "key", ""))
    for group, command in commands():
        assert set(options_of(group, command)) <= set(complete("aim", *words_of(group, command), "-")), (group, command)
    assert complete("aim", "key", "generate", "--purpose", "") == ["agent", "server", "log"]
    assert complete("aim", "key", "generate", "--pur") == ["--purpose"]
    assert "spki-pem" in complete("aim", "key", "export", "x", "-f", "spki-")
    assert complete("aim", "--store", "x", "audit", "ver") == ["verify"]
    with Folder() as f:
        assert complete("aim", "key", "show", f"{f}/p") == [f"{f}/pw"]
        assert complete("aim", "audit", "verify", "--remember", f"{f}/p") == [f"{f}/pw"]
        (f / "folder").mkdir()
        assert complete("aim", "detect", "--home", f"{f}/") == [f"{f}/folder"]
    assert complete("aim", "help", "au") == ["audit"]


@case
def manuals():
    """each command, option and exit status is in a manual"""
    for group, command in commands():
        text = (MAN / f"aim-{group}.1").read_text().replace("\\-", "-")
        assert not command or f"\n.It Cm {command}" in text or f"\n.Ss {command}" in text, (group, command)
        for option in options_of(group, command):
            assert re.search(rf"Fl -{option[2:]}\b", text), (group, command, option)
    overall = (MAN / "aim.1").read_text()
    for option in ("store", "json", "no-color", "quiet", "help", "version"):
        assert f"Fl -{option}" in overall
    for status in range(7):
        assert f"\n.It {status}\n" in overall
    for name in ("AIM_STORE", "NO_COLOR", "TERM"):
        assert f"\n.It Ev {name}" in overall


if __name__ == "__main__":
    raise SystemExit(main())
