"""The root command. Commands are modules of this folder with a `command`."""

from __future__ import annotations

import importlib
import io
import os
import sys

import click

import chainrule
from chainrule.core.discovery import module_names

__all__ = ["main"]

_NOT_COMMANDS = frozenset({"choices", "output", "root", "session", "step_page"})


class _Group(click.Group):
    """Loads a command's module only when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        folders = importlib.import_module(__package__).__path__
        return [name for name in module_names(folders) if name not in _NOT_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"chainrule.commands.{cmd_name}")
        command: click.Command = module.command
        return command


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 fine, 1 something is wrong, 2 unusable input. "
    "Completion: chainrule explain completion",
)
@click.version_option(chainrule.__version__, prog_name="chainrule")
def root() -> None:
    """Backpropagation derived factor by factor, the way the best textbook would.

    \b
    chainrule derive textbook --wrt w_31
    chainrule derive -e "u = (x+1)**2" -e "h = u**3 + 2*u - 5" --wrt x
    chainrule verify textbook "dz_3/dw_31 = a_1"
    chainrule explain sigmoid
    """


def main() -> None:
    """Run the command line. Errors a person can cause end in one message and exit code 2."""
    from chainrule.core.errors import ChainruleError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # ∂ and Hangul, whatever the locale says
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        code = root(prog_name="chainrule", standalone_mode=False)
    except ChainruleError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except RecursionError:
        click.echo("error: this model is nested too deep", err=True)
        sys.exit(2)
    if isinstance(code, int):  # what a command exits with, click returns here
        sys.exit(code)
