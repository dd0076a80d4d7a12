"""The devices and processes that share a training.

One process takes all GPUs of its machine, or its processor. Several, of one
machine or many, each get the environment variable TF_CONFIG, which names them
all and says which one this is:

    TF_CONFIG='{"cluster": {"worker": ["host1:12345", "host2:12345"]},
                "task": {"type": "worker", "index": 0}}'

Every process runs the same program on the same config and workdir. Each takes
its share of every batch, and the gradients are summed over all, so that the
weights are the same everywhere. The first one alone, the chief, evaluates and
writes.

Source: tf.distribute.MirroredStrategy, MultiWorkerMirroredStrategy.
"""

import functools
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence

import tensorflow as tf

from nircolor_tf.errors import InputError

VARIABLE = "TF_CONFIG"


def make_strategy() -> tf.distribute.Strategy:
    """Returns that for all devices of all processes.

    Call it before anything else of TensorFlow. It waits for the other
    processes.

    Raises:
        InputError: TF_CONFIG does not say which processes there are.
    """
    text = os.environ.get(VARIABLE)
    if text and worker_count(text) > 1:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        # Every batch is whole, and there is no last one: without this line
        # the processes would agree, before each, on whether it is there.
        strategy.extended.experimental_enable_get_next_as_optional = False
        return strategy
    if tf.config.list_physical_devices("GPU"):
        return tf.distribute.MirroredStrategy()
    return tf.distribute.OneDeviceStrategy("/cpu:0")


def worker_count(text: str) -> int:
    """Returns how many processes TF_CONFIG names.

    Args:
        text: Its value.

    Raises:
        InputError: It is not as `make_strategy` expects it.
    """
    try:
        tree = json.loads(text)
        cluster, task = tree.get("cluster", {}), tree.get("task", {})
        if not cluster:
            return 1
        addresses = cluster[task["type"]]
        valid = (
            isinstance(cluster, Mapping)
            and cluster.keys() <= {"chief", "worker"}
            and 0 <= task["index"] < len(addresses)
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        valid = False
    if not valid:
        raise InputError(
            f"{VARIABLE} is {text!r}; expected "
            '{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": '
            '"worker", "index": NUMBER}}, the number from 0 on and less than '
            "the count of addresses"
        )
    return sum(map(len, cluster.values()))


def distribute(
    strategy: tf.distribute.Strategy,
    of_process: Callable[[tf.distribute.InputContext], tf.data.Dataset],
    prefetch: int,
) -> Iterator:
    """Returns the batches of this process's devices, one after the other.

    Args:
        strategy: That of `make_strategy`.
        of_process: Returns the parts of the devices, in turn.
        prefetch: Parts that are copied to each device before they are read.
    """
    options = tf.distribute.InputOptions(
        experimental_per_replica_buffer_size=prefetch
    )
    return iter(strategy.distribute_datasets_from_function(of_process, options))


@functools.lru_cache(maxsize=1)
def replica_numbers(strategy: tf.distribute.Strategy) -> tuple[int, ...]:
    """Returns the numbers of this process's replicas among all, from 0 on."""

    @tf.function
    def run():
        return strategy.run(
            lambda: tf.identity(
                tf.distribute.get_replica_context().replica_id_in_sync_group
            )
        )

    return tuple(int(n) for n in strategy.experimental_local_results(run()))


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether this process is the one that evaluates and writes."""
    return 0 in replica_numbers(strategy)


def is_shared(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether there are other processes."""
    return len(replica_numbers(strategy)) < strategy.num_replicas_in_sync


class Agreement:
    """Tells every process a number of every other one.

    All call it at the same place of the program; each waits for the last.

    Args:
        strategy: Of the training.
    """

    def __init__(self, strategy: tf.distribute.Strategy):
        self._strategy = strategy
        self._shared = is_shared(strategy)
        self._previous = tf.constant([0], tf.int64)

    def gather(self, number: int) -> Sequence[int]:
        """Returns the number that each process, or each replica, gave."""
        if not self._shared:
            return [number]
        return self._gather(tf.constant(number, tf.int64)).numpy()

    def gather_previous(self, number: int) -> Sequence[int]:
        """Returns what each gave at the call before this one; first zeros.

        It waits for the step before, not for the one that was just begun: the
        devices have work while this process prepares the next. Without other
        processes it returns `number`.
        """
        if not self._shared:
            return [number]
        previous = self._previous
        self._previous = self._gather(tf.constant(number, tf.int64))
        return previous.numpy()

    def check_same_step(self, step: int, workdir: str | os.PathLike) -> None:
        """Checks that every process begins after the same step.

        Args:
            step: That of this process.
            workdir: Where it has that from.

        Raises:
            InputError: They differ.
        """
        steps = self.gather(step)
        if len(set(steps)) > 1:
            raise InputError(
                f"{workdir}: the processes of {VARIABLE} would begin after "
                f"the steps {sorted(set(steps))}; expected the same: one "
                "--workdir that all machines share"
            )

    @tf.function
    def _gather(self, number):
        return gather(self._strategy, lambda: number)


def gather(
    strategy: tf.distribute.Strategy, value: Callable[[], tf.Tensor]
) -> tf.Tensor:
    """Returns a value of every replica of every process.

    It belongs into a tf.function that every process calls.

    Args:
        strategy: Of the training.
        value: Gives that of a replica, of a static shape.

    Returns:
        (replicas, *shape), in the order of their numbers.
    """
    replicas = strategy.num_replicas_in_sync

    def row():
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        own = value()
        shape = (replicas, *own.shape)
        return tf.scatter_nd(tf.reshape(number, (1, 1)), own[None], shape)

    # Rows of zeros but for one: their sum has each replica's. (A sum works
    # where `all_gather` does not know the device of its input.)
    return strategy.reduce("SUM", strategy.run(row), axis=None)
