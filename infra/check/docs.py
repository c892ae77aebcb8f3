#!/usr/bin/env python3
"""Documents each library and program of the workspace, `OUT` being where to; what rustdoc warns of is an error.

    docs.py OUT

As `cargo doc --workspace --no-deps` does, save that it looks into what the tests' build made of the dependencies.
`cargo doc` reads the sources of all of them a second time, which takes longer than everything that it is for.
"""

import concurrent.futures
import dataclasses
import json
import os
import subprocess
import sys

NORMAL = None


@dataclasses.dataclass
class Built:
    """What the build made of a package: its library, and where its build script put its files, by the package's id."""

    libraries: dict[str, str]
    out_dirs: dict[str, str]
    folders: set[str]


def main(out: str) -> int:
    metadata = json.loads(cargo("metadata", "--format-version=1"))
    built = read_build(cargo("test", "--workspace", "--no-run", "--quiet", "--message-format=json"))
    members = set(metadata["workspace_members"])
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    commands = [
        command(package, target, nodes[package["id"]], built, out)
        for package in metadata["packages"]
        if package["id"] in members
        for target in documented(package["targets"])
    ]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [name for name, code in pool.map(run, commands) if code != 0]
    print(f"not documented without warnings: {', '.join(failed)}" if failed else f"{len(commands)} crates are documented")
    return 1 if failed or not commands else 0


def cargo(command_name: str, *arguments: str) -> str:
    return subprocess.check_output(["cargo", command_name, "--locked", *arguments], text=True)


def read_build(lines: str) -> Built:
    """Reads Cargo's messages of a build."""
    built = Built({}, {}, set())
    for message in map(json.loads, lines.splitlines()):
        package = message.get("package_id")
        if message["reason"] == "build-script-executed":
            built.out_dirs[package] = message["out_dir"]
        elif message["reason"] == "compiler-artifact" and not message["profile"]["test"]:
            note_library(built, package, message)
    return built


def note_library(built: Built, package: str, message: dict) -> None:
    kinds = message["target"]["kind"]
    for path in message["filenames"]:
        built.folders.add(os.path.dirname(path))
        is_library = path.endswith(".rlib") or ("proc-macro" in kinds and path.endswith(".so"))
        # Why: what a build script or a macro uses is built for the machine that builds, too, which is not what is asked for.
        is_for_it = "proc-macro" in kinds or is_for_target(path)
        if is_library and is_for_it:
            built.libraries[package] = path


def is_for_target(path: str) -> bool:
    target = os.environ.get("CARGO_BUILD_TARGET")
    return target is None or f"/{target}/" in path


def documented(targets: list[dict]) -> list[dict]:
    """The targets that `cargo doc` documents: a program that is named as its library is left out."""
    libraries = [target for target in targets if "lib" in target["kind"]]
    names = {target["name"].replace("-", "_") for target in libraries}
    programs = [
        target
        for target in targets
        if "bin" in target["kind"] and target["name"].replace("-", "_") not in names
    ]
    return [target for target in libraries + programs if target["doc"]]


def command(package: dict, target: dict, node: dict, built: Built, out: str) -> tuple[str, list[str], dict[str, str]]:
    """What documents a target: its name, the command, and the environment that its sources may ask for."""
    is_library = "lib" in target["kind"]
    name = target["name"].replace("-", "_")
    arguments = ["rustdoc", "--edition", target["edition"], "--crate-name", name, "--crate-type", "lib" if is_library else "bin"]
    arguments += ["-D", "warnings", "--out-dir", out, target["src_path"]]
    if not is_library:
        arguments.append("--document-private-items")
    for folder in sorted(built.folders):
        arguments += ["-L", f"dependency={folder}"]
    uses = {
        used["name"]: built.libraries[used["pkg"]]
        for used in node["deps"]
        if any(kind["kind"] is NORMAL for kind in used["dep_kinds"]) and used["pkg"] in built.libraries
    }
    if not is_library and package["id"] in built.libraries:
        uses[package["name"].replace("-", "_")] = built.libraries[package["id"]]
    for used, path in sorted(uses.items()):
        arguments += ["--extern", f"{used}={path}"]
    for feature in node["features"]:
        arguments += ["--cfg", f'feature="{feature}"']
    environment = {
        "CARGO_MANIFEST_DIR": os.path.dirname(package["manifest_path"]),
        "CARGO_PKG_NAME": package["name"],
        "CARGO_PKG_VERSION": package["version"],
        "OUT_DIR": built.out_dirs.get(package["id"], ""),
    }
    return name, arguments, environment


def run(what: tuple[str, list[str], dict[str, str]]) -> tuple[str, int]:
    name, arguments, environment = what
    return name, subprocess.run(arguments, env={**os.environ, **environment}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
