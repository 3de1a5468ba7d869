#!/usr/bin/env python3
"""Builds one include root per layer: links to the headers of that layer and the layers below.

Usage: walls.py OUT SOURCE_ROOT LAYER=HEADER,HEADER,... (bottom layer first)

A header path is relative to SOURCE_ROOT. include/aim/x.h appears as aim/x.h, src/base/x.h as
base/x.h. A file of layer L is compiled with -I OUT/L alone, so an include of anything above L does
not resolve.
"""
import os
import shutil
import sys


def inner_path(header):
    for prefix in ("include/", "src/"):
        if header.startswith(prefix):
            return header[len(prefix):]
    raise SystemExit(f"walls.py: {header} is neither under include/ nor src/")


def main():
    out, source_root, *layers = sys.argv[1:]
    visible = []
    shutil.rmtree(out, ignore_errors=True)
    for layer in layers:
        name, _, headers = layer.partition("=")
        visible += [h for h in headers.split(",") if h]
        for header in visible:
            link = os.path.join(out, name, inner_path(header))
            os.makedirs(os.path.dirname(link), exist_ok=True)
            os.symlink(os.path.join(source_root, header), link)


main()
