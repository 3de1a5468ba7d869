#!/usr/bin/env python3
"""Writes encoded and disguised variants of a corpus of attacks to standard output.

Usage: variants.py encoded|invisible CORPUS
"""
import base64
import codecs
import json
import sys
import urllib.parse

CONFUSABLE = dict(zip("aceopxyi", "асеорхуі"))
LEET = str.maketrans("aeiost", "431057")


def percent(text):
    return "".join(f"%{b:02X}" for b in text.encode())


def fullwidth(text):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def bold(text):
    return "".join(chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else chr(0x1D400 + ord(c) - 65) if "A" <= c <= "Z" else c
                   for c in text)


ANY = {
    "base64": lambda t: base64.b64encode(t.encode()).decode(),
    "base64url": lambda t: base64.urlsafe_b64encode(t.encode()).decode().rstrip("="),
    "hex": lambda t: t.encode().hex(),
    "hex pairs": lambda t: t.encode().hex(" "),
    "percent": percent,
    "decimal entities": lambda t: "".join(f"&#{ord(c)};" for c in t),
    "hex entities": lambda t: "".join(f"&#x{ord(c):x};" for c in t),
    "backslash x": lambda t: "".join(f"\\x{b:02x}" for b in t.encode()),
    "backslash u": lambda t: "".join(f"\\u{ord(c):04x}" for c in t),
    "base64 twice": lambda t: base64.b64encode(base64.b64encode(t.encode())).decode(),
    "percent of base64": lambda t: percent(base64.b64encode(t.encode()).decode()),
}
LATIN = {
    "rot13": lambda t: codecs.encode(t, "rot13"),
    "leetspeak": lambda t: t.translate(LEET),
    "spaced letters": lambda t: "  ".join(" ".join(w) for w in t.split()),
    "reversed": lambda t: t[::-1],
    "confusables": lambda t: "".join(CONFUSABLE.get(c, c) for c in t),
    "full width": fullwidth,
    "mathematical bold": bold,
}
INVISIBLE = {
    "zero width": lambda t: t.replace("e", "e\u200b"),
    "tag characters": lambda t: "ok" + "".join(chr(0xE0000 + ord(c)) for c in t if ord(c) < 128),
    "soft hyphen": lambda t: t.replace(" ", " \u00ad", 1),
    "bidi override": lambda t: "\u202e" + t[::-1] + "\u202c",
    "word joiner": lambda t: "\u2060".join(t),
    "variation selector": lambda t: t[0] + "\ufe01" + t[1:],
    "escape": lambda t: "\x1b[8m" + t + "\x1b[0m",
    "byte order mark": lambda t: "\ufeff" + t,
}


def main():
    kinds = {"encoded": {**ANY, **LATIN}, "invisible": INVISIBLE}[sys.argv[1]]
    for line in open(sys.argv[2], encoding="utf-8"):
        item = json.loads(line)
        if item["class"] in ("marker", "comment", "pushed"):
            continue
        text = item["tool"]["description"]
        for name, encode in kinds.items():
            if name in LATIN and item["language"] not in ("en", "es", "fr", "de", "pt") or name in LATIN and "https" in text:
                continue
            if name in LATIN and item["language"] != "en":
                continue
            new = dict(item, encoding=name, tool={"name": "tool", "description": "Adds two numbers. " + encode(text)})
            if name in INVISIBLE and encode(text) in (text, "ok"):
                continue
            print(json.dumps(new, ensure_ascii=False))


if __name__ == "__main__":
    main()
