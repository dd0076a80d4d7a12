"""Processes that are forked from one that has imported TensorFlow.

TensorFlow is imported once for all of them, and started in each.
"""

import multiprocessing
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess

import pytest

context = multiprocessing.get_context("forkserver")
# A module of the package: Python 3.11 does not find those of the tests there,
# and says nothing. All tests share the server, and so this list.
context.set_forkserver_preload(["nircolor_tf.training.trainer"])


def start(target: Callable, *arguments: object) -> BaseProcess:
    """Starts a process that calls a function, which can be imported."""
    with pytest.MonkeyPatch.context() as patch:
        # As a command that trains sets them before it imports TensorFlow.
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        patch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
        forkserver.ensure_running()
    process = context.Process(target=target, args=arguments)
    process.start()
    return process
