#!/bin/bash
# Everything that a GPU has to tell about training, in at most eight minutes; nothing is downloaded.
#
#   bash benchmarks/gpu.sh [FOLDER]             on a machine with a GPU of 80 GB or more, after `make train`
#   bash benchmarks/gpu.sh --small [FOLDER]     the same on a CPU, with small models: to try it out
#
# At the size of LLaVA-1.6-7B and of Qwen2.5-VL-7B: rollouts and updates beside the published scheme of batch 1, MFU, peak
# memory, and the clipped share of each epoch of one update. Then the built-in tiny model is trained on NumberLine. What is
# printed is in FOLDER (out/gpu) too. Each part has its time; one that fails or runs out of it leaves the others alone.
set -u
cd "$(dirname "$0")/.." || exit 1
PYTHON=${PYTHON:-$([ -x .venv/bin/python ] && echo .venv/bin/python || echo python)}
MODEL_S=175 TINY_S=120
MODEL=(--envs 64 --new-tokens 128 --turns 2 --published-turns 3 --checkpointing --microbatch 16 --clipping)
TINY=(--evaluation.samples 0)
if [ "${1:-}" = --small ]; then
    shift
    MODEL_S=3600 TINY_S=3600
    export OMP_NUM_THREADS=1
    MODEL=(--tiny --device cpu --envs 2 --new-tokens 8 --turns 1 --published-turns 1 --peak-tflops 1 --epochs 2 --clipping)
    TINY+=(--device cpu --sft.steps 2 --sft.episodes 4 --ppo.updates 1 --ppo.turns 1 --task.num_envs 4)
    TINY+=(--ppo.minibatch 4 --evaluation.episodes 2)
fi
OUT=${1:-out/gpu}
mkdir -p "$OUT"
failed=0

part() { # NAME SECONDS COMMAND...
    local name=$1 seconds=$2
    shift 2
    echo "== $name"
    timeout "$seconds" "$@" 2>&1 | tee "$OUT/$name.txt"
    [ "${PIPESTATUS[0]}" = 0 ] || { echo "== $name failed, or took longer than $seconds s"; failed=1; }
}

for model in llava-1.6-7b qwen2.5-vl-7b; do
    part "$model" $MODEL_S "$PYTHON" -m benchmarks.training_gpu --model $model "${MODEL[@]}"
done
rm -rf "$OUT/tiny"
part tiny $TINY_S "$PYTHON" -m baselines.ppo --config tiny-numberline --folder "$OUT/tiny" "${TINY[@]}"
exit $failed
