"""The evaluations of a training: when they are due, and what is kept of them.

One that a signal ends leaves nothing behind. It is made again when the training
goes on, with the same weights, so that it gives what it would have given.
"""

import dataclasses
import math
from collections.abc import Callable

from ml_collections import ConfigDict

from nircolor_tf.training.averages import MovingAverages
from nircolor_tf.training.checkpoints import Checkpoints
from nircolor_tf.training.evaluator import EvaluationStoppedError, Evaluator
from nircolor_tf.training.writer import Writer

# Of an evaluation, what the terminal shows; eval/scalars.csv has all.
_SHOWN = ("std/psnr", "std/ssim", "std/ae")


@dataclasses.dataclass
class Evaluations:
    """Measures whole validation images; keeps the best weights.

    Attributes:
        config: A whole experiment.
        evaluator: Of its validation images.
        averages: Are applied meanwhile.
        checkpoints: Get the best weights.
        writer: Gets the numbers and the image grids.
        end: The last step, which is always evaluated.
        newest: Step of the last one that is written; 0 for none.
        is_chief: Whether this process evaluates; the others do nothing.
    """

    config: ConfigDict
    evaluator: Evaluator
    averages: MovingAverages
    checkpoints: Checkpoints
    writer: Writer
    end: int
    newest: int
    is_chief: bool

    def are_due(self, step: int) -> bool:
        """Returns whether the weights after a step are evaluated."""
        every = self.config.train.evaluate_every
        return step > 0 and (step == self.end or step % every == 0)

    def are_missing(self, step: int) -> bool:
        """Returns whether they should have been, and a signal came before."""
        return self.is_chief and self.are_due(step) and self.newest < step

    def run(
        self,
        step: int,
        phase: str,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Evaluates the weights.

        Args:
            step: After which they are as they are.
            phase: Its name.
            is_stopped: Is asked before each image; True ends it.
        """
        if not self.is_chief:
            return
        metric = self.config.evaluate.best_metric
        with self.averages.applied():
            try:
                metrics, grids = self.evaluator.evaluate(is_stopped)
            except EvaluationStoppedError:
                return
            best = self.checkpoints.best_record() or {}
            former = best.get("metrics", {}).get(metric, -math.inf)
            # The colors of an estimator's training stay as they were: the
            # metric says nothing of it, and the newest has learned most.
            better = (
                not best
                or metrics[metric] > former
                or self.evaluator.method.error_path() is not None
            )
            if better:
                self.writer.attempt(self.checkpoints.save_best, metrics)
        for name, grid in grids.items():
            self.writer.image(step, name, grid)
        # Last: they say that the evaluation is complete.
        self.writer.scalars("eval", step, phase, metrics)
        self.newest = step
        numbers = ", ".join(
            f"{name} {metrics[name]:.4g}"
            for name in dict.fromkeys((metric, *_SHOWN))
            if name in metrics
        )
        rank = (
            "the best so far"
            if better
            else f"the best is {former:.4g} at step {best['step']}"
        )
        self.writer.say(
            f"step {step}, {self.config.evaluate.split}: {numbers} ({rank})"
        )
