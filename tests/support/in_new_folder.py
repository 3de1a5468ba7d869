#!/usr/bin/env python3
"""Runs a program with a new, empty folder as its last argument, and removes the folder afterwards.

Usage: in_new_folder.py PROGRAM [ARGUMENT…]
"""
import subprocess
import sys
import tempfile


def main():
    with tempfile.TemporaryDirectory(prefix="aim-example-") as folder:
        return subprocess.run([*sys.argv[1:], folder]).returncode


sys.exit(main())
