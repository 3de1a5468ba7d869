#!/usr/bin/env python3
"""The walls between the layers hold, and this test would notice if they did not.

Usage: walls_test.py CC SOURCE_ROOT WALLS BUILD_SRC LAYER=HEADER,... (bottom layer first)

WALLS holds one include root per layer (made by src/walls.py), BUILD_SRC the archives
libaim_<layer>.a. Output is TAP.
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

# What the layers below backends may use of the C library and the compiler; everything else is the system's.
SYSTEM_HEADERS = {"arm_neon.h", "emmintrin.h", "limits.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stddef.h", "stdint.h", "string.h"}
SYSTEM_CALLS = {"memchr", "memcmp", "memcpy", "memmove", "memset", "strchr", "strcmp", "strcspn", "strlen",
                "strncmp", "strspn", "bcmp"}
TOOLCHAIN = re.compile(r"^(_GLOBAL_OFFSET_TABLE_$|__(asan|ubsan|tsan|gcov|llvm|sanitizer|sancov|stack_chk|start___|"
                       r"stop___|mem\w+_chk$|atomic|\w*popcount|\w*[cm]tz|\w*clz|bswap|u?divti|u?modti|multi))")
DOOR = ("src/base/os_posix.c",)
TOP = "backends"


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

    def done(self):
        print(f"1..{self.n}")
        return 1 if self.failed else 0


class Tree:
    """The source tree as the build describes it."""

    def __init__(self, cc, root, walls, archives, layers):
        self.cc = cc
        self.root = root
        self.walls = walls
        self.headers = {}
        self.left_out = set()  # headers of parts that this build goes without
        for layer in layers:
            name, _, headers = layer.partition("=")
            if name == "left_out":
                self.left_out = {inner_path(h) for h in headers.split(",")}
                continue
            self.headers[name] = [inner_path(h) for h in headers.split(",") if h]
        self.order = list(self.headers)
        self.archives = {name: [os.path.join(archives, f"libaim_{name}.a")] for name in self.order}

    def includes(self, layer, text, *extra):
        """Whether a file of the layer with this text passes the preprocessor (or extra compiler options)."""
        here = os.path.join(self.root, "src", layer)
        run = subprocess.run([*self.cc, "-I", os.path.join(self.walls, layer), *(extra or ["-E"]), "-x", "c", "-",
                              "-o", os.devnull], input=text, text=True, capture_output=True, cwd=here)
        return run.returncode == 0, run.stderr


def inner_path(header):
    return header.split("/", 1)[1]


def parallel(function, jobs):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [r for r in pool.map(lambda job: function(*job), jobs) if r]


def own_headers(tree, only=None):
    """Every header compiles alone against its own layer's root: it hides no include."""
    def check(layer, header):
        good, message = tree.includes(layer, f'#include "{header}"\n#include "{header}"\n',
                                      "-std=c11", "-Wall", "-Werror", "-fsyntax-only")
        return None if good else f"{header} does not compile alone in {layer}: {message}"
    return parallel(check, [(layer, h) for layer in tree.order for h in tree.headers[layer] if only in (None, h)])


def planted_header(tree):
    return own_headers(tree, "aim/planted.h")


def upward_includes(tree):
    """No header of a layer can be found from a layer below it; one of each layer is really included."""
    def finds(layer, *above):
        text = "".join(f'#if __has_include("{h}")\n#warning FOUND {h}\n#endif\n' for h in above)
        found = dict.fromkeys(re.findall(r"FOUND (\S+)", tree.includes(layer, text)[1]))
        return "; ".join(f"{layer} can find {h}" for h in found)

    def includes(layer, header):
        good, _ = tree.includes(layer, f'#include "{header}"\n')
        return f"{layer} can include {header}" if good else None
    looks, tries = [], []
    for i, layer in enumerate(tree.order):
        above = [tree.headers[name] for name in tree.order[i + 1:] if tree.headers[name]]
        looks.append((layer, *(h for headers in above for h in headers)))
        tries += [(layer, headers[0]) for headers in above]
    return parallel(finds, looks) + parallel(includes, tries)


def source_files(tree):
    for top in ("src", "include"):
        for folder, _, names in os.walk(os.path.join(tree.root, top)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), tree.root)


def unlisted_headers(tree):
    """A header that no meson.build names would be outside every check."""
    listed = {h for headers in tree.headers.values() for h in headers} | {"aim/aim.h"} | tree.left_out
    return [f"{path} is in no src/<layer>/meson.build" for path in source_files(tree)
            if path.endswith(".h") and inner_path(path) not in listed]


def forbidden_includes(tree):
    """Spellings that step over the walls, and headers of the system below backends."""
    problems = []
    for path in source_files(tree):
        with open(os.path.join(tree.root, path), encoding="utf-8") as file:
            found = re.findall(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)', file.read(), re.M)
        for bracket, name in found:
            if ".." in name.split("/") or name.startswith("/"):
                problems.append(f"{path} includes {name}: name the header from the include root")
            elif bracket == "<" and not name.startswith("aim/") and name not in SYSTEM_HEADERS \
                    and path not in DOOR and not path.startswith(f"src/{TOP}/"):
                problems.append(f"{path} includes <{name}>: only {TOP} and {DOOR[0]} may")
            elif bracket == '"' and "/" not in name:
                problems.append(f'{path} includes "{name}": name the layer, "layer/{name}"')
    return problems


