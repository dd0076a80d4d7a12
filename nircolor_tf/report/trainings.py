"""The trainings of a row: their configs, and the table of them.

A run of bin/combine.py has several: its config holds those of its members.
"""

import shlex
from collections.abc import Mapping
from typing import Any

from nircolor_tf.errors import InputError
from nircolor_tf.report import markdown
from nircolor_tf.report.result_rows import Row

HEADING = (
    "run",
    "config",
    "pairs",
    "photos",
    "batch",
    "peak rate",
    "steps",
    "minutes",
    "best step",
    "at minute",
)


def member_configs(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns the config of each training of a run, one or several.

    Args:
        config: Of the run. "averaged" in it are the members of a mean of
            weights, "combined" those of a mean of images.

    Returns:
        Configs; that of a member has "best_step", too.
    """
    if "averaged" in config:
        return [
            {**part["config"], "best_step": part["step"]}
            for part in config["averaged"].values()
        ]
    if "combined" not in config:
        return [config]
    shared = {
        key: value
        for key, value in config.items()
        if key not in ("members", "combined")
    }
    return [
        {
            **shared,
            **part,
            "method": "supervised",
            "network": config["members"][name],
        }
        for name, part in config["combined"].items()
    ]


def check_configs(row: Row, cost: Mapping[str, Any]) -> None:
    """Checks the configs that a row names.

    Args:
        row: The row.
        cost: Its run in costs.json.

    Raises:
        InputError: The run has more or fewer trainings, or none of its
            recorded commands trains with such a config.
    """
    members = member_configs(cost["config"])
    if len(members) != len(row.configs):
        raise InputError(
            f"row {row.label!r}: {row.config!r} names {len(row.configs)} "
            f"configs; the run is of {len(members)} trainings"
        )
    words = {
        word.removeprefix("--config=")
        for command in cost.get("commands", [])
        for word in shlex.split(command)
    }
    for config in row.configs:
        if words and config not in words:
            raise InputError(
                f"row {row.label!r}: {config} is not the config of any of its "
                "commands"
            )


def format_trainings(
    rows: list[Row], costs: Mapping[str, Mapping[str, Any]]
) -> str:
    """Formats the table of the trainings.

    Args:
        rows: In order.
        costs: Their runs in costs.json, by label.
    """
    return markdown.table(
        HEADING, [_cells(row, costs[row.label]) for row in rows]
    )


def _cells(row: Row, cost: Mapping[str, Any]) -> list[str]:
    members = member_configs(cost["config"])
    steps = minutes = "?"
    if len(members) == 1 and (trained := cost["trained"]):
        steps = f"{trained['step']:,}"
        if trained["step"] < trained["planned"]:
            steps += f" of {trained['planned']:,}"
        minutes = f"{trained['minutes']:.0f}"
    return [
        row.label,
        ", ".join(f"`{config}`" for config in row.configs),
        f"{cost['pairs']:,}",
        f"{cost['photos']:,}",
        ", ".join(str(member["data"]["batch_size"]) for member in members),
        ", ".join(f"{member['rate']['peak']:g}" for member in members),
        steps,
        minutes,
        " + ".join(
            f"{member.get('best_step', cost['best']['step']):,}"
            for member in members
        ),
        f"{cost['best']['minutes']:.0f}",
    ]
