"""What the papers report of their methods, on other images than ours."""

import csv
from importlib import resources

_FILE = "reported.csv"


def read_reported() -> list[dict[str, str]]:
    """Returns its rows: paper, method, data and what was measured, as text."""
    text = resources.files(__package__).joinpath(_FILE).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
