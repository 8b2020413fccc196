"""`chainrule verify`: is this formula right, and if not, what exactly is wrong with it?"""

from __future__ import annotations

import re
import shutil
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainrule.commands.choices import Found, complete_notations, language_option

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chainrule.core.claim import Judged
    from chainrule.core.errors import Source
    from chainrule.core.graph import Graph

__all__ = ["command"]

MAX_LINES = 10_000
BUDGET = 2_000_000
_LINE_END = re.compile(r"\r\n|\r|\n")
_MARK = "\0"  # no argument of a process holds one
_NEGATIVE = re.compile(r"(?!--[a-z-]+=)-.*[=≈←]", re.DOTALL)


def _formats() -> Sequence[str]:
    from chainrule.show.report import report_formats

    return tuple(report_formats())


_OPEN = frozenset({"UNDECIDED", "UNREADABLE", "VACUOUS"})


def _complete_models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    del ctx, param
    from chainrule.catalog.registry import examples

    found = [name for name in examples() if name.startswith(incomplete)]
    return [*found, click.shell_completion.CompletionItem(incomplete, type="file")]


class _Command(click.Command):
    """Takes a claim that begins with a minus for a claim, and not for options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        valued = {name for option in self._options() if not option.is_flag for name in option.opts}
        marked: list[str] = []
        for place, arg in enumerate(args):
            if arg == "--":
                return super().parse_args(ctx, marked + args[place:])
            is_value = place > 0 and args[place - 1] in valued
            marked.append(_MARK + arg if _NEGATIVE.match(arg) and not is_value else arg)
        return super().parse_args(ctx, marked)

    def _options(self) -> list[click.Option]:
        return [each for each in self.params if isinstance(each, click.Option)]


@click.command(
    "verify", cls=_Command, short_help="Judge formulas: right or wrong, and what is wrong."
)
@click.argument("model", shell_complete=_complete_models)
@click.argument("claims", nargs=-1, metavar="[CLAIM]...")
@click.option(
    "--file",
    "files",
    multiple=True,
    metavar="FILE",
    help="Read claims from a file, one a line; # begins a remark; - is standard input.",
)
@click.option(
    "--values",
    multiple=True,
    metavar="FILE|NAME=V,…",
    help="Values of leaves, for claims about numbers; may be repeated.",
)
@click.option(
    "--alias",
    "aliases",
    multiple=True,
    metavar="NAME=NAME",
    help="Read a name of the claims as one of the model; may be repeated.",
)
@click.option(
    "--assume",
    "facts",
    multiple=True,
    metavar="FACT",
    help='Take for granted: "y_1 + y_2 = 1", "z != 0", "t in {0, 1}"; may be repeated.',
)
@click.option(
    "--format",
    "format_name",
    type=Found(_formats),
    default="text",
    show_default=True,
    help="Output format.",
)
@language_option
@click.option(
    "--budget",
    type=click.IntRange(1),
    default=BUDGET,
    show_default=True,
    metavar="N",
    help="Work that one line may take: 1 unit is about a microsecond, but is counted, not timed.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Give up the whole run after so long, with exit code 2; no verdict is changed by it.",
)
@click.option(
    "--notation",
    shell_complete=complete_notations,
    metavar="PROFILE|FILE",
    help="How things are named: textbook, mazur, nielsen, ng, or a profile in TOML.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 where a claim is not judged, too.")
@click.option("-o", "--output", metavar="FILE", help="Write to a file, replaced only when done.")
def command(
    model: str,
    claims: tuple[str, ...],
    files: tuple[str, ...],
    values: tuple[str, ...],
    aliases: tuple[str, ...],
    facts: tuple[str, ...],
    format_name: str,
    lang: str,
    budget: int,
    timeout: float | None,
    notation: str | None,
    strict: bool,
    output: str | None,
) -> None:
    """Judge claims about MODEL: derivatives, definitions, chains, updates, numbers.

    A CLAIM is LaTeX if it has a backslash or a brace in it, else plain; - reads standard input.
    What is wrong is refuted with a point where the sides differ, and the smallest edit that makes
    it right is named.

    \b
    chainrule verify textbook "dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1"
    chainrule verify textbook '\\frac{\\partial o_1}{\\partial z_3} = o_1(1 - o_1)' --lang ko
    chainrule verify mazur "E_total = 0.298371109"
    chainrule verify textbook --file claims.txt --format json -o report.json
    chainrule explain CR101

    Exit codes: 0 nothing is refuted, 1 something is (with --strict, or is not judged), 2 unusable
    input, nothing readable, or --timeout is over.
    """
    from chainrule.commands.guard import aborted_after
    from chainrule.commands.output import colour_wanted, write
    from chainrule.core.claim import Outcome
    from chainrule.core.errors import ChainruleError
    from chainrule.verification.verify import verify

    if ("=" in model or "\\" in model) and not Path(model).exists():
        raise ChainruleError(
            "the model is missing: it comes before the claims",
            hint='chainrule verify textbook "dz_3/dw_31 = a_1"',
        )
    lines = list(_lines(claims, files, model))
    if not lines:
        raise ChainruleError(
            "there is no claim to judge",
            hint='chainrule verify textbook "dz_3/dw_31 = a_1"',
        )
    graph = _graph(model, values)
    late = _say(lang, "report-timeout", seconds=f"{timeout:g}") if timeout else ""
    with aborted_after(timeout, late):
        judged = verify(graph, lines, facts=facts, aliases=_aliases(aliases), budget=budget)
    colour = output is None and colour_wanted()
    write(_render(judged, graph, format_name, lang, model, notation, colour=colour), output)
    outcomes = [each.verdict.outcome for each in judged]
    _warn(outcomes, lang)
    if all(outcome is Outcome.UNREADABLE for outcome in outcomes):
        raise ChainruleError(_say(lang, "report-nothing"))
    if Outcome.REFUTED in outcomes or (strict and _OPEN & {*map(str, outcomes)}):
        raise click.exceptions.Exit(1)


# ---------------------------------------------------------------------------- input


def _lines(claims: Sequence[str], files: Sequence[str], model: str) -> Iterator[tuple[int, Source]]:
    """Every line that holds claims: arguments count from 1, lines of files as in the file."""
    from chainrule.core.errors import ChainruleError, LimitError, Source

    streams = [*(name for name in files if name == "-"), *(text for text in claims if text == "-")]
    if len(streams) + (model == "-") > 1:
        raise ChainruleError(
            "standard input can be read once only", hint="give the model or the claims as a file"
        )
    count = 0
    for number, given in enumerate(claims, 1):
        text = given.removeprefix(_MARK)
        if text == "-":
            yield from _of_file("-")
        elif text.strip():
            joined = " ".join(unicodedata.normalize("NFC", text).splitlines())
            yield number, Source("-", joined)
    for name in files:
        for line in _of_file(name):
            count += 1
            if count > MAX_LINES:
                raise LimitError(f"{name} has more than {MAX_LINES:,} claims")
            yield line


def _of_file(name: str) -> Iterator[tuple[int, Source]]:
    from chainrule.core.errors import Source
    from chainrule.read.models import load_text

    text = load_text(name)
    for number, line in enumerate(_LINE_END.split(text.text), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, Source(text.name, line)


def _graph(model: str, values: Sequence[str]) -> Graph:
    from chainrule.read.models import load_model, with_given
    from chainrule.show.printers.latex import check_latex

    graph = with_given(load_model(model, check_latex=check_latex), values)
    return graph.unroll()


def _aliases(given: Iterable[str]) -> dict[str, str]:
    from chainrule.core.errors import ChainruleError

    table: dict[str, str] = {}
    for pair in given:
        name, equals, meant = (part.strip() for part in pair.partition("="))
        spaced = any(not part or "=" in part or part.split() != [part] for part in (name, meant))
        if not equals or spaced:
            raise ChainruleError(f"--alias {pair} is not NAME=NAME", hint="--alias output_o1=o_1")
        table[name] = meant
    return table


# ---------------------------------------------------------------------------- output


def _render(
    judged: Sequence[Judged],
    graph: Graph,
    format_name: str,
    lang: str,
    model: str,
    notation: str | None,
    *,
    colour: bool,
) -> Iterator[str]:
    from chainrule.show.locales import load_locale
    from chainrule.show.report import Report, report_formats
    from chainrule.show.symbols import make_notation
    from chainrule.verification.checks import checks

    report = Report(
        judged,
        graph,
        make_notation(graph, notation),
        load_locale(lang),
        titles={code: check.title for code, check in checks().items()},
        model=model,
        colour=colour,
        width=shutil.get_terminal_size().columns if sys.stdout.isatty() else None,
    )
    return report_formats()[format_name].render(report)


def _say(lang: str, key: str, **facts: object) -> str:
    from chainrule.show.locales import Phrase, load_locale

    return load_locale(lang).say(Phrase(key, facts), str)


def _warn(outcomes: Sequence[str], lang: str) -> None:
    """Claims that say nothing about right or wrong are counted where nobody overlooks it."""
    from chainrule.core.claim import Outcome

    kinds = (Outcome.UNDECIDED, Outcome.UNREADABLE, Outcome.VACUOUS)
    found = [
        _say(
            lang, "report-count",
            count=outcomes.count(kind), outcome=_say(lang, f"verdict-{kind.lower()}"),
        )
        for kind in kinds
        if kind in outcomes
    ]  # fmt: skip
    if found:
        click.echo(_say(lang, "report-warning", counts=", ".join(found)), err=True)
