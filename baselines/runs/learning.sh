#!/usr/bin/env bash
# Every run behind docs/learning.md: one process and one thread each, JOBS at a time. Seeds were fixed before the first
# run. What is there already is kept: a finished run as it is, an unfinished one goes on.
set -euo pipefail
cd "$(dirname "$0")/../.."
export OUT=${1:-out/learning} PYTHON=${PYTHON:-python}

train() {
    local folder="$OUT/$1-$2"
    if [ -f "$folder/samples.html" ]; then
        return
    elif [ -d "$folder/ppo" ]; then
        "$PYTHON" -m baselines.ppo --resume "$folder"
    else
        "$PYTHON" -m baselines.ppo --config "$1" --seed "$2" --folder "$folder"
    fi
}
export -f train

xargs -P "${JOBS:-1}" -n 2 bash -c 'train "$@"' train << RUNS
tiny-numberline 101
tiny-numberline 102
tiny-numberline 103
tiny-numberline 104
tiny-numberline 105
tiny-ezpoints 201
tiny-ezpoints 202
tiny-ezpoints 203
tiny-blackjack 301
tiny-blackjack 302
tiny-blackjack 303
tiny-points24 7
tiny-household 7
RUNS
"$PYTHON" -m benchmarks.learning "$OUT" --page docs/learning.md --figure docs/figures/learning.png
