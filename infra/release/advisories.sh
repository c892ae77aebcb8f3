#!/usr/bin/env bash
# Known flaws of what is linked in. What cannot be checked fails: nothing is released on a guess.
# Use: infra/release/advisories.sh [FOLDER]. FOLDER is a clone of https://github.com/rustsec/advisory-db, brought along to a
# machine that cannot reach GitHub, at most 90 days old as deny.toml wants it; without it the list is fetched. CARGO_DENY
# names the program, `cargo-deny` by default.
set -euo pipefail
cd "$(dirname "$0")/../.."
deny="${CARGO_DENY:-cargo-deny}"

not_checked() {
    echo "NOT CHECKED: $1" >&2
    exit 1
}

command -v "$deny" >/dev/null || not_checked "there is no cargo-deny"
if [ $# -eq 0 ]; then
    timeout 120 "$deny" --locked fetch db ||
        not_checked "the list of known flaws cannot be fetched; name a folder that holds a clone of it"
    exec "$deny" --locked --offline check --hide-inclusion-graph advisories
fi

folder="$(cd "$1" && pwd -P)"
[ -d "$folder/crates" ] && [ "$(git -C "$folder" rev-parse --show-toplevel)" = "$folder" ] ||
    not_checked "$folder is no clone of https://github.com/rustsec/advisory-db"
# Why here: of a list that it did not fetch itself cargo-deny does not ask how old it is.
made="$(git -C "$folder" log -1 --format=%ct)"
[ "$made" -ge "$(($(date +%s) - 90 * 86400))" ] || not_checked "the list of known flaws is more than 90 days old"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
# The name under which cargo-deny looks for the list of that address. Under another it finds none, and fails.
mkdir "$scratch/db"
ln -s "$folder" "$scratch/db/advisory-db-3157b0e258782691"
awk -v path="$scratch/db" '{ print } /^\[advisories\]$/ { print "db-path = \"" path "\"" }' deny.toml >"$scratch/deny.toml"
"$deny" --locked --offline --config "$scratch/deny.toml" check --hide-inclusion-graph advisories
