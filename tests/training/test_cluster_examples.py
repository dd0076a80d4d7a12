"""The files for Slurm and Kubernetes start what they say."""

import json
import os
import subprocess
import sys

import pytest
import yaml

from nircolor_tf.training import cluster

# Of two machines; each process says what it was started with.
SCONTROL = """#!/bin/bash
case "$1" in
  show) printf 'node7\\nnode8\\n' ;;
  *) echo "$@" >> "$CALLS" ;;
esac
"""
SRUN = """#!/bin/bash
shift
for SLURM_PROCID in 0 1; do export SLURM_PROCID; "$@" || exit; done
"""
NIRCOLOR = """#!/bin/bash
{ echo "$TF_CONFIG"; echo "$@"; } >> "$STARTED"
exit "$STATUS"
"""


def check_flags(arguments, repository):
    """Asks the command for its config, which refuses what it does not know."""
    assert arguments[0] == "train"
    subprocess.run(
        [sys.executable, "bin/train.py", *arguments[1:], "--print_config"],
        cwd=repository,
        env=os.environ | {"PYTHONPATH": str(repository)},
        stdout=subprocess.DEVNULL,
        check=True,
    )


@pytest.fixture
def submit(repository, tmp_path):
    """Runs the Slurm script on two machines that are not there."""

    def submit(status, restarts=0):
        programs = {"scontrol": SCONTROL, "srun": SRUN, "nircolor": NIRCOLOR}
        for name, text in programs.items():
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
        environment = {
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "CALLS": str(tmp_path / "calls"),
            "STARTED": str(tmp_path / "started"),
            "STATUS": str(status),
            "SLURM_JOB_ID": "4242",
            "SLURM_JOB_NODELIST": "node[7-8]",
            "SLURM_RESTART_COUNT": str(restarts),
            "WORKDIR": "runs/mine of two",
            "MANIFEST": "manifest.csv",
        }
        script = repository / "examples" / "slurm" / "train.sh"
        result = subprocess.run(
            ["bash", script, "--config=configs/landscapes.py:color"],
            env=os.environ | environment,
            check=False,
        )
        return result.returncode

    return submit


def test_slurm_starts_a_process_a_machine(submit, tmp_path, repository):
    assert submit(status=0) == 0
    lines = (tmp_path / "started").read_text().splitlines()
    for index, text in enumerate(lines[::2]):
        tree = json.loads(text)
        assert tree["cluster"]["worker"] == ["node7:24242", "node8:24242"]
        assert tree["task"] == {"type": "worker", "index": index}
        assert cluster.worker_count(text) == 2
    assert lines[1] == lines[3]
    assert "--workdir=runs/mine of two" in lines[1]
    arguments = lines[1].replace(" of two", "").split(" ")
    check_flags(arguments, repository)
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize(
    ("status", "restarts", "again"),
    [(138, 0, True), (134, 3, True), (1, 0, False), (138, 20, False)],
)
def test_slurm_queues_again_what_a_signal_ended(
    submit, tmp_path, status, restarts, again
):
    assert submit(status, restarts) == status
    calls = tmp_path / "calls"
    assert calls.exists() == again
    assert not again or calls.read_text() == "requeue 4242\n"


def test_kubernetes_starts_a_process_a_pod(repository):
    file = repository / "examples" / "kubernetes" / "train.yaml"
    service, job = yaml.safe_load_all(file.read_text())
    name, pods = job["metadata"]["name"], job["spec"]["template"]["spec"]
    assert service["spec"]["selector"] == {"job-name": name}
    assert pods["subdomain"] == service["metadata"]["name"]
    (container,) = pods["containers"]
    variables = {entry["name"]: entry for entry in container["env"]}
    count = job["spec"]["completions"]
    assert job["spec"]["parallelism"] == count
    for index in range(count):
        text = variables[cluster.VARIABLE]["value"]
        text = text.replace("$(NUMBER)", str(index))
        assert cluster.worker_count(text) == count
        port = container["ports"][0]["containerPort"]
        assert json.loads(text)["cluster"]["worker"] == [
            f"{name}-{number}.{pods['subdomain']}:{port}"
            for number in range(count)
        ]
    check_flags(container["args"], repository)
