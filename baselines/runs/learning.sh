#!/usr/bin/env bash
# Every run behind docs/learning.md: one process and one thread each. SEEDS were fixed before the first run.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-out/learning}
python=${PYTHON:-python}
for seed in 101 102 103 104 105; do
    "$python" -m baselines.ppo --config tiny-numberline --seed "$seed" --folder "$out/tiny-numberline-$seed"
done
for seed in 201 202 203; do
    "$python" -m baselines.ppo --config tiny-ezpoints --seed "$seed" --folder "$out/tiny-ezpoints-$seed"
done
"$python" benchmarks/learning.py "$out" --page docs/learning.md --figure docs/figures/learning.png
