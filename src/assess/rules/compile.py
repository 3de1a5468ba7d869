#!/usr/bin/env python3
"""Compiles the rules of the scanner: the *.rules files of this folder become C tables.

Usage: compile.py [--check] OUT.c OUT.h RULES... | compile.py --examples OUT.c RULES...

--check compares instead of writing.

The language, one statement per line, "#" begins a comment, indented lines belong to the statement before:

    concept NAME            words follow, each line opens with the language's code; "a{,s,ed}" is a, as, aed
    chain NAME = A 2 B|C    a concept made of others: A, at most 2 words, then B or C
    rule ID                 with the indented members
        type        one of the threat types
        category    signals of one category do not add up
        weight      1 ... 100; 100 decides alone
        message     what it means
        match       A 4 B 0 C   a chain; "~4" may cross the end of a sentence
        unless      A 3         not when A stands at most 3 words before the match
        marker      a literal
        + TEXT      a text in which the rule gives a signal
        - TEXT      one in which it gives none; a TEXT in braces is a whole definition
    parameters / common / rot13 / reversed   lists of names, words of which the other spelling counts
"""
import hashlib
import io
import itertools
import os
import re
import sys
import unicodedata

TYPES = ["none", "tool_poisoning", "rug_pull", "cross_server_attack", "confused_deputy", "hidden_instruction",
         "description_injection"]
MASK = (1 << 64) - 1


def fail(place, problem):
    sys.exit(f"{place}: {problem}")


def fold(text):
    text = unicodedata.normalize("NFKD", text).casefold()
    text = unicodedata.normalize("NFKD", text)
    return "".join(c for c in text if unicodedata.category(c) not in ("Mn", "Me"))


def spell(word):
    """ignor{e,ed} and the like, all of them; nested braces are not needed."""
    parts = re.split(r"(\{[^}]*\})", word)
    choices = [p[1:-1].split(",") if p.startswith("{") else [p] for p in parts]
    return ["".join(c) for c in itertools.product(*choices)]


def word_hash(data, prefix):
    h = 0
    for c in data:
        h = ((h << 7 | h >> 57) & MASK) ^ c
    h = (h ^ prefix << 48) * 0x9E3779B97F4A7C15 & MASK
    return (h >> 32 ^ h >> 11) & 0xFFFFFFFF


