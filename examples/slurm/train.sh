#!/bin/bash
# Trains on two machines with four GPUs each, one process a machine:
#
#   sbatch --export=ALL,WORKDIR=runs/mine,MANIFEST=data/manifest.csv \
#       examples/slurm/train.sh --config=configs/landscapes.py:color \
#       --config.data.batch_size=8
#
# What stands behind the file's name goes to `nircolor train`. The workdir and
# the images are on a file system that every machine sees, under the same path;
# data.batch_size is a multiple of the number of all GPUs.
#
#SBATCH --job-name=nircolor
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=16
#SBATCH --time=24:00:00
#SBATCH --output=nircolor-%j.log
#SBATCH --open-mode=append
# A lost machine: the job is queued again, and goes on.
#SBATCH --requeue
# Two minutes before the time is over: the processes save and end.
#SBATCH --signal=USR1@120

set -uo pipefail

: "${WORKDIR:?give a folder for checkpoints and logs}"
: "${MANIFEST:?give the manifest.csv of nircolor prepare_data}"
port=$((20000 + SLURM_JOB_ID % 10000))

WORKERS=$(scontrol show hostnames "$SLURM_JOB_NODELIST" |
  sed "s/.*/\"&:$port\"/" | paste -sd,)
export WORKERS

# Each process gets its own TF_CONFIG. Two minutes after the first one has ended
# srun ends those that are left.
srun --wait=120 bash -c '
  TF_CONFIG="{\"cluster\": {\"worker\": [$WORKERS]},"
  TF_CONFIG+=" \"task\": {\"type\": \"worker\", \"index\": $SLURM_PROCID}}"
  export TF_CONFIG
  exec "$@"
' bash nircolor train "$@" --workdir="$WORKDIR" \
  --config.data.manifest="$MANIFEST"
status=$?

# Above 128 a signal ended it: the time was over, or a process was lost. What
# ends all of them by itself, such as a wrong flag, is 1, and would come again.
if ((status > 128 && ${SLURM_RESTART_COUNT:-0} < 20)); then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
