#!/usr/bin/env bash
# Every run behind docs/learning.md: one process and one thread each, JOBS at a time. Seeds were fixed before the first
# run. What is there already is kept: a finished run as it is, an unfinished one goes on. The official games of Household
# must be there (`vlm-gym download alfworld`).
set -euo pipefail
cd "$(dirname "$0")/../.."
export OUT=${1:-out/learning} PYTHON=${PYTHON:-python}

train() {
    local folder="$OUT/$1-$2"
    if [ -f "$folder/samples.html" ]; then
        return
    elif [ -d "$folder/ppo" ] || [ -d "$folder/sft" ]; then
        "$PYTHON" -m baselines.ppo --resume "$folder"
    else
        "$PYTHON" -m baselines.ppo --config "$1" --seed "$2" --folder "$folder" "${@:3}"
    fi
}
export -f train

MANY="--evaluation.episodes 1000 --evaluation.every 10"
HOMES="--evaluation.task [Household-Unseen-v0,ALFWorld-ValidSeen-v0]"

xargs -P "${JOBS:-1}" -L 1 bash -c 'train "$@"' train << RUNS
tiny-numberline 101 $MANY
tiny-numberline 102 $MANY
tiny-numberline 103 $MANY
tiny-numberline 104 $MANY
tiny-numberline 105 $MANY
tiny-numberline-seeing-l1 101 $MANY
tiny-numberline-seeing-l2 101 $MANY
tiny-ezpoints 201 $MANY
tiny-ezpoints 202 $MANY
tiny-ezpoints 203 $MANY
tiny-blackjack 301
tiny-blackjack 302
tiny-blackjack 303
tiny-points24 401
tiny-points24 402
tiny-points24 403
tiny-household 7 $HOMES
tiny-household 8 $HOMES
tiny-household 9 $HOMES
RUNS
"$PYTHON" -m benchmarks.learning "$OUT" --page docs/learning.md --figure docs/figures/learning.png
