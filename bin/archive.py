#!/usr/bin/env python3
"""Runs the command in nircolor_tf/commands/archive.py."""

from nircolor_tf.commands import cli

if __name__ == "__main__":
    cli.run("archive")
