#!/usr/bin/env bash
# Builds the programs in release, then runs and compares them. All flags go to the comparison:
# scripts/compare.sh --help
set -euo pipefail
# With it `cd` might go elsewhere, and say where.
unset CDPATH

# This file may have been reached through a symbolic link, from any folder.
script=${BASH_SOURCE[0]}
while [[ -L $script ]]; do
    link=$(readlink "$script")
    if [[ $link == /* ]]; then script=$link; else script=$(dirname "$script")/$link; fi
done
manifest=$(cd -P "$(dirname "$script")/.." && pwd)/Cargo.toml

if ! command -v cargo >/dev/null; then
    echo "error: cargo is not found: install Rust as https://rustup.rs says" >&2
    exit 1
fi

# The claims need the examples as well, the growth one of them.
targets=(--bins)
for argument in "$@"; do
    case $argument in
    --claims | --export-claims | --export-claims=*) targets=(--bins --examples) ;;
    --growth) targets=(--bins --example io_processes) ;;
    esac
done

build=(cargo build --release --workspace "${targets[@]}" --manifest-path "$manifest")
echo "Building in release; the first time this takes a minute or two." >&2
if ! output=$("${build[@]}" 2>&1); then
    echo "$output" >&2
    echo "error: the build failed: see above" >&2
    exit 1
fi

# Asked of cargo, because the environment or a configuration file may put it elsewhere.
harness=$("${build[@]}" --quiet --message-format json |
    sed -n 's/.*"kind":\["bin"\][^}]*"name":"compare".*"executable":"\([^"]*\)".*/\1/p')
exec "$harness" "$@"
