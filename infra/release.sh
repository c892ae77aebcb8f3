#!/usr/bin/env bash
# Builds the functions as they are deployed and says what is in them: .aws-sam/build, and .aws-sam/sbom with a CycloneDX
# document for each function. Use: infra/release.sh [ENVIRONMENT of samconfig.toml, prod by default] [arm64 or x86_64]
# HOLDFAST_ADVISORY_DB names a folder with the list of known flaws, for a machine that cannot fetch it.
set -euo pipefail
cd "$(dirname "$0")/.."
environment="${1:-prod}"
architecture="${2:-arm64}"
case "$architecture" in
    arm64) target=aarch64-unknown-linux-gnu ;;
    x86_64) target=x86_64-unknown-linux-gnu ;;
    *) echo "no such architecture: $architecture" >&2; exit 2 ;;
esac
if [ -n "$(git status --porcelain)" ]; then
    echo "a release is of a commit, and there are changes that are in none" >&2
    exit 1
fi
infra/release/advisories.sh ${HOLDFAST_ADVISORY_DB:+"$HOLDFAST_ADVISORY_DB"}
sam build --config-env "$environment" --parameter-overrides "Architecture=$architecture"
rm -rf .aws-sam/sbom
python3 infra/release/sbom.py "$target" .aws-sam/sbom .aws-sam/build
# Nothing is released that is larger, or slower to start, than BENCHMARKS.md says. Where this machine cannot run it, its size.
if [ "$(uname -m)" = "${target%%-*}" ]; then
    python3 infra/check/start.py .aws-sam/build
else
    python3 infra/check/start.py .aws-sam/build --sizes
fi
