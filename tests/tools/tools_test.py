#!/usr/bin/env python3
"""What tools/check counts, and that every script of the project can at least be read by its shell.

Usage: tools_test.py SOURCE_ROOT. Output is TAP.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

CMOCKA = ("[==========] Running 3 test(s).\n[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n[  FAILED  ] b\n"
          "[ RUN      ] c\n[  SKIPPED ] c\n[==========] 3 test(s) run.\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] b\n")
CRASH = "[==========] Running 2 test(s).\n[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n"
GOOD = "[ RUN      ] a\n[       OK ] a\n"
TAP = "ok 1 - a\nnot ok 2 - b\n# why\nok 3 - c # SKIP no node\n1..3\n"

# Name, meson's result, standard output, expected first line, words of the rest.
COUNTED = (
    ("cmocka cases", "FAIL", CMOCKA, "1 1 1", ["failed: t: b", "skipped: t: c"]),
    ("a crash fails the case it was in", "FAIL", CRASH, "1 1 0", ["failed: t: b"]),
    ("a leak after good cases fails the program", "FAIL", GOOD, "1 1 0", ["failed: t"]),
    ("TAP cases", "ERROR", TAP, "1 1 1", ["failed: t: b", "skipped: t: c"]),
    ("a program without cases", "OK", "12 inputs\n", "1 0 0", []),
    ("a program without cases that fails", "FAIL", "", "0 1 0", ["failed: t"]),
    ("a timeout", "TIMEOUT", GOOD, "1 1 0", ["failed: t"]),
    ("a skipped program", "SKIP", "", "0 1 0", ["failed: t: could not run"]),
    ("a program that could not start", "ERROR", "", "0 1 0", ["failed: t"]),
)


class Tap:
    n = failed = 0

    def result(self, problems, name):
        self.n += 1
        self.failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.n} - {name}")
        for problem in problems:
            print("# " + str(problem).strip().replace("\n", "\n# "))


def tally(root, *arguments):
    run = subprocess.run([os.path.join(root, "tools/check.d/tally"), *arguments], text=True, capture_output=True)
    return run.returncode, run.stdout, run.stderr


def counting(tap, root, folder):
    path = os.path.join(folder, "log")
    for name, result, text, expected, words in COUNTED:
        with open(path, "w", encoding="utf-8") as file:
            file.write(json.dumps({"name": "suite / t", "result": result, "stdout": text}) + "\n")
        _, out, err = tally(root, "--meson", path)
        good = out.splitlines()[:1] == [expected] and all(w in out.splitlines() for w in words)
        tap.result([] if good else [out + err], f"counts {name}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(TAP)
    _, out, err = tally(root, "--log", "s", "1", path)
    tap.result([] if out.startswith("1 1 1\n") and "failed: s: b" in out else [out + err], "counts the cases of a step")
    with open(path, "w", encoding="utf-8") as file:
        file.write("no cases\n")
    outcomes = [tally(root, "--log", "s", code, path)[1].splitlines()[0] for code in ("0", "124")]
    tap.result([] if outcomes == ["1 0 0", "0 1 0"] else outcomes, "counts a step by its exit code")
    code, out, _ = tally(root, "--meson", path + ".absent")
    tap.result([] if code != 0 else [out], "fails without a log")


def scripts(root):
    for top in ("tools", ".ci", "tests", "bench"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            if "node_modules" in folder:
                continue
            for name in sorted(names):
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    first = file.readline(80)
                if first.startswith(b"#!/bin/bash") or first.startswith(b"#!/bin/sh"):
                    yield path


def reading(tap, root):
    for path in scripts(root):
        name = os.path.relpath(path, root)
        run = subprocess.run(["bash", "-n", path], text=True, capture_output=True)
        problems = [run.stderr] if run.returncode else []
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if not os.access(path, os.X_OK):
            problems.append("is not executable")
        if re.search(r"https?://|registry\.|/home/|/root/|/work/", text):
            problems.append("names a host or a path of one machine")
        tap.result(problems, f"{name} is a script that runs anywhere")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        counting(tap, sys.argv[1], folder)
    reading(tap, sys.argv[1])
    print(f"1..{tap.n}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
