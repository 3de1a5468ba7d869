#!/usr/bin/env python3
"""aim-verify stays small and links nothing but the crypto provider and libc.

Usage: size.py AIM_VERIFY STRIP SIZE READELF
"""
import re
import subprocess
import sys
import tempfile

LIMIT = 64 * 1024  # text, read-only data and what the loader needs, as size(1) counts it
program, strip, size, readelf = sys.argv[1:5]

with tempfile.NamedTemporaryFile() as stripped:
    subprocess.run([strip, "-o", stripped.name, program], check=True)
    text = int(subprocess.run([size, stripped.name], check=True, capture_output=True,
                              text=True).stdout.splitlines()[1].split()[0])
dynamic = subprocess.run([readelf, "-d", program], check=True, capture_output=True, text=True).stdout
needed = {name.split(".so")[0] for name in re.findall(r"NEEDED.*\[(.*)\]", dynamic)}
print(f"{text} bytes of {LIMIT}, needs {sorted(needed)}")
if text > LIMIT:
    sys.exit("too large")
if "libsodium" not in needed or needed - {"libsodium", "libc"}:
    sys.exit("links more or less than libsodium and libc")