def nm(path, *options):
    """(object, type, symbol) of each symbol of an archive."""
    out = subprocess.run(["nm", "-A", "-P", *options, path], check=True, text=True, capture_output=True).stdout
    for line in out.splitlines():
        place, _, rest = line.partition(": ")
        fields = rest.split()
        yield os.path.basename(place).split("[")[-1].rstrip("]:"), fields[1], fields[0]


def defined_symbols(tree):
    """symbol → layers that define it."""
    where = {}
    for layer in tree.order:
        for archive in tree.archives[layer]:
            if os.path.exists(archive):
                for _, _, symbol in nm(archive, "--defined-only", "--extern-only"):
                    where.setdefault(symbol, []).append(layer)
    return where


def undefined_symbols(tree, layer):
    for archive in tree.archives[layer]:
        if os.path.exists(archive):
            for place, _, symbol in nm(archive, "--undefined-only"):
                yield place, symbol


def upward_calls(tree):
    """Each aim symbol a layer uses is defined in that layer or below, and once."""
    where = defined_symbols(tree)
    problems = [f"{symbol} is defined in {' and '.join(layers)}" for symbol, layers in where.items()
                if symbol.startswith("aim") and len(layers) > 1]
    for i, layer in enumerate(tree.order):
        for place, symbol in undefined_symbols(tree, layer):
            if not symbol.startswith("aim_"):
                continue
            if symbol not in where:
                problems.append(f"{layer}: {place} uses {symbol}, which no layer defines")
            elif where[symbol][0] not in tree.order[:i + 1]:
                problems.append(f"{layer}: {place} calls upward: {symbol} is in {where[symbol][0]}")
    return problems


def system_calls(tree):
    """Below backends nothing but the door calls the system or a third-party library."""
    problems = []
    for layer in tree.order:
        if layer == TOP:
            continue
        for place, symbol in undefined_symbols(tree, layer):
            if place == "base_os_posix.c.o" or symbol.startswith("aim_") or symbol in SYSTEM_CALLS \
                    or TOOLCHAIN.match(symbol):
                continue
            problems.append(f"{layer}: {place} calls {symbol}")
    return problems


def foreign_names(tree):
    """Static archives are linked into hosts: every external name carries the prefix."""
    return [f"{layers[0]} defines {symbol}" for symbol, layers in defined_symbols(tree).items()
            if not symbol.startswith("aim_") and not TOOLCHAIN.match(symbol)]


def changing_globals(tree):
    """No writable data: .data and .bss of every object are empty. Sanitizers add their own."""
    problems = []
    for layer in tree.order:
        for archive in tree.archives[layer]:
            if not os.path.exists(archive):
                continue
            if any(re.match(r"__(asan|tsan|gcov|sanitizer)", s) for _, s in undefined_symbols(tree, layer)):
                continue
            constant = constants(archive)
            problems += [f"{layer}: {place} has the variable {symbol}"
                         for place, kind, symbol in nm(archive, "--defined-only")
                         if kind in "BbCGgSs" or (kind in "Dd" and (place, symbol) not in constant)]
    return problems


def constants(archive):
    """The (object, symbol) pairs in .data.rel.ro: constant tables of pointers, which nm calls data."""
    out = subprocess.run(["objdump", "-t", archive], check=True, text=True, capture_output=True).stdout
    place, found = "", set()
    for line in out.splitlines():
        if "file format" in line:
            place = os.path.basename(line.split(":")[0])
        elif ".data.rel.ro" in line:
            found.add((place, line.split()[-1]))
    return found


CHECKS = (
    (own_headers, "each header compiles alone in its own layer"),
    (upward_includes, "no layer can include a header of a layer above"),
    (unlisted_headers, "every header belongs to a layer"),
    (forbidden_includes, "includes name headers from the root and stay off the system"),
    (upward_calls, "no layer calls a layer above"),
    (system_calls, "only the door and backends call the system"),
    (foreign_names, "external names carry the prefix"),
    (changing_globals, "there are no variables outside contexts and handles"),
)


# The self-test: a copy of the tree with one offence planted at a time.

