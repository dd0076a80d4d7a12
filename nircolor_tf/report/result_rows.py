"""The list of rows of docs/results.md, docs/results_rows.csv.

Its columns are those of `Row`. All else comes from measured files, see
`result_files`.
"""

import csv
import dataclasses
import os

from nircolor_tf.errors import InputError

COLUMNS = ("label", "config", "reported", "note", "readme")


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the tables.

    Attributes:
        label: Name of the run in the evaluations.
        config: FILE.py[:VARIANT] of its training; of a run of bin/combine.py
            those of its members, in order, with spaces.
        reported: Its method in reported.csv; '' for none.
        note: For people, above its commands; '' for none.
        readme: 'yes' where the README shows the row, else ''.
    """

    label: str
    config: str
    reported: str
    note: str
    readme: str

    @property
    def configs(self) -> list[str]:
        """FILE.py[:VARIANT] of each training."""
        return self.config.split()


def read_rows(path: str | os.PathLike) -> list[Row]:
    """Reads the list of rows.

    Raises:
        InputError: It is malformed, empty, or names a row twice.
    """
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputError(
                f"{path}, line 1: {','.join(reader.fieldnames or ())}; "
                f"expected {','.join(COLUMNS)}"
            )
        rows = []
        for line in reader:
            if None in line or None in line.values():
                raise InputError(
                    f"{path}, line {reader.line_num}: expected {len(COLUMNS)} "
                    "columns"
                )
            if line["readme"] not in ("", "yes"):
                raise InputError(
                    f"{path}, line {reader.line_num}, column readme: "
                    f"{line['readme']!r}; expected 'yes' or nothing"
                )
            rows.append(Row(**line))
    if not rows:
        raise InputError(f"{path}: no rows")
    for row in rows:
        if [other.label for other in rows].count(row.label) > 1:
            raise InputError(f"{path}: the row {row.label!r} is there twice")
    return rows
