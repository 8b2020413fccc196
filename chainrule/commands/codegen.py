"""`chainrule codegen`: the forward pass and its gradients as source code to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chainrule.commands.choices import Found
from chainrule.core.errors import ChainruleError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["command"]


def _targets() -> Sequence[str]:
    from chainrule.numeric.targets import targets

    return tuple(targets())


@click.command("codegen", short_help="Write a model and its gradients as source code.")
@click.argument("model")
@click.option("--target", type=Found(_targets), required=True, help="The language or library.")
@click.option(
    "--values",
    multiple=True,
    metavar="FILE|NAME=V,…",
    help="Values of leaves: TOML with [values], or JSON of train; may be repeated.",
)
@click.option(
    "--level",
    type=click.Choice(["auto", "component", "matrix"]),
    default="auto",
    show_default=True,
    help="A line for every scalar, or a statement for every layer; auto: by size.",
)
@click.option("--header", metavar="FILE", help="C: write the declarations to a file, too.")
@click.option("--prefix", default="", metavar="NAME", help="C: NAME_forward, NAME_step and so on.")
@click.option("-o", "--output", metavar="FILE", help="Write to a file, replaced only when done.")
def command(
    model: str,
    target: str,
    values: tuple[str, ...],
    level: str,
    header: str | None,
    prefix: str,
    output: str | None,
) -> None:
    """Write MODEL's forward pass, gradients and update as readable source code.

    MODEL is a built-in example, a .toml model, a file of plain equations, a shorthand such as
    2-3-1, or -. Each line says which factors of the chain rule it multiplies. The code needs
    nothing but what its target is called. C has forward(), gradients(), step() and the tables of
    names; with --header they are declared in a file for C and C++, and with a --prefix for each,
    several models can be linked into one program.

    \b
    chainrule codegen mazur --target python
    chainrule codegen 2-3-1 --target torch -o net.py
    chainrule codegen 784-128-10 --target numpy --level matrix
    chainrule codegen net.toml --target c -o net.c --header net.h --prefix net
    """
    import chainrule
    from chainrule.commands.output import write
    from chainrule.numeric.targets import Options, targets
    from chainrule.read.models import load_model, with_given

    language = targets()[target]
    for flag, wanted in (("--header", header), ("--prefix", prefix)):
        if wanted and language.header is None:
            raise ChainruleError(f"{flag} is there for C only", hint="add --target c")
    graph = with_given(load_model(model), values)
    graph = graph.with_model(**graph.model.taken_as_usual())
    if graph.model.usual:
        taken = ", ".join(f"{name} = {text}" for name, text in graph.model.usual.items())
        click.echo(f"usual values taken: {taken}", err=True)
    options = Options(
        version=chainrule.__version__,
        level=level,
        prefix=prefix,
        header=_included(header, output) if header else "",
    )
    code = language.write(graph, options)
    if header and language.header is not None:
        write([language.header(graph, options)], header)
    write([code], output)


def _included(header: str, output: str | None) -> str:
    """How the code names its header: by the way from its own folder."""
    import os
    from pathlib import Path

    from chainrule.commands.output import has_folder

    folder = "." if output in {None, "-"} else Path(output or "").parent
    name = os.path.relpath(header, folder).replace(os.sep, "/")
    if header == "-" or Path(header).is_dir():
        raise ChainruleError("--header takes the name of a file", hint="--header net.h")
    if output is not None and os.path.realpath(header) == os.path.realpath(output):
        raise ChainruleError(f"{header} cannot be both the header and the code")
    if not name.isprintable() or set('"\\') & set(name):
        raise ChainruleError(f"{shown(header)} cannot be included by C", hint="--header net.h")
    if not has_folder(header):
        raise ChainruleError(f"{header} cannot be written: there is no such folder")
    return name
