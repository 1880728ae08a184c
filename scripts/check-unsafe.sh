#!/usr/bin/env bash
# Runs the code that contains `unsafe` under valgrind: the pool with misbehaving workers, the program,
# and memory that processes share. Exit code 1 if valgrind reports anything, also in a worker.
set -euo pipefail
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v valgrind >/dev/null; then
    echo "error: valgrind is missing (Debian: apt-get install valgrind)" >&2
    exit 1
fi
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# One log for each process, empty if all is well. Exit codes do not suffice: the pool replaces a worker
# that fails.
valgrind="valgrind --quiet --trace-children=yes --log-file=$logs/%p"
run=(--config "target.'cfg(unix)'.runner = '$valgrind'")

cargo test "${run[@]}" -p multiproc-cpu --locked --test hostile
cargo run "${run[@]}" -p multiproc-cpu --locked --bin multiproc-cpu -- --quiet --workers 3 10000 20000 30000 40000
cargo run "${run[@]}" -p multiproc-cpu --locked --example separate_memory
if ! cat "$logs"/* | (! grep .); then
    echo "error: valgrind reported the lines above" >&2
    exit 1
fi
echo "valgrind reported nothing in $(find "$logs" -type f | wc -l) processes"
