"""Tests that start processes do not wait for TensorFlow in each of them."""

import sys

import forked


def say(pipe):
    pipe.send("tensorflow" in sys.modules)


def test_tensorflow_is_there_when_a_process_starts():
    ours, theirs = forked.context.Pipe()
    process = forked.start(say, theirs)
    assert ours.recv()
    process.join()
