"""The command line: one file per command, found by name and loaded when it is called.

`chainrule --help` and completion import click and nothing of the engine.
"""

__all__ = ["main"]

_OBJECTS = 100_000


def main() -> None:
    """Run the command line.

    A command is short and makes few cycles: they are looked for less often, imports included.
    """
    import gc

    gc.set_threshold(_OBJECTS, 20, 20)
    from chainrule.commands import root

    root.main()
