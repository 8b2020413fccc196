"""The root command. Commands are modules of this folder with a `command`."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any

import click

import chainrule
from chainrule.core.discovery import module_names
from chainrule.core.errors import ChainruleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.show.locales import Locale

__all__ = ["main"]

_NOT_COMMANDS = frozenset({"choices", "guard", "output", "root", "session", "step_page"})


class _Closed(Exception):
    """Nobody reads what is printed any more."""


@contextlib.contextmanager
def _past_click() -> Iterator[None]:
    """A closed pipe under another name: click would end with exit code 1 at it."""
    try:
        yield
    except BrokenPipeError:
        raise _Closed from None


class _Group(click.Group):
    """Loads a command's module only when the command is asked for."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _past_click():  # --help and --version print here
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _past_click():
            return super().invoke(ctx)

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
    """Run the command line. Errors a person can cause end in one message and exit code 2.

    So does an output that takes no more; where it is a pipe that nobody reads any longer, the exit
    code is 141 and there is no message, as for a program that SIGPIPE has ended.
    """
    _open_streams()
    try:
        code = _run()
        sys.stdout.flush()
    except (_Closed, BrokenPipeError):
        code = 141
        _discard_output()
    except OSError as error:
        code = 2
        with contextlib.suppress(OSError):
            reason = (error.strerror or str(error)).lower()
            where = error.filename or "standard output"
            _say(ChainruleError(f"{where} cannot be written: {reason}"))
        _discard_output()
    if code:
        sys.exit(code)


def _open_streams() -> None:
    """∂ and Hangul, whatever the locale says; streams that were closed refuse what they get."""
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    if sys.stdout is None:  # only writing is an error, and the text of a page may go to a file
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _discard_output() -> None:
    """What is buffered goes nowhere: writing it at the end would fail again."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):  # no file
                os.dup2(nowhere, stream.fileno())


def _run() -> int:
    """The exit code of what the command line asks for."""
    try:
        code = root(prog_name="chainrule", standalone_mode=False)
    except ChainruleError as error:
        _say(error)
        return 2
    except click.ClickException as error:
        _say_usage(error)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except RecursionError:
        _say(ChainruleError("this model is nested too deep"))
        return 2
    return code if isinstance(code, int) else 0  # what a command exits with, click returns here


# ---------------------------------------------------------------------------- what went wrong


def _locale() -> Locale | None:
    """The language that the command line asks for, if it is there and not the usual one.

    Looked up in the arguments, since they may be what cannot be read.
    """
    arguments = sys.argv[1:]
    code = next((one[7:] for one in arguments if one.startswith("--lang=")), "en")
    if "--lang" in arguments[:-1]:
        code = arguments[arguments.index("--lang") + 1]
    if code == "en":
        return None
    from chainrule.show.locales import languages, load_locale

    return load_locale(code) if code in languages() else None


def _say(error: ChainruleError) -> None:
    locale = _locale()
    if locale is None:
        click.echo(f"error: {error}", err=True)
    else:
        label, hint = locale.words["error"], locale.words["hint"]
        click.echo(f"{label}: {error.shown(locale.message, hint)}", err=True)


def _say_usage(error: click.ClickException) -> None:
    locale = _locale()
    if locale is None:
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        usage = context.get_usage().replace("Usage:", locale.words["Usage:"], 1)
        click.echo(f"{usage}\n", err=True)
    click.echo(f"{locale.words['error']}: {locale.message(error.format_message())}", err=True)
