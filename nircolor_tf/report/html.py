"""The report that people look at: one HTML file that needs no network.

`report.html` is the page, `report.css` its look; `report.js` draws the tables
from the data, `gallery.js` the images. `write` puts all of them and the data,
images as data URIs, into one file that opens from a disk. The page's
Content-Security-Policy makes a browser load nothing from anywhere else.

The data is one mapping. A metric's key is "<protocol>/<metric>", or its name
alone where it measures a whole set, as FID does. Numbers that were not measured
are left out.

    title           text
    about           {heading: text}: data, protocol, split, version, command ..
    metrics         {key: {label, unit, higher_is_better, digits}}, in the
                    order of the columns
    runs            [{name, description, count, failures, contamination, mean,
                    interval, card}]; count is the number of images measured,
                    failures [{image, reason}], contamination {state, text}
                    with the state clean, contaminated or unknown, mean
                    {key: number}, interval {key: [low, high]}, card any JSON
    unloadable      [{name, reason}]: models that could not be measured
    differences     [{first, second, metric, difference, interval, images,
                    text}]: paired, first minus second; interval may be None
    images          [{name, scene, source, truth, source_label, truth_label,
                    runs}] with runs {run's name: {prediction, error,
                    metrics: {key: number}}}; source, truth, prediction and
                    error (a map) are data URIs
    omitted         how many images are not among them
    error_scale     text: the meaning of the colors of the error maps
    robustness      None, or {svg: data URI, text}
    reported        [{method, paper, data, psnr, ssim, ae, note}]: numbers
                    that papers report
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from nircolor_tf import files

_FOLDER = Path(__file__).parent


def write(path: str | os.PathLike, report: Mapping) -> None:
    """Writes the report as one HTML file.

    Args:
        path: The file; its folder exists. A file there is replaced.
        report: As the module's docstring describes it.

    Raises:
        InputError: The file cannot be written.
        ValueError: A number is NaN or infinite: JSON has neither.
    """
    data = json.dumps(report, allow_nan=False, separators=(",", ":"))
    page = re.sub(
        r"/\*(\w+\.\w+)\*/",
        lambda place: _read(place[1]),
        _read("report.html"),
    )
    # No text in the data can end the element that holds it.
    page = page.replace("/*data*/", data.replace("<", "\\u003c"))
    with files.replacing(path) as temporary:
        temporary.write_text(page, "utf-8")


def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")