class Rules:
    def __init__(self):
        self.concepts = {"NONE": 0}
        self.words = {}      # (prefix, folded text) -> [concepts]
        self.spelled = {}    # concept -> English words, for the other spellings
        self.chains = []     # (stages, yields, unless, unless_gap)
        self.rules = []
        self.parameters = []
        self.common = []
        self.levels = {}
        self.categories = ["none"]

    def concept(self, name):
        return self.concepts.setdefault(name, len(self.concepts))

    def add_word(self, concept, word, place):
        prefix = 0
        if len(word) > 1 and word[0] in "<./~_#$":
            prefix, word = ord(word[0]), word[1:]
        text = fold(word).replace("'", "").replace("’", "")
        if not text or not all(c.isalnum() or c == "ー" for c in text):
            fail(place, f"{word!r} is not one word")
        data = text.encode()
        if len(data) > 48:
            fail(place, f"{word!r} is too long")
        into = self.words.setdefault((prefix, data), [])
        number = self.concept(concept)
        if number not in into:
            into.append(number)

    def stages(self, text, place):
        out, gap, across = [], 0, False
        for token in text.split():
            if re.fullmatch(r"~?\d+", token):
                across, gap = token.startswith("~"), int(token.lstrip("~"))
                continue
            names = token.split("|")
            for name in names:
                if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
                    fail(place, f"{token!r} is no concept")
            out.append((gap, across, names))
            gap, across = 0, False
        return out

    def read(self, path):
        current = None
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            place = f"{path}:{number}"
            text = line.split(" #")[0].rstrip() if not line.lstrip().startswith(("+", "-", "#", "marker", "message")) else line.rstrip()
            if not text.strip() or text.lstrip().startswith("#") and not text.startswith("\t"):
                continue
            if text.startswith("\t"):
                self.member(current, text.strip(), place)
                continue
            kind, _, rest = text.partition(" ")
            if kind == "chain":
                name, _, stages = rest.partition(" = ")
                self.chains.append([self.stages(stages, place), ("concept", name.strip()), None, 0, place])
                self.concept(name.strip())
            elif kind == "rule":
                rule = {"id": rest.strip(), "chains": [], "markers": [], "good": [], "bad": [], "unless": (None, 0)}
                self.rules.append(rule)
                current = ("rule", rule)
            elif kind in ("concept", "parameters", "common", "rot13", "reversed"):
                current = (kind, rest.strip())
            else:
                fail(place, f"{kind!r} is no statement")

    def member(self, current, text, place):
        if current is None:
            fail(place, "belongs to nothing")
        kind, what = current
        if kind == "concept":
            language, _, words = text.partition(" ")
            for word in words.split():
                for one in spell(word):
                    self.add_word(what, one, place)
                    if language == "en":
                        self.spelled.setdefault(what, set()).add(fold(one))
        elif kind == "parameters":
            self.parameters += text.split()
        elif kind == "common":
            self.common += text.split()
        elif kind in ("rot13", "reversed"):
            self.other_spelling(kind, text.split(), place)
        else:
            self.rule_member(what, text, place)

    def other_spelling(self, kind, concepts, place):
        turn = str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")
        for concept in concepts:
            for word in sorted(self.spelled.get(concept, ())):
                if len(word) < 5 or not word.isascii() or not word.isalpha():
                    continue
                other = word.translate(turn) if kind == "rot13" else word[::-1]
                if (0, other.encode()) not in self.words:
                    self.add_word(kind.upper(), other, place)

    def rule_member(self, rule, text, place):
        name, _, rest = text.partition(" ")
        if name == "+":
            rule["good"].append(rest)
        elif name == "-":
            rule["bad"].append(rest)
        elif name == "match":
            self.chains.append([self.stages(rest, place), ("rule", rule), None, 0, place])
        elif name == "unless":
            concept, gap = rest.split()
            rule["unless"] = (concept, int(gap))
        elif name == "marker":
            rule["markers"].append(rest)
        elif name in ("type", "category", "message"):
            rule[name] = rest
        elif name == "weight":
            rule["weight"] = int(rest)
        else:
            fail(place, f"{name!r} is no member of a rule")

    def check(self):
        made = {w for words in self.words.values() for w in words}
        made |= {self.concept(c[1][1]) for c in self.chains if c[1][0] == "concept"}
        made |= {self.concept(n) for n in BUILT_IN}
        for stages, _, _, _, place in self.chains:
            for _, _, names in stages:
                for name in names:
                    if name not in self.concepts or self.concepts[name] not in made:
                        fail(place, f"nothing is {name}")
            if not 1 <= len(stages) <= 8:
                fail(place, "a chain has 1 to 8 stages")
        for rule in self.rules:
            for member in ("type", "category", "weight", "message"):
                if member not in rule:
                    fail(rule["id"], f"has no {member}")
            if rule["type"] not in TYPES:
                fail(rule["id"], f"{rule['type']} is no threat type")
        self.check_cycles()

    def check_cycles(self):
        uses = {}
        for stages, (kind, name), _, _, _ in self.chains:
            if kind == "concept":
                uses.setdefault(name, set()).update(n for s in stages for n in s[2])

        def depth(name, seen):
            if name in seen:
                fail(name, "is made of itself")
            return 1 + max((depth(n, seen | {name}) for n in uses.get(name, ())), default=0)
        for name in uses:
            if depth(name, frozenset()) > 6:
                fail(name, "is made of more than six levels")


# What the code itself feeds: things that are no words.
BUILT_IN = ["URL", "EMAIL", "PLACEHOLDER", "START", "OTHER_TOOL", "SELF"]
NAMED_CONCEPTS = BUILT_IN + ["ROT13", "REVERSED"]


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


def rows(values, form="{}", width=12):
    values = [form.format(v) for v in values]
    return "".join("\t" + ", ".join(values[i:i + width]) + ",\n" for i in range(0, len(values), width))


def table_of(words):
    size = 1
    while size < 2 * len(words):
        size *= 2
    table = [0] * size
    for index, (prefix, data) in enumerate(words):
        at = word_hash(data, prefix) & size - 1
        while table[at]:
            at = at + 1 & size - 1
        table[at] = index + 1
    return table


