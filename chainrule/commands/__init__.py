"""The command line: one file per command, found by name and loaded when it is called.

`chainrule --help` and completion import click and nothing of the engine.
"""

from chainrule.commands.root import main

__all__ = ["main"]
