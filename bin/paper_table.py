#!/usr/bin/env python3
"""Runs the command in nircolor_tf/commands/paper_table.py."""

from nircolor_tf.commands import cli

if __name__ == "__main__":
    cli.run("paper_table")
