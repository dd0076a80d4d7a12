"""The files that a table of results is made of, for the tests."""

import json

from nircolor_tf.report import result_files

CONFIG = "configs/supervised.py:unet256,cpu"
ROWS = [
    ("far", CONFIG, "DCGAN", "", "yes"),
    ("near", "configs/colornet.py:cpu", "", "Taught by far.", ""),
]


def change(path, keys, value):
    """Changes one value of a JSON file."""
    contents = json.loads(path.read_text())
    *parents, last = keys
    place = contents
    for key in parents:
        place = place[key]
    place[last] = value
    path.write_text(json.dumps(contents))


def read(folder, other="Elsewhere={}/other"):
    return result_files.read_results(
        folder / "rows.csv",
        [str(folder / "val")],
        other.format(folder),
        [str(folder / "costs.json")],
    )
