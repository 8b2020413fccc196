"""`chainrule gradcheck`: our gradients against values alone, and against another library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chainrule.commands.choices import Found, language_option
from chainrule.commands.output import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chainrule.core import formula as fm
    from chainrule.core.errors import ChainruleError
    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.gradcheck import GradCheck

__all__ = ["command"]

SAMPLE = 200


def _engines() -> Sequence[str]:
    from chainrule.numeric.engines import engine_names

    return ("auto", *engine_names())


def _peers() -> Sequence[str]:
    from chainrule.numeric.peers import peer_names

    return ("auto", "none", *peer_names())


@click.command("gradcheck", short_help="Check every gradient against difference quotients.")
@click.argument("model", required=False)
@click.option(
    "-e",
    "equations",
    multiple=True,
    metavar="EQUATION",
    help='An equation such as "h = u**3 + 2*u"; may be repeated, needs no MODEL.',
)
@click.option(
    "--values",
    multiple=True,
    metavar="FILE|NAME=V,…",
    help="Values of leaves; may be repeated. Leaves without a value get random ones.",
)
@click.option(
    "--gradients",
    metavar="FILE",
    help="Somebody else's gradient to check, at the values of the model: JSON "
    '{"w_1": 0.1, "W2": [[…], …]} or CSV name,value; - is standard input.',
)
@click.option(
    "--wrt",
    multiple=True,
    metavar="NAMES",
    help="Leaves to check (comma-separated).  [default: every weight and bias]",
)
@click.option(
    "--tolerance",
    type=float,
    default=1e-6,
    show_default="1e-6",
    metavar="T",
    help="Relative difference that is allowed.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all that is random.")
@click.option(
    "--sample",
    type=click.IntRange(1),
    default=SAMPLE,
    show_default=True,
    metavar="N",
    help="How many parameters of a large network are checked one by one.",
)
@click.option("--all", "everything", is_flag=True, help="Check every one, however many.")
@click.option(
    "--against",
    type=Found(_peers),
    default="auto",
    help="Another library to compare with.  [default: auto, the quickest to import of those "
    "installed]",
)
@click.option("--engine", type=Found(_engines), default="auto", help="What computes the gradient.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@language_option
@click.option("-o", "--output", metavar="FILE", help="Write to a file, replaced only when done.")
def command(
    model: str | None,
    equations: tuple[str, ...],
    values: tuple[str, ...],
    gradients: str | None,
    wrt: tuple[str, ...],
    tolerance: float,
    seed: int,
    sample: int,
    everything: bool,
    against: str,
    engine: str,
    format_name: str,
    lang: str,
    output: str | None,
) -> None:
    """Check the gradient of every weight: is it what the values of the output say it is?

    Each is compared with extrapolated difference quotients of the statements, whose own error is
    known, with sixty digits where doubles cannot decide; along random directions the Taylor
    remainder has to go to 0 like h²; and another library is asked, if there is one. A gradient on
    a kink is no failure: the slopes from both sides are shown beside the convention. Of what is
    wrong the first wrong factor is named, from the output back.

    With --gradients the numbers of a backward pass written by hand are checked. What is wrong with
    them is said in words of the chain rule, where an error gives the very numbers: a path that is
    missing, a function for its derivative, a sign, a factor, a wrong index.

    The relative difference is |a − b| / max(|a|, |b|, scale). The scale is what rounding alone may
    do, 64 ε times the largest gradient, divided by the tolerance.

    \b
    chainrule gradcheck mazur
    chainrule gradcheck 784-128-10 --against torch
    chainrule gradcheck textbook --seed 7 --tolerance 1e-9
    chainrule gradcheck mazur --gradients mine.json
    chainrule gradcheck -e "E = max(0, w*x)" --values w=0,x=2

    Exit codes: 0 nothing is wrong (kinks included), 1 something is, 2 unusable input.
    """
    graph = _graph(model, equations, values)
    names = [name.strip() for given in wrt for name in given.split(",")]
    report = _check(gradients is not None)(
        graph,
        wrt=names or None,
        tolerance=tolerance,
        seed=seed,
        sample=None if everything else sample,
        engine=engine,
        against=against,
        gradients=None if gradients is None else _given(gradients, graph),
    )
    if gradients is not None and report.drawn:
        raise _no_value(next(iter(report.drawn)), gradients)
    if report.note:
        click.echo(report.note, err=True)
    write(_PAGES[format_name](report, graph, lang, against), output)
    if not report.ok:
        raise click.exceptions.Exit(1)


def _graph(
    model: str | None, equations: tuple[str, ...], values: tuple[str, ...]
) -> Graph | IndexGraph:
    from chainrule.core.errors import ChainruleError
    from chainrule.read.models import load_equations, load_model, with_given

    if equations and model is not None:
        raise ChainruleError(
            f"either MODEL (`{model}`) or -e equations, not both",
            hint="write all equations with -e, or all into the model",
        )
    if not equations and model is None:
        raise ChainruleError("which model?", hint="chainrule gradcheck mazur")
    return with_given(load_equations(equations) if equations else load_model(model or ""), values)


def _check(given: bool) -> Callable[..., GradCheck]:
    """The check, with explanations where the gradient is a given one."""
    if given:
        from chainrule.verification.gradients import gradcheck as explaining

        return explaining
    from chainrule.numeric.gradcheck import gradcheck

    return gradcheck


def _given(path: str, graph: Graph | IndexGraph) -> dict[str, Any]:
    """The gradients of a file. They belong to values, so that every leaf needs one."""
    from chainrule.core.roles import Role
    from chainrule.read.gradients import load_gradients

    found = load_gradients(path)
    scalars = graph.unroll()
    for name, role in scalars.roles.items():
        if name not in scalars.model.values and role is not Role.HYPERPARAMETER:
            raise _no_value(name, path)
    return found


def _no_value(name: str, path: str) -> ChainruleError:
    from chainrule.core.errors import ChainruleError, shown

    return ChainruleError(
        f"{shown(name)} has no value, and the gradients of {path} belong to values",
        hint=f"give those at which they were computed: --values {name}=0.5",
    )


def _text(report: GradCheck, graph: Graph | IndexGraph, lang: str, against: str) -> Iterator[str]:
    from chainrule.numeric.checking.page import text_page
    from chainrule.numeric.peers import peer_names

    missing = peer_names() if against == "auto" and report.peer is None else ()
    return text_page(report, lang, _printer(graph), missing)


def _printer(graph: Graph | IndexGraph) -> Callable[[fm.Formula], str]:
    """Formulas as `derive` prints them in the terminal."""
    from chainrule.show.printers.text import print_text
    from chainrule.show.symbols import bare_notation

    del graph
    notation = bare_notation()
    return lambda formula: print_text(formula, notation)


def _json(report: GradCheck, graph: Graph | IndexGraph, lang: str, against: str) -> Iterator[str]:
    del graph, against
    from chainrule.numeric.checking.records import json_page

    return json_page(report, lang)


_PAGES: dict[str, Any] = {"text": _text, "json": _json}
