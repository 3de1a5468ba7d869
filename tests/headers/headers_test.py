#!/usr/bin/env python3
"""Each public header stands alone in C and C++ and documents what it declares.

Usage: headers_test.py INCLUDE CC CXX ("-" when there is no C++ compiler)

Output is TAP: one line per header and language, one per header for its comments, and a self-test.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wshadow", "-Wundef", "-fsyntax-only"]
FORBIDDEN = (
    (r"\b(bool|_Bool)\b", "bool"), (r"\benum\b", "enum"), (r"\blong\b", "long"), (r"\btime_t\b", "time_t"),
    (r"\b(unsigned|signed|short)\b", "a type without a fixed width"),
    (r"^\s*u?int\d+_t\s+\w+\s*:\s*\d", "a bitfield"), (r"\.\.\.\s*\)", "variable arguments"),
    (r"\[\s*\]\s*;", "a flexible array"),
)


def public_headers(include):
    for folder, _, names in os.walk(include):
        for name in names:
            if name.endswith(".h"):
                yield os.path.relpath(os.path.join(folder, name), include)


def compile_alone(include, command, language, standard, header):
    text = f"#include <{header}>\n#include <{header}>\nextern int aim_probe;\nint aim_probe;\n"
    run = subprocess.run([*command, *WARNINGS, f"-std={standard}", "-I", include, "-x", language, "-"],
                         input=text, text=True, capture_output=True)
    return run.stderr.splitlines() if run.returncode else []


def without_comments(text):
    return re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def declarations(text):
    """(comment, declaration) of each AIM_API declaration. A run of declarations without an empty line
    between them shares the comment of the first; one may add a comment of its own."""
    pattern = re.compile(r"(?P<gap>\n*)(?P<comment>/\*\*(?:(?!\*/).)*\*/\n)?(?P<decl>AIM_API\b[^;]*;)", re.S)
    end = shared = None
    for match in pattern.finditer(text):
        if match.start() != end or len(match["gap"]) != 1:
            shared = match["comment"] or ""
        yield shared + (match["comment"] or ""), " ".join(match["decl"].split())
        end = match.end()


def name_of(declaration):
    match = re.search(r"\b(aim_\w+)\s*(\(|;|\[)", declaration)
    return match[1] if match else declaration


def comment_problems(header, text, codes):
    problems = []
    if not text.startswith(f"/** {header} — "):
        problems.append(f"does not open with /** {header} — what the module is for")
    for comment, declaration in declarations(text):
        name = name_of(declaration)
        returns_status = re.search(rf"\baim_status\s+{name}\b", declaration)
        if not comment:
            problems.append(f"{name} has no comment")
            continue
        for wanted in ("Threads:", "@since"):
            if wanted not in comment:
                problems.append(f"{name} does not say {wanted}")
        if returns_status and not re.search(r"\bAIM_OK\b|@return as aim_", comment):
            problems.append(f"{name} returns aim_status and does not list the codes")
    known = set(re.findall(r"#define (AIM_\w+)", text)) | codes
    for code in sorted(set(re.findall(r"\bAIM_E_[A-Z0-9_]+", text)) - known):
        if not code.endswith("_"):
            problems.append(f"names {code}, which status.h does not define")
    bare = without_comments(text)
    for pattern, what in FORBIDDEN:
        for match in re.finditer(pattern, bare, re.M):
            problems.append(f"uses {what} on line {bare[:match.start()].count(chr(10)) + 1}")
    missed = len(re.findall(r"^AIM_API\b", bare, re.M)) - len(list(declarations(text)))
    if missed:
        problems.append(f"{missed} AIM_API declarations were not understood")
    return problems


class Tap:
    def __init__(self):
        self.n = 0
        self.failed = 0

    def result(self, problems, name):
        self.n += 1
        self.failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.n} - {name}")
        for problem in problems:
            print("# " + problem.strip().replace("\n", "\n# "))


GOOD = """/** aim/x.h — an example. */
#include <aim/status.h>

/** Does it.
 *  @return AIM_OK, AIM_E_NOMEM
 *  Threads: any.  @since 0.1 */
AIM_API aim_status aim_x_do(int32_t n);
AIM_API aim_status aim_x_undo(int32_t n);
"""

# What is changed in the good header, and words of the complaint that must follow.
OFFENCES = (
    ("another title", lambda t: t.replace("aim/x.h", "x.h"), "does not open"),
    ("no comment", lambda t: t[:t.index("/** Does")] + t[t.index("AIM_API"):], "aim_x_do has no comment"),
    ("no thread word", lambda t: t.replace("Threads: any.", ""), "aim_x_do does not say Threads:"),
    ("no version", lambda t: t.replace("@since 0.1", ""), "aim_x_do does not say @since"),
    ("a run that was broken", lambda t: t.replace(";\nAIM", ";\n\nAIM"), "aim_x_undo has no comment"),
    ("no codes", lambda t: t.replace("AIM_OK, AIM_E_NOMEM", "a status"), "does not list the codes"),
    ("an undefined code", lambda t: t.replace("AIM_E_NOMEM", "AIM_E_NOWHERE"), "AIM_E_NOWHERE"),
    ("an enum", lambda t: t + "enum aim_x { AIM_X };\n", "uses enum"),
    ("a long", lambda t: t.replace("int32_t n", "long n"), "uses long"),
)


def self_test(tap, include, cc):
    problems = comment_problems("aim/x.h", GOOD, {"AIM_E_NOMEM"})
    tap.result(problems, "a good header passes")
    for name, change, words in OFFENCES:
        found = comment_problems("aim/x.h", change(GOOD), {"AIM_E_NOMEM"})
        tap.result([] if any(words in p for p in found) else [f"not refused: {found}"], f"refused: {name}")
    refused = compile_alone(include, cc, "c", "c11", "aim/absent.h")
    tap.result([] if refused else ["compiles"], "refused: a header that does not compile")


def main():
    include, cc, cxx = sys.argv[1], sys.argv[2].split(";"), sys.argv[3].split(";")
    tap = Tap()
    headers = sorted(public_headers(include))
    languages = [(cc, "c", "c11")]
    if cxx != ["-"]:
        languages += [(cxx, "c++", "c++11"), (cxx, "c++", "c++20")]
    with open(os.path.join(include, "aim/status.h"), encoding="utf-8") as file:
        codes = set(re.findall(r"#define (AIM_E_\w+)", file.read())) | {"AIM_E_UNKNOWN"}
    jobs = [(header, *language) for header in headers for language in languages]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda job: compile_alone(include, job[1], job[2], job[3], job[0]), jobs))
    for job, problems in zip(jobs, results):
        tap.result(problems, f"{job[0]} alone in {job[3]}")
    for header in headers:
        with open(os.path.join(include, header), encoding="utf-8") as file:
            tap.result(comment_problems(header, file.read(), codes), f"{header} says what it promises")
    self_test(tap, include, cc)
    print(f"1..{tap.n}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