def run_on(data):
    cp = ord(data.decode()[0])
    return 0x2E80 <= cp < 0xA000 or 0xE00 <= cp < 0xE80 or 0xF900 <= cp < 0xFB00


STEP_LAST, STEP_ACROSS, STEP_BEHIND_CONCEPT, STEP_ALONE = 1, 2, 4, 8


def chain_steps(rules, number, stages, slot, steps):
    """The steps of a chain, by concept. What takes the first place needs no slot: each concept remembers where it was last."""
    for stage, (between, across, names) in enumerate(stages):
        last = STEP_LAST if stage == len(stages) - 1 else 0
        flags = last | (STEP_ACROSS if across else 0)
        own = 0 if last else slot
        for name in names:
            into = steps.setdefault(rules.concept(name), [])
            if stage == 0 and last:
                into.append((number, 0, 0, 0, flags | STEP_ALONE))
            elif stage == 1:
                into += [(number, own, rules.concept(n), between, flags | STEP_BEHIND_CONCEPT) for n in stages[0][2]]
            elif stage > 1:
                into.append((number, own, slot - 1, between, flags))
        slot += 1 if stage > 0 and not last else 0
    return slot


def emit(rules, out):
    words = sorted(rules.words)
    pool, text_at, concepts, word_rows = b"", {}, [], []
    for prefix, data in sorted(words, key=lambda w: -len(w[1])):
        at = pool.find(data)
        if at < 0:
            at = len(pool)
            pool += data
        text_at[prefix, data] = at
    lists = {}
    for key in words:
        group = tuple(rules.words[key])
        if group not in lists:
            lists[group] = len(concepts)
            concepts.extend(group)
        word_rows.append(f"\t{{{text_at[key]}, {lists[group]}, {len(group)}, {len(key[1])}, {key[0]}, {{0}}}},\n")
    filter_bits, first_bits = [0] * 512, [0] * 64
    for prefix, data in words:
        h = word_hash(data, prefix) >> 17
        filter_bits[h >> 6] |= 1 << (h & 63)
        if run_on(data):
            cp = ord(data.decode()[0])
            first_bits[(cp & 4095) >> 6] |= 1 << (cp & 63)
    steps, slot, chains = {}, 0, []
    for number, (stages, (kind, target), _, _, _) in enumerate(rules.chains):
        unless, gap = target["unless"] if kind == "rule" else (None, 0)
        yields = 0x8000 | rules.concept(target) if kind == "concept" else rules.rules.index(target)
        chains.append(f"\t{{0x{yields:x}, {rules.concept(unless) if unless else 0}, {gap}, 0}},\n")
        slot = chain_steps(rules, number, stages, slot, steps)
    flat, starts = [], []
    for concept in range(len(rules.concepts)):
        starts.append(len(flat))
        flat += sorted(steps.get(concept, []), key=lambda s: (s[0], -s[1], s[2]))
    starts.append(len(flat))
    markers = sorted(((m, i) for i, r in enumerate(rules.rules) for m in r["markers"]), key=lambda m: (m[0][0], -len(m[0])))
    categories = sorted({r["category"] for r in rules.rules})
    table = table_of(words)
    out.write("/* Made by rules/compile.py; do not edit. */\n#include \"assess/rules.h\"\n\n")
    out.write("const aim__rule aim__rules[] = {\n")
    for r in rules.rules:
        out.write(f"\t{{{c_string(r['id'])}, {c_string(r['message'])}, {TYPES.index(r['type'])}, "
                  f"{categories.index(r['category']) + 1}, {r['weight']}, 0}},\n")
    out.write(f"}};\nconst uint32_t aim__n_rules = {len(rules.rules)};\n")
    out.write("const aim__rule_word aim__rule_words[] = {\n" + "".join(word_rows) + "};\n")
    out.write("const uint8_t aim__rule_text[] = {\n" + rows(pool, width=24) + "};\n")
    out.write("const uint16_t aim__rule_concepts[] = {\n" + rows(concepts) + "};\n")
    out.write("const uint16_t aim__rule_table[] = {\n" + rows(table) + "};\n")
    out.write(f"const uint32_t aim__rule_table_mask = {len(table) - 1};\n")
    out.write("const uint64_t aim__rule_filter[512] = {\n" + rows(filter_bits, "0x{:x}u", 6) + "};\n")
    out.write("const uint64_t aim__rule_first[64] = {\n" + rows(first_bits, "0x{:x}u", 6) + "};\n")
    out.write("const aim__rule_step aim__rule_steps[] = {\n" +
              "".join("\t{%d, %d, %d, %d, %d},\n" % s for s in flat) + "};\n")
    out.write("const uint16_t aim__rule_steps_of[] = {\n" + rows(starts) + "};\n")
    out.write("const aim__rule_chain aim__rule_chains[] = {\n" + "".join(chains) + "};\n")
    out.write(f"const uint32_t aim__rule_n_slots = {slot};\nconst uint32_t aim__rule_n_concepts = {len(rules.concepts)};\n")
    out.write("const aim__rule_marker aim__rule_markers[] = {\n" +
              "".join(f"\t{{{c_string(m.lower())}, {len(m)}, {i}}},\n" for m, i in markers) + "};\n")
    out.write(f"const uint32_t aim__rule_n_markers = {len(markers)};\n")
    for name, values in (("parameters", rules.parameters), ("common_names", rules.common)):
        out.write(f"const char *const aim__rule_{name}[] = {{\n\t" + ", ".join(map(c_string, values)) + ", NULL};\n")
    out.write("/* Names the rules: the hash of all that stands above. */\n"
              f"const char aim__rules_digest[] = \"{hashlib.sha256(out.getvalue().encode()).hexdigest()}\";\n")
    return slot, len(flat), len(words)


