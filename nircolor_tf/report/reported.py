"""Numbers that the papers report of their methods, on images of their own."""

import csv
from importlib import resources

_FILE = "reported.csv"


def read_reported() -> list[dict[str, str]]:
    """Returns the rows of reported.csv, as text by column."""
    text = resources.files(__package__).joinpath(_FILE).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
