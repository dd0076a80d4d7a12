"""The commands that made a table: training, measuring, writing.

A row names the config that its run was trained with. Its command is that
config, and as flags whatever the run's own config has otherwise. A run of
bin/combine.py has a config, and a command, of each member.
"""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nircolor_tf.errors import InputError
from nircolor_tf.report.result_rows import (
    MODELS,
    Results,
    Row,
    is_baseline,
    member_configs,
)
from nircolor_tf.training import config_files

# What a training and its numbers do not depend on, or cannot be told.
_UNTOLD = (
    "data.manifest",
    "data.description",
    "data.terms",
    "export.",
    "best_step",
)


def format_commands(found: Results) -> Iterator[str]:
    """Yields paragraphs: a training for each row, then what all share.

    Raises:
        InputError: A row's config does not exist, or is of another method.
    """
    for row in found.rows:
        cost = found.costs["runs"][row.label]
        name = Path(cost["about"]["folder"]).name
        lines = list(train_commands(row, cost["config"], name))
        if cost["about"]["kind"] == "export":
            lines.append(
                f"bin/export.py --workdir=runs/{name} "
                f"--output=saved_models/{name}"
            )
        yield f"{row.label}:" + (f" {row.note}" if row.note else "")
        yield _code(lines)
    text = "MANIFEST is that of bin/prepare_data.py"
    if found.other is not None:
        text += f", OTHER that of {found.other_name}"
    reference, counted = found.costs["reference"], "reports/val"
    if reference not in found.measured["runs"]:
        counted = f"reports/reference,{counted}"
        text += f"; {reference}, of measured/README.md"
    yield f"All rows, measured, counted and written. {text}:"
    evaluations = [("MANIFEST", "reports/val", found.measured)]
    if found.other is not None:
        evaluations.append(("OTHER", "reports/other", found.other))
    lines = [_evaluate_command(*one) for one in evaluations]
    lines.append(
        f"bin/costs.py --evaluation={counted} "
        + shlex.quote(f"--reference={reference}")
        + f" \\\n    --size={found.costs['size']} "
        f"--repeats={found.costs['repeats']} --output=reports/costs.json"
    )
    other = shlex.quote(f"--other={found.other_name}=reports/other")
    lines.append(
        "bin/results.py --rows=docs/results_rows.csv --evaluation=reports/val "
        "\\\n    "
        + (f"{other} \\\n    " if found.other is not None else "")
        + "--costs=reports/costs.json --output=docs/results.md "
        "--readme=README.md"
    )
    yield _code(lines)


def train_commands(
    row: Row, trained: Mapping[str, Any], name: str
) -> Iterator[str]:
    """Yields the commands that train a row, members before their mean.

    Args:
        row: Names the configs, as they are today.
        trained: The config of the run.
        name: Of the run's folder.

    Raises:
        InputError: There is no such config, it is of another method, or the
            run is of more or fewer trainings.
    """
    members = member_configs(trained)
    if len(members) != len(row.configs):
        raise InputError(
            f"row {row.label!r}: {row.config!r} names {len(row.configs)} "
            f"configs; the run is of {len(members)} trainings"
        )
    if members == [trained]:
        yield train_command(row.label, row.config, trained, name)
        return
    names = [f"{name}_{number}" for number in range(1, len(members) + 1)]
    averaged = trained.get("averaged", {})
    flags = _ways_on(averaged, names)
    trainings = list(zip(row.configs, members, names, flags, strict=True))
    # What others start from comes before them.
    for parts in sorted(trainings, key=lambda parts: len(parts[-1])):
        yield train_command(row.label, *parts)
    workdirs = ",".join(f"runs/{member}" for member in names)
    line = f"bin/combine.py --members={workdirs} --workdir=runs/{name}"
    if averaged:
        shares = ",".join(f"{one['share']:g}" for one in averaged.values())
        line += f" \\\n    --shares={shares} --checkpoint=latest"
    yield line


def _ways_on(
    averaged: Mapping[str, Mapping[str, Any]], names: Sequence[str]
) -> list[list[str]]:
    """Returns the flags of each member, if it went on from one of the others.

    Args:
        averaged: That part of the config of a mean of weights, or nothing.
        names: Of the members' folders.
    """
    if not averaged:
        return [[] for _ in names]
    folders = dict(
        zip((one["name"] for one in averaged.values()), names, strict=True)
    )
    flags = []
    for part in averaged.values():
        own = []
        if "started_from" in part:
            start = part["started_from"]["name"]
            own.append(f"--start_from=runs/{folders.get(start, start)}")
            if part["step"] < part["config"]["train"]["steps"]:
                own.append(f"--stop_at={part['step']}")
        flags.append(own)
    return flags


def train_command(
    label: str,
    file: str,
    trained: Mapping[str, Any],
    name: str,
    flags: Sequence[str] = (),
) -> str:
    """Returns the command that trains with a row's config.

    Args:
        label: Of the row, for errors.
        file: FILE.py[:VARIANT], as it is today.
        trained: The config that the run was trained with.
        name: Of the run's folder.
        flags: Further ones.

    Returns:
        Shell lines. Flags say where `trained` differs; a comment names keys
        that only one of the two configs has.

    Raises:
        InputError: There is no such config, or it is of another method.
    """
    today = _load_config(label, file)
    if today["method"] != trained["method"]:
        raise InputError(
            f"row {label!r}: {file} is of {today['method']!r}, and "
            f"the run was trained with {trained['method']!r}"
        )
    today, trained = dict(_flat(today)), dict(_flat(trained))
    changes = [
        # Single quotes would have to be escaped in a shell.
        f"--config.{key}={trained[key]}".replace("'", '"')
        for key in sorted(today.keys() & trained.keys())
        if today[key] != trained[key]
    ]
    words = [
        "bin/train.py",
        f"--config={file}",
        f"--workdir=runs/{name}",
        "--config.data.manifest=MANIFEST",
        *flags,
        *changes,
    ]
    lines = [" \\\n    ".join(map(shlex.quote, words))]
    for keys, text in (
        (today.keys() - trained.keys(), "The config now has"),
        (trained.keys() - today.keys(), "The config no longer has"),
    ):
        if keys:
            lines.append(f"# {text} {', '.join(sorted(keys))}.")
    return "\n".join(lines)


def _evaluate_command(
    manifest: str, output: str, measured: Mapping[str, Any]
) -> str:
    words = ["bin/evaluate.py", f"--data={manifest}"]
    words += [f"--split={measured['data']['split']}", f"--output={output}"]
    runs = measured["runs"]
    if any(map(is_baseline, runs.values())):
        words.append("--baselines")
    words.append("--compare")
    for name, run in runs.items():
        about = run["about"]
        if about["kind"] in MODELS:
            parent = "runs" if about["kind"] == "workdir" else "saved_models"
            folder = f"{parent}/{Path(about['folder']).name}"
            words.append(f"{name}={folder}:{about['path']}")
    return " \\\n    ".join(map(shlex.quote, words))


def _code(lines: Iterable[str]) -> str:
    return "\n".join(["```", *lines, "```"])


def _load_config(label: str, file: str) -> dict[str, Any]:
    try:
        return json.loads(config_files.read(file).to_json())
    except InputError as error:
        raise InputError(f"row {label!r}, {error}") from error


def _flat(
    tree: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        elif not name.startswith(_UNTOLD):
            yield name, value
