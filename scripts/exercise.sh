#!/usr/bin/env bash
# Builds the working tree and checks whether an exercise is solved: scripts/exercise.sh --help
set -euo pipefail
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.."
echo "Building; the first time this takes a minute or two." >&2
exec cargo run --quiet -p course -- "$@"