def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Copy:
    """A temporary copy of src and include in which mcp has a new header and a new function."""

    def __init__(self, cc, root, build, layers):
        self.folder = tempfile.mkdtemp(prefix="walls-")
        self.root = os.path.join(self.folder, "tree")
        for top in ("src", "include"):
            shutil.copytree(os.path.join(root, top), os.path.join(self.root, top))
        write(os.path.join(self.root, "include/aim/planted.h"), "int aim_planted(void);\n")
        write(os.path.join(self.root, "src/mcp/planted.h"), "int aim__planted(void);\n")
        added = "include/aim/planted.h,src/mcp/planted.h"
        layers = [layer + ("" if layer.endswith("=") else ",") + added if layer.startswith("mcp=") else layer
                  for layer in layers]
        walls = os.path.join(self.folder, "walls")
        subprocess.run([sys.executable, os.path.join(self.root, "src/walls.py"), walls, self.root, *layers],
                       check=True)
        self.tree = Tree(cc, self.root, walls, build, layers)
        self.add("mcp", "int aim__planted(void);\nint aim__planted(void)\n{\n\treturn 0;\n}\n")

    def add(self, layer, text):
        """Compiles text as one more archive of a layer."""
        base = os.path.join(self.folder, f"{layer}{len(self.tree.archives[layer])}")
        write(base + ".c", text)
        subprocess.run([*self.tree.cc, "-c", base + ".c", "-o", base + ".o"], check=True)
        subprocess.run(["ar", "rcs", base + ".a", base + ".o"], check=True)
        self.tree.archives[layer].append(base + ".a")

    def done(self):
        shutil.rmtree(self.folder)


def compile_upward(copy):
    """The compiler itself refuses the planted include in base and takes it in mcp."""
    problems = []
    for line in ("#include <aim/planted.h>\n", '#include "aim/planted.h"\n', '#include "mcp/planted.h"\n'):
        if copy.tree.includes("base", line, "-fsyntax-only")[0]:
            problems.append(f"base compiles {line.strip()}")
        if not copy.tree.includes("mcp", line, "-fsyntax-only")[0]:
            problems.append(f"mcp does not compile {line.strip()}")
    return problems


def leaky_wall(copy):
    """What a wrong walls.py would make: base sees a header of mcp."""
    os.makedirs(os.path.join(copy.tree.walls, "base/mcp"))
    shutil.copy(os.path.join(copy.root, "src/mcp/planted.h"), os.path.join(copy.tree.walls, "base/mcp"))


def file_with(path, text):
    return lambda copy: write(os.path.join(copy.root, path), text)


def function(layer, name, body, declarations=""):
    text = f"{declarations}int {name}(void);\nint {name}(void)\n{{\n\treturn {body};\n}}\n"
    return lambda copy: copy.add(layer, text)


# What is planted, which check must refuse it, and words that its complaint must hold.
OFFENCES = (
    ("a root that shows a header from above", leaky_wall, upward_includes, ["base", "mcp/planted.h"]),
    ("an include with ..", file_with("src/base/planted1.c", '#include "../mcp/planted.h"\n'),
     forbidden_includes, ["planted1.c", "../mcp"]),
    ("a system header", file_with("src/base/planted2.c", "#include <stdio.h>\n"),
     forbidden_includes, ["planted2.c", "<stdio.h>"]),
    ("an include without its layer", file_with("src/base/planted3.c", '#include "mem.h"\n'),
     forbidden_includes, ["planted3.c", '"mem.h"']),
    ("a header of no layer", file_with("src/base/loose.h", ""), unlisted_headers, ["src/base/loose.h"]),
    ("a header that needs another first", file_with("include/aim/planted.h", "aim_nothing x;\n"),
     planted_header, ["aim/planted.h"]),
    ("a call upward", function("base", "aim__planted1", "aim__planted()", "int aim__planted(void);\n"),
     upward_calls, ["base", "upward", "aim__planted"]),
    ("a call to nothing", function("mcp", "aim__planted2", "aim__absent()", "int aim__absent(void);\n"),
     upward_calls, ["mcp", "aim__absent"]),
    ("a second definition", function("identity", "aim__planted", "1"),
     upward_calls, ["aim__planted is defined in identity and mcp"]),
    ("a system call", function("base", "aim__planted3", 'puts("")', "int puts(const char *);\n"),
     system_calls, ["base", "calls puts"]),
    ("a name without the prefix", function("mcp", "loose", "0"), foreign_names, ["mcp", "loose"]),
    ("a variable", lambda copy: copy.add("mcp", "int aim__count;\n"), changing_globals, ["mcp", "aim__count"]),
)


def self_test(tap, copy):
    tap.result(compile_upward(copy), "refused when planted: compiling an upward include")
    checks = {offence[2] for offence in OFFENCES}
    before = {check: check(copy.tree) for check in checks}
    for _, plant, _, _ in OFFENCES:
        plant(copy)
    after = {check: check(copy.tree) for check in checks}
    for name, _, check, words in OFFENCES:
        def complains(problems, words=words):
            return any(all(word in problem for word in words) for problem in problems)
        problems = [] if complains(after[check]) else ["not refused"]
        if complains(before[check]):
            problems.append("refused before it was planted")
        tap.result(problems, f"refused when planted: {name}")


def main():
    cc, root, walls, build, *layers = sys.argv[1:]
    cc = [word for word in cc.split(";") if word != "ccache"]
    tap = Tap()
    tree = Tree(cc, root, walls, build, layers)
    for check, name in CHECKS:
        tap.result(check(tree), name)
    copy = Copy(cc, root, build, layers)
    try:
        self_test(tap, copy)
    finally:
        copy.done()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
