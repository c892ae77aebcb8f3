#!/usr/bin/env python3
"""Holds the structure of the crates under functions/: no modules that use each other in a circle, and no crate that
holds more than a quarter of all lines.

A module uses another where a `use` or a path names it. Left out are its own parents and children, which belong
together, and what tests alone use. Prints what it found, and exits with 1 where that is not as it should be.
"""

import graphlib
import pathlib
import re
import subprocess
import sys

LARGEST_SHARE = 0.25
PATH = re.compile(r"\b((?:crate|super|self)(?:::\w+)+)")
USE = re.compile(r"(?:^|\n)\s*(?:pub(?:\([a-z]+\))?\s+)?use\s+([^;]+);")


def main() -> int:
    listed = subprocess.check_output(["git", "ls-files", "functions/*.rs"], text=True).split()
    faults = [fault for crate, files in crates_of(listed).items() for fault in circles(crate, files)]
    faults += too_large(listed)
    print("\n".join(faults) or "no circle, and no crate above a quarter of the lines")
    return 1 if faults else 0


def crates_of(listed: list[str]) -> dict[str, dict[tuple[str, ...], pathlib.Path]]:
    """The modules of each crate, by their paths in it."""
    crates: dict[str, dict[tuple[str, ...], pathlib.Path]] = {}
    for name in listed:
        crate, src, below = name.partition("/src/")
        parts = tuple(below.removesuffix(".rs").split("/"))
        if src and "tests" not in parts and parts != ("main",):
            if parts[-1] in ("mod", "lib"):
                parts = parts[:-1]
            crates.setdefault(crate, {})[parts] = pathlib.Path(name)
    return crates


def circles(crate: str, files: dict[tuple[str, ...], pathlib.Path]) -> list[str]:
    """Circles among the crate's modules, and among the rooms that stand at its top."""
    uses = {module: used_by(module, path.read_text(), files) for module, path in files.items()}
    rooms: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for module, used in uses.items():
        rooms.setdefault(module[:1], set()).update(other[:1] for other in used if other[:1] != module[:1])
    found = [circle_in(graph) for graph in (uses, rooms)]
    return [f"{crate}: a circle: " + " -> ".join("/".join(m) for m in c) for c in found if c]


def circle_in(graph: dict[tuple[str, ...], set[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def used_by(module, text: str, files) -> set[tuple[str, ...]]:
    """The modules that the text of a module names."""
    text = re.sub(r"//.*", "", text.split("#[cfg(test)]\nmod tests")[0])
    named = [name for use in USE.findall(text) for name in spread("".join(use.split()))] + PATH.findall(text)
    found = (resolved(module, name.split("::"), files) for name in named)
    # Why not parents and children: a folder is one thing, whose parts may name what they share in its `mod.rs`.
    return {other for other in found if other and module[: len(other)] != other and other[: len(module)] != module}


def spread(use: str) -> list[str]:
    """The paths of a `use`, without its braces."""
    before, brace, rest = use.partition("{")
    if not brace:
        return [use]
    items, depth, item = [], 0, ""
    for sign in rest:
        depth += (sign == "{") - (sign == "}")
        if depth < 0 or (sign == "," and depth == 0):
            items.append(item)
            item = ""
        if depth < 0:
            break
        if not (sign == "," and depth == 0):
            item += sign
    return [path for item in items if item for path in spread(before + item)]


def resolved(module, names: list[str], files) -> tuple[str, ...] | None:
    """The module that a path leads to; none where it leads out of the crate."""
    if names[0] == "crate":
        at, names = (), names[1:]
    elif names[0] in ("super", "self"):
        at = module
        while names and names[0] in ("super", "self"):
            at = at[:-1] if names[0] == "super" else at
            names = names[1:]
    elif module + (names[0],) in files:
        at = module
    else:
        return None
    for name in names:
        if at + (name,) not in files:
            break
        at += (name,)
    return at or None


def too_large(listed: list[str]) -> list[str]:
    """Crates with more than their share of the lines under functions/, tests among them."""
    lines: dict[str, int] = {}
    for name in listed:
        crate = re.split(r"/(?:src|tests|examples|benches)/|/build\.rs", name)[0]
        lines[crate] = lines.get(crate, 0) + len(pathlib.Path(name).read_text().splitlines())
    total = sum(lines.values())
    return [f"{c}: {n} of {total} lines" for c, n in lines.items() if n > LARGEST_SHARE * total]


if __name__ == "__main__":
    sys.exit(main())
