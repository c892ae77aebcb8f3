"""Writes for each function what its zip holds, as CycloneDX 1.6: `<function>.cdx.json`.

A component is a crate that is linked into the function for that target, with its licence and the checksum of the
archive that Cargo took it from. Crates that only run during the build (macros, build scripts) are not in the zip and
not here. The same commit gives the same bytes.

Use: sbom.py TARGET FOLDER [BUILT]
BUILT is the folder of `sam build`; with it each document holds the SHA-256 of the function's `bootstrap`.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CRATE = re.compile(
    r"^(?P<depth>\d+)(?P<name>\S+) v(?P<version>\S+)(?: \([^)]*\))?\|(?P<licence>.*?)(?P<seen> \(\*\))?$"
)


def run(*command):
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def checksums():
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    return {(p["name"], p["version"]): p.get("checksum") for p in lock["package"]}


def linked(function, target):
    """The crates of a function by their references, with licences, and what each links."""
    options = ["--locked", "-p", function, "-e", "normal,no-proc-macro", "--target", target]
    tree = run("cargo", "tree", *options, "--prefix", "depth", "-f", "{p}|{l}")
    crates, links, above = {}, {}, []
    for line in tree.splitlines():
        found = CRATE.match(line)
        if not found:
            sys.exit(f"cargo tree says what is not understood: {line}")
        ref = f"pkg:cargo/{found['name']}@{found['version']}"
        depth = int(found["depth"])
        # What a crate links is told where it first comes.
        if not found["seen"]:
            # Old licences have a slash for "or".
            licence = re.sub(r"\s*/\s*", " OR ", found["licence"])
            if not licence:
                sys.exit(f"{ref} names no licence")
            crates[ref] = (found["name"], found["version"], licence)
            links[ref] = set()
        above[depth:] = [ref]
        if depth:
            links[above[depth - 1]].add(ref)
    return crates, links


def component(kind, ref, name, version, licence):
    return {"type": kind, "bom-ref": ref, "name": name, "version": version, "licenses": [{"expression": licence}]}


def document(function, target, sums, built):
    crates, links = linked(function, target)
    own, *others = crates
    parts = []
    for ref in sorted(others):
        name, version, _ = crates[ref]
        part = component("library", ref, *crates[ref])
        # Crates of ours are in no registry.
        if sums[name, version]:
            part |= {"purl": ref, "hashes": [{"alg": "SHA-256", "content": sums[name, version]}]}
        parts.append(part)
    compiler = run("rustc", "--version").split()[1]
    std = f"pkg:generic/rust-std@{compiler}"
    parts.append(component("library", std, "rust-std", compiler, "MIT OR Apache-2.0") | {"purl": std})
    links[own].add(std)
    links[std] = set()
    product = component("application", own, *crates[own])
    if built:
        folder = "".join(word.capitalize() for word in function.split("-")) + "Function"
        bootstrap = (Path(built) / folder / "bootstrap").read_bytes()
        product["hashes"] = [{"alg": "SHA-256", "content": hashlib.sha256(bootstrap).hexdigest()}]
    body = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": run("git", "log", "-1", "--format=%cI").strip(),
            "component": product,
            "properties": [
                {"name": "holdfast:commit", "value": run("git", "rev-parse", "HEAD").strip()},
                {"name": "holdfast:target", "value": target},
            ],
        },
        "components": parts,
        "dependencies": [{"ref": ref, "dependsOn": sorted(links[ref])} for ref in sorted(links)],
    }
    body["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True)).urn
    return body


def main(target, folder, built=None):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sums = checksums()
    for function in sorted(f.parent.name for f in (ROOT / "functions").glob("*/Cargo.toml")):
        body = document(function, target, sums, built)
        path = folder / f"{function}.cdx.json"
        path.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
        print(f"{path.name}: {len(body['components'])} components")


if __name__ == "__main__":
    main(*sys.argv[1:])
