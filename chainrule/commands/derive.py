"""`chainrule derive`: the gradient of every weight, factor by factor."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from chainrule.commands.choices import FORMAT, complete_notations, language_option

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chainrule.calculus.derivations import Derivations
    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph

__all__ = ["command"]

MAX_SHOWN = 200


def _complete_models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    del ctx, param
    from chainrule.catalog.registry import examples

    found = [name for name in examples() if name.startswith(incomplete)]
    return [*found, click.shell_completion.CompletionItem(incomplete, type="file")]


@click.command("derive", short_help="Derive the gradient of every weight, factor by factor.")
@click.argument("model", required=False, shell_complete=_complete_models)
@click.option("--wrt", multiple=True, metavar="NAME", help="Derive by this name; may be repeated.")
@click.option(
    "-e",
    "equations",
    multiple=True,
    metavar="EQUATION",
    help='An equation such as "h = u**3 + 2*u"; may be repeated, needs no MODEL.',
)
@click.option(
    "--level",
    type=click.Choice(["component"]),
    default="component",
    show_default=True,
    help="One neuron at a time.",
)
@click.option(
    "--style",
    type=click.Choice(["paths", "deltas"]),
    default="paths",
    show_default=True,
    help="Every path written out, or named, reused deltas.",
)
@click.option(
    "--detail",
    type=click.Choice(["brief", "standard", "full"]),
    default="standard",
    show_default=True,
    help="How much of each local derivative is shown.",
)
@click.option(
    "--show",
    metavar="PARTS",
    help="Only these parts of the page, of forward, chain, factors, result and update "
    "(comma-separated).",
)
@click.option(
    "--through",
    multiple=True,
    metavar="NAMES",
    help="Keep these per-output losses as factors of their own (comma-separated).",
)
@click.option(
    "--values",
    multiple=True,
    metavar="FILE|NAME=V,…",
    help="Values of leaves, to show numbers; may be repeated.",
)
@click.option("--no-values", is_flag=True, help="Show no numbers even where all are known.")
@click.option(
    "--digits", type=click.IntRange(0, 30), default=9, show_default=True, help="Decimals shown."
)
@click.option(
    "--notation",
    metavar="PROFILE|FILE",
    shell_complete=complete_notations,
    help="textbook, mazur, nielsen, ng, or your own TOML.",
)
@language_option
@click.option(
    "--format",
    "format_name",
    type=FORMAT,
    default="text",
    show_default=True,
    help="Output format.",
)
@click.option(
    "--document",
    type=click.Choice(["fragment", "article"]),
    default="fragment",
    show_default=True,
    help="A fragment to paste, or a whole LaTeX document.",
)
@click.option(
    "--flavour",
    type=click.Choice(["gfm", "kramdown", "jupyter"]),
    help="Which Markdown.  [default: gfm]",
)
@click.option("-o", "--output", metavar="FILE", help="Write to a file, replaced only when done.")
def command(
    model: str | None,
    wrt: tuple[str, ...],
    equations: tuple[str, ...],
    level: str,
    style: str,
    detail: str,
    show: str | None,
    through: tuple[str, ...],
    values: tuple[str, ...],
    no_values: bool,
    digits: int,
    notation: str | None,
    lang: str,
    format_name: str,
    document: str,
    flavour: str | None,
    output: str | None,
) -> None:
    """Derive ∂output/∂w for every weight by composing chain-rule factors along the graph.

    MODEL is a built-in example, a .toml model, a file of plain equations, a shorthand such as
    2-3-1, or - for standard input; without one the built-in textbook network is derived.

    \b
    chainrule derive
    chainrule derive textbook --wrt w_31 --lang ko
    chainrule derive mazur --wrt w_5 --format latex --document article -o w5.tex
    chainrule derive 3-2-2-2 --style deltas
    chainrule derive -e "u = (x+1)**2" -e "h = u**3 + 2*u - 5" --wrt x
    """
    del level
    from chainrule.commands.output import colour_wanted, write
    from chainrule.core.errors import ChainruleError
    from chainrule.show.formats import formats
    from chainrule.show.notebook import render
    from chainrule.show.outline import Options

    if document not in formats()[format_name].documents:
        raise ChainruleError(
            f"--document {document} is there for LaTeX only", hint="add --format latex"
        )
    if flavour is not None and flavour not in formats()[format_name].flavours:
        raise ChainruleError("--flavour is there for Markdown only", hint="add --format markdown")
    graph = _graph(model, equations, values)
    family = _family(graph, wrt, through)
    _check_length(family, format_name, output)
    _check_paths(family, style)
    if values:
        _say_missing(family)
    options = Options(detail=detail, style=style, values=not no_values, digits=digits)
    if show is not None:
        options = replace(options, show=_parts(show, format_name))
    settings: dict[str, Any] = {"document": document, "flavour": flavour or "gfm"}
    if format_name == "text":
        settings["colour"] = output is None and colour_wanted()
        settings["width"] = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    pieces = render(
        _watched(family, output), format_name, options=options, notation=notation, lang=lang,
        **settings,
    )  # fmt: skip
    write(pieces, output)


def _parts(show: str, format_name: str) -> frozenset[str]:
    """The parts of the page that are asked for."""
    from chainrule.core.errors import ChainruleError, nearest, shown
    from chainrule.show.outline import PARTS

    if format_name == "json":
        raise ChainruleError("--show is there for pages only", hint="JSON has everything")
    found = [part.strip() for part in show.split(",") if part.strip()]
    for part in found:
        if part not in PARTS:
            close = nearest(part, PARTS)
            hint = f"did you mean `{close}`?" if close else f"parts are {', '.join(PARTS)}"
            raise ChainruleError(f"{shown(part)} is no part of a page", hint=hint)
    if not found:
        raise ChainruleError("--show names no part", hint=f"parts are {', '.join(PARTS)}")
    return frozenset(found)


def _graph(
    model: str | None, equations: tuple[str, ...], values: tuple[str, ...]
) -> Graph | IndexGraph:
    from chainrule.core.errors import ChainruleError
    from chainrule.read.models import load_equations, load_model, with_given
    from chainrule.show.printers.latex import check_latex

    if equations and model is not None:
        raise ChainruleError(
            f"either MODEL (`{model}`) or -e equations, not both",
            hint="write all equations with -e, or all into the model",
        )
    graph = (
        load_equations(equations)
        if equations
        else load_model("textbook" if model is None else model, check_latex=check_latex)
    )
    return with_given(graph, values)


def _family(
    graph: Graph | IndexGraph, wrt: tuple[str, ...], through: tuple[str, ...]
) -> Derivations:
    from chainrule.calculus.derivations import derive

    names = [name.strip() for given in wrt for name in given.split(",")]
    stops = [name.strip() for given in through for name in given.split(",")]
    return derive(graph, names or None, through=stops)


def _say_missing(family: Derivations) -> None:
    """Values were given, but not all: say which are missing instead of showing no numbers."""
    missing = family.workspace.missing_values
    if missing:
        shown = ", ".join(missing[:8]) + (" …" if len(missing) > 8 else "")
        click.echo(f"no numbers are shown: there is no value for {shown}", err=True)


def _check_length(family: Derivations, format_name: str, output: str | None) -> None:
    from chainrule.core.errors import LimitError

    if not len(family):
        raise LimitError("this model has nothing to derive by", hint="name something: --wrt NAME")
    if format_name == "text" and output is None and len(family) > MAX_SHOWN:
        message = f"{len(family):,} parameters are more than the {MAX_SHOWN} a terminal is given"
        raise LimitError(message, hint="choose some with --wrt, or write to a file with -o")


def _check_paths(family: Derivations, style: str) -> None:
    """Refuse before the first line is written, not in the middle of a file."""
    from chainrule.calculus.derivations import MAX_PATHS, path_limit_message

    if style != "paths":
        return
    counts = family.path_counts()
    worst = max(counts, key=lambda name: counts[name])
    if counts[worst] > MAX_PATHS:
        raise path_limit_message(worst, family.of, counts[worst])


def _watched(family: Derivations, output: str | None) -> Derivations:
    """The same family with a progress bar when many are written to a file."""
    if output is None or len(family) <= MAX_SHOWN or not sys.stderr.isatty():
        return family
    from chainrule.calculus.derivations import Derivations

    class Watched(Derivations):
        def __iter__(self) -> Iterator[Any]:
            return _progress(super().__iter__(), len(self))

    return Watched(family.workspace, family.names, family.of)


def _progress(members: Iterable[Any], length: int) -> Iterator[Any]:
    with click.progressbar(members, length=length, label="deriving", file=sys.stderr) as bar:
        yield from bar
