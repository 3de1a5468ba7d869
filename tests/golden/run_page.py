#!/usr/bin/env python3
"""Runs the Python block of a documentation page, so that the page cannot go stale.

Usage: run_page.py PAGE [ARGUMENT…]: the block sees the arguments as sys.argv[1:].
"""
import re
import sys

page = sys.argv.pop(1)
with open(page, encoding="utf-8") as file:
    block = re.search(r"```python\n(.*?)```", file.read(), re.DOTALL)
if not block:
    sys.exit(f"run_page.py: {page} has no Python block")
exec(compile(block.group(1), page, "exec"))
