"""The row of an export: CoColor with all of its six paths."""

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from nircolor_tf.benchmarks import experiments
from nircolor_tf.benchmarks.rows import Limits, Plan, Quartiles, Row
from nircolor_tf.data import training_data
from nircolor_tf.export import comparison, model_card, model_files
from nircolor_tf.training import build


def rows(plan: Plan, machine: Limits) -> Iterable[Row]:
    """Writes all files and compares each with the method, once."""
    del machine
    method = build.make_method(experiments.read("cocolor", plan.variant("")))
    paths = method.inference_paths()
    record = {"step": 0, "minutes": 0.0, "metrics": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        model_files.write(method, paths, folder)
        card = model_card.make_card(
            method,
            "bench",
            paths,
            record,
            training_data.NOTHING,
            model_card.History(),
        )
        model_card.write(folder, card)
        comparison.compare(method, folder)
        seconds = time.perf_counter() - start
    yield Row(
        work="export of CoColor, six paths, written and compared",
        program="SavedModel and six TFLite files",
        seconds=Quartiles.of([seconds]),
        unit="s",
        goal="60 s",
    )
