"""`chainrule codegen`: the forward pass and its gradients as source code to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chainrule.commands.choices import Found

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
@click.option("-o", "--output", metavar="FILE", help="Write to a file, replaced only when done.")
def command(
    model: str, target: str, values: tuple[str, ...], level: str, output: str | None
) -> None:
    """Write MODEL's forward pass, gradients and update as readable source code.

    MODEL is a built-in example, a .toml model, a file of plain equations, a shorthand such as
    2-3-1, or -. Each line says which factors of the chain rule it multiplies. The code needs
    nothing but what its target is called.

    \b
    chainrule codegen mazur --target python
    chainrule codegen 2-3-1 --target torch -o net.py
    chainrule codegen 784-128-10 --target numpy --level matrix
    chainrule codegen net.toml --target c -o net.c
    """
    import chainrule
    from chainrule.commands.output import write
    from chainrule.numeric.targets import Options, targets
    from chainrule.read.models import load_model, with_given

    graph = with_given(load_model(model), values)
    graph = graph.with_model(**graph.model.taken_as_usual())
    if graph.model.usual:
        taken = ", ".join(f"{name} = {text}" for name, text in graph.model.usual.items())
        click.echo(f"usual values taken: {taken}", err=True)
    options = Options(version=chainrule.__version__, level=level)
    write([targets()[target].write(graph, options)], output)