def emit_names(rules, out):
    out.write("/* Made by rules/compile.py; do not edit. */\n#ifndef AIM_ASSESS_RULES_NAMED_H\n"
              "#define AIM_ASSESS_RULES_NAMED_H\n\n")
    for name in NAMED_CONCEPTS:
        out.write(f"#define AIM__CONCEPT_{name} {rules.concept(name)}u\n")
    for i, rule in enumerate(rules.rules):
        name = re.sub(r"\W", "_", rule["id"]).upper()
        out.write(f"#define AIM__RULE_{name} {i}u\n")
    slots = max(1, sum(max(0, len(c[0]) - 2) for c in rules.chains))
    out.write(f"#define AIM__RULE_SLOTS {slots}u\n#define AIM__RULE_COUNT {len(rules.rules)}u\n"
              f"#define AIM__RULE_CONCEPTS {len(rules.concepts)}u\n"
              f"#define AIM__RULE_CATEGORIES {len({r['category'] for r in rules.rules}) + 1}u\n")
    out.write("\n#endif\n")


def emit_examples(rules, out):
    out.write("/* Made by rules/compile.py; do not edit. */\n#include \"examples.h\"\n\n"
              "const test_example test_examples[] = {\n")
    for rule in rules.rules:
        for expected, texts in ((1, rule["good"]), (0, rule["bad"])):
            for text in texts:
                data = text.encode().decode("unicode_escape").encode("latin-1") if text.startswith("\\") else text.encode()
                body = "".join(f"\\{b:03o}" if b < 32 or b > 126 or b in b'"\\?' else chr(b) for b in data)
                out.write(f"\t{{{c_string(rule['id'])}, \"{body}\", {expected}}},\n")
    out.write("\t{NULL, NULL, 0},\n};\n")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def check(path, text):
    with open(path, encoding="utf-8") as file:
        if file.read() != text:
            sys.exit(f"{path} is not what the rules say: run compile.py")


def main():
    arguments = sys.argv[1:]
    mode = arguments.pop(0) if arguments[0].startswith("--") else ""
    n_out = 1 if mode == "--examples" else 2
    rules = Rules()
    for name in NAMED_CONCEPTS:
        rules.concept(name)
    for path in sorted(arguments[n_out:], key=lambda p: (not p.endswith("words.rules"), os.path.basename(p))):
        rules.read(path)
    rules.check()
    made = [emit_examples] if mode == "--examples" else [emit, emit_names]
    for path, function in zip(arguments, made):
        text = io.StringIO()
        function(rules, text)
        (check if mode == "--check" else write)(path, text.getvalue())


if __name__ == "__main__":
    main()
