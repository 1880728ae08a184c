#!/usr/bin/env bash
# Runs random programs with random limits and signals for some minutes, on this machine only.
# Checks that no program hangs, that none gives a wrong answer with exit code 0, that none panics or
# aborts, and that no process is left behind. Prints its seed and the number of rounds; exit code 1
# after a find. The seed repeats the choices, but not the moments at which signals arrive.
set -euo pipefail
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage="usage: scripts/soak.sh MINUTES [SEED]"
minutes=${1:?$usage}
seed=${2:-$((SECONDS + $$ * 7919 + $(date +%s)))}
[[ $minutes =~ ^[0-9]{1,4}$ && $seed =~ ^[0-9]+$ ]] || { echo "$usage" >&2; exit 2; }

# The longest time of a round, and that which processes have to end after their program, in seconds.
HANG=15
LEFT=1.5

command -v flock >/dev/null || { echo "error: flock is missing (util-linux)" >&2; exit 1; }
cargo build --quiet --bins -p sequential-baseline -p threads-io -p async-io -p multiproc-cpu
programs=${CARGO_TARGET_DIR:-target}/debug
folder=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -KILL -- "-$pid" 2>/dev/null; rm -rf "$folder"' EXIT
# Gives each background command a process group of its own. Bash then also prints how each one ended.
set -m
exec 3>&2 2>/dev/null

RANDOM=$((seed % 32768))
# Sets `r` to a random number below $1. A function that prints it would run in a subshell, which does
# not advance the generator.
below() { r=$(((RANDOM * 32768 + RANDOM) % $1)); }

# Sets `sum` to the sum of i * i for all i below $1, by the closed form.
closed_form() {
    local a=$(($1 - 1)) b=$1 c=$((2 * $1 - 1))
    if ((b == 0)); then sum=0; return; fi
    if ((a % 2 == 0)); then ((a /= 2)) || true; else ((b /= 2)) || true; fi
    if ((a % 3 == 0)); then ((a /= 3)) || true; elif ((b % 3 == 0)); then ((b /= 3)) || true; else ((c /= 3)); fi
    sum=$((a * b * c))
}

# Sets `command`, and `answer` to what a successful run must report.
choose_command() {
    local program workload repeat latency numbers=() count
    below 5
    program=$(echo sequential-baseline sequential-baseline threads-io async-io multiproc-cpu | cut -d' ' -f$((r + 1)))
    workload=io
    if ((r == 1 || r == 4)); then workload=cpu; fi
    command=("$programs/$program")
    if ((r < 2)); then command+=("$workload"); fi
    if ((r > 1)); then
        below 40
        command+=(--workers $((r + 1)))
    fi
    if [ $workload = io ]; then
        below 40; repeat=$((r + 1))
        below 20; latency=$r
        command+=(--repeat "$repeat" --latency "$latency" --timeout 5)
        answer="\"answer\":$((repeat * 20512)),"
    else
        below 60; count=$((r + 1))
        answer=
        while ((count-- > 0)); do
            below 3000000; numbers+=("$r")
            closed_form "$r"
            answer+="${answer:+,}\"$sum\""
        done
        command+=("${numbers[@]}")
        answer="\"answer\":[$answer],"
    fi
    command+=(--json)
}

# Sets `limit` to a command of the shell that sets one, or none.
choose_limit() {
    limit=:
    below 6
    case $r in
    0) below 60; limit="ulimit -n $((r + 4))" ;;
    1) below 300000; limit="ulimit -v $((r + 10000))" ;;
    2) command+=(--trace "$folder/trace"); limit="ulimit -f 0" ;;
    3) command+=(--trace "$folder/trace") ;;
    esac
}

# Sends a random signal at a random moment to the program or to one of its children. The program may
# have ended by then.
send_signal() {
    local to=$pid children moment signals=(INT TERM KILL STOP SEGV ABRT)
    below 400
    moment=$(printf '0.%03d' "$r")
    sleep "$moment"
    below 3
    if ((r > 0)); then
        mapfile -t children < <(pgrep -P "$pid" || true)
        [ ${#children[@]} -gt 0 ] || return 0
        below ${#children[@]}
        to=${children[r]}
        below 4; ((r += 2))
    else
        below 4
    fi
    sent+="${signals[r]} to $([ "$to" = "$pid" ] && echo the program || echo a child) after $moment s; "
    kill -"${signals[r]}" "$to" 2>/dev/null || true
    if [ "${signals[r]}" = STOP ]; then
        sleep 0.1
        kill -CONT "$to" 2>/dev/null || true
    fi
}

found() {
    {
        echo "found in round $round (seed $seed): $1"
        echo "  command: $limit; ${command[*]}"
        echo "  signals: ${sent:-none}"
        echo "  exit code: $code"
        head -c 2000 "$folder/stderr"
    } >&3
    exit 1
}

check() {
    # The shell and the dynamic linker need files and memory as well, before the program begins.
    if ((code == 127 || code == 126 || code == 139)) && [ "$limit" != : ] && [ ! -s "$folder/stdout" ]; then return; fi
    case $code in
    0)
        grep -qF "$answer" "$folder/stdout" || found "a wrong answer"
        grep -qF '"failed":0,' "$folder/stdout" || found "failures with exit code 0"
        ;;
    # Under a limit on file sizes the message does not fit into its file.
    1) [[ -s $folder/stderr || $limit = "ulimit -f 0" ]] || found "a failure without a message" ;;
    130 | 143 | 137) [ -n "$sent" ] || found "an end by a signal that was not sent" ;;
    *) found "an unexpected exit code" ;;
    esac
    ! grep -qE "panicked|memory allocation" "$folder/stderr" || found "a panic or an abort"
}

echo "seed $seed, $minutes minutes"
end=$((SECONDS + minutes * 60))
round=0
while ((SECONDS < end)); do
    ((++round))
    choose_command
    choose_limit
    sent=
    code=unknown
    # All processes of the program inherit the descriptor 9, and with it the lock. It is taken here, because
    # a signal must not reach `flock` instead of the program.
    exec 9>"$folder/alive"
    flock --shared 9
    (eval "$limit"; exec "${command[@]}") >"$folder/stdout" 2>"$folder/stderr" &
    pid=$!
    exec 9>&-
    below 3
    for ((signals = r; signals > 0; signals--)); do send_signal; done
    deadline=$((SECONDS + HANG))
    while kill -0 "$pid" 2>/dev/null; do
        ((SECONDS < deadline)) || found "hung for $HANG s"
        sleep 0.02
    done
    code=0
    wait "$pid" 2>/dev/null || code=$?
    check
    flock --wait $LEFT "$folder/alive" true || found "a process is left $LEFT s later"
    pid=
done
echo "seed $seed: nothing found in $round rounds"
