#!/usr/bin/env bash
# Builds the functions for arm64 as they are deployed, on a Debian machine of another processor, and sees each start in an
# emulator. Where Rust has no standard library for arm64 here, a compiler that has one comes from Debian's packages.
# Use: infra/check/arm64.sh [FOLDER for what it fetches]. Needs root for nothing. Takes half an hour on two cores, and is
# not part of the gate: Debian's newest compiler moves.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder="${1:-${XDG_CACHE_HOME:-$HOME/.cache}/holdfast-arm64}"
target=aarch64-unknown-linux-gnu
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"

# From Debian's newest release, with a state of its own: nothing is installed.
fetch_packages() {
    local apt="$folder/apt" mirror
    mirror="$(sed -n 's/^URIs: *\([^ ]*debian\/*\) *$/\1/p' /etc/apt/sources.list.d/*.sources | head -n 1)"
    [ -n "$mirror" ] || { echo "no Debian sources in /etc/apt/sources.list.d/*.sources" >&2; exit 1; }
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,none}
    : >"$apt/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$apt/sources.list"
    cat >"$apt/conf" <<CONF
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/none";
Dir::Etc::preferencesparts "$apt/none";
APT::Architectures { "amd64"; "arm64"; };
CONF
    export APT_CONFIG="$apt/conf"
    apt-get update -qq -o APT::Sandbox::User=root
    apt-get install -y -qq -o APT::Sandbox::User=root --download-only --no-install-recommends rustc libstd-rust-dev:arm64 qemu-user-static >/dev/null
    unset APT_CONFIG
    mkdir -p "$folder/debian"
    local package
    for package in "$apt"/cache/archives/*.deb; do
        dpkg-deb -x "$package" "$folder/debian"
    done
    # The emulated loader is looked for here.
    ln -sfn usr/lib "$folder/debian/lib"
    # Debian's compiler needs Debian's libraries, which are newer than this machine's.
    cat >"$folder/rustc" <<WRAPPER
#!/bin/sh
root="$folder/debian/usr"
exec "\$root/lib64/ld-linux-x86-64.so.2" --library-path "\$root/lib/x86_64-linux-gnu" "\$root/bin/rustc" --sysroot "\$root" "\$@"
WRAPPER
    chmod +x "$folder/rustc"
    touch "$folder/fetched"
}

install_tools() {
    python3 -m venv "$folder/tools"
    "$folder/tools/bin/pip" install --quiet --no-input --disable-pip-version-check --no-deps \
        -r infra/check/templates.txt -r infra/check/build.txt ziglang==0.17.1
    touch "$folder/tools/complete"
}

[ -f "$folder/fetched" ] || fetch_packages
[ -f "$folder/tools/complete" ] || install_tools

if [ ! -d "$(rustc --print target-libdir --target "$target")" ]; then
    export RUSTC="$folder/rustc" CARGO_TARGET_DIR="$folder/target"
fi
# cargo-lambda would have rustup fetch what the toolchain lacks. This changes no toolchain: the one in front of it refuses.
mkdir -p "$folder/refusing"
printf '#!/bin/sh\necho "rustup is not used here" >&2\nexit 1\n' >"$folder/refusing/rustup"
chmod +x "$folder/refusing/rustup"
export PATH="$folder/refusing:$folder/tools/bin:$PATH" SAM_CLI_TELEMETRY=0
sam build --parameter-overrides Architecture=arm64 --build-dir "$folder/built" --no-cached

# What Amazon Linux 2023 has. Source: its release notes, glibc.
newest=2.34
for function in "$folder"/built/*/bootstrap; do
    [ "$(od -An -tu2 -j18 -N2 "$function" | tr -d ' ')" = 183 ] || { echo "$function is not for arm64"; exit 1; }
    asked="$(grep -aoE 'GLIBC_2\.[0-9]+' "$function" | sed 's/GLIBC_//' | sort -V | tail -n 1)"
    if [ "$(printf '%s\n' "$asked" "$newest" | sort -V | tail -n 1)" != "$newest" ]; then
        echo "$function asks for glibc $asked, and there is $newest"
        exit 1
    fi
done
emulator="$(command -v "$folder/debian/usr/bin/qemu-aarch64-static" "$folder/debian/usr/bin/qemu-aarch64" | head -n 1)"
python3 infra/check/start.py "$folder/built" --times 1 --under "$emulator -L $folder/debian"
