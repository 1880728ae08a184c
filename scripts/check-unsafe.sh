#!/usr/bin/env bash
# Runs what has `unsafe` in it under valgrind: the pool of worker processes with workers that
# misbehave in every way, then the program, then memory that processes share. Whatever valgrind finds,
# in a worker too, is shown and ends this with exit code 1.
set -euo pipefail
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v valgrind >/dev/null; then
    echo "error: valgrind is missing (Debian: apt-get install valgrind)" >&2
    exit 1
fi
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# A log for each process, empty unless something was found. A worker's exit code would not do: the
# pool takes another worker.
valgrind="valgrind --quiet --trace-children=yes --log-file=$logs/%p"
run=(--config "target.'cfg(unix)'.runner = '$valgrind'")

cargo test "${run[@]}" -p multiproc-cpu --locked --test hostile
cargo run "${run[@]}" -p multiproc-cpu --locked --bin multiproc-cpu -- --quiet --workers 3 10000 20000 30000 40000
cargo run "${run[@]}" -p multiproc-cpu --locked --example separate_memory
if ! cat "$logs"/* | (! grep .); then
    echo "error: valgrind has found the above" >&2
    exit 1
fi
echo "valgrind has found nothing in $(find "$logs" -type f | wc -l) processes"
