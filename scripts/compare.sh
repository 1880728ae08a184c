#!/usr/bin/env bash
# Builds the programs in release mode and compares them. `scripts/compare.sh --help` lists the flags.
set -euo pipefail
unset CDPATH

# This file may be reached through a symbolic link, from any folder.
script=${BASH_SOURCE[0]}
while [[ -L $script ]]; do
    link=$(readlink "$script")
    if [[ $link == /* ]]; then script=$link; else script=$(dirname "$script")/$link; fi
done
root=$(cd -P "$(dirname "$script")/.." && pwd)

# A message that cannot be written must not end the script.
note() { echo "$*" >&2 || true; }

examples=() python='' interpreter=python3 previous=''
for argument in "$@"; do
    case $argument in
    -h | --help) exec cat "$root/scripts/compare/usage.txt" ;;
    --claims | --export-claims | --export-claims=* | --scaling | --peers) examples=(--examples) ;;
    --python | --python-bin | --only=*.py*) python=yes ;;
    --only=*_*) examples=(--examples) ;;
    --python-bin=*) python=yes interpreter=${argument#*=} ;;
    esac
    case $previous in
    --python-bin) interpreter=$argument ;;
    --only)
        case $argument in
        *.py*) python=yes ;;
        *_*) examples=(--examples) ;;
        esac
        ;;
    esac
    previous=$argument
done

if ! command -v cargo >/dev/null; then
    note "error: cannot find cargo: install Rust as https://rustup.rs describes"
    exit 1
fi

# The packages of the Python programs, in a virtual environment for each interpreter and each state of
# requirements.txt. If that fails, the comparison names what is missing and runs without them.
if [[ $python ]] && version=$("$interpreter" -VV 2>/dev/null); then
    requirements=$root/scripts/python/requirements.txt
    stamp=$({ echo "$interpreter $version" && cat "$requirements"; } | cksum | cut -d ' ' -f 1)
    venv=${CARGO_TARGET_DIR:-$root/target}/python/$stamp
    if [[ ! -e $venv/complete ]]; then
        note "Installing the packages of the Python programs."
        log=$({ "$interpreter" -m venv --clear "$venv" && "$venv/bin/python" -m pip install --quiet \
            --no-input --disable-pip-version-check --requirement "$requirements" && touch "$venv/complete"; } 2>&1) ||
            note "note: cannot install the Python packages: $(tail -n 1 <<<"$log")"
    fi
    if [[ -e $venv/complete ]]; then export COMPARE_PYTHON=$venv/bin/python; fi
fi

note "Building in release mode; the first time this takes a minute or two."
if ! log=$(cargo build --release --workspace --bins ${examples[@]+"${examples[@]}"} --manifest-path "$root/Cargo.toml" 2>&1); then
    note "$log"
    note "error: the build failed, see above"
    exit 1
fi
# Without a package, so that cargo builds nothing again with other features.
exec cargo run --quiet --release --bin compare --manifest-path "$root/Cargo.toml" -- "$@"
