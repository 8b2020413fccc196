"""`chainrule explain`: one topic, in words and formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chainrule.commands.choices import language_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["command"]

_COMPLETION = """\
Shell completion

    bash   eval "$(_CHAINRULE_COMPLETE=bash_source chainrule)"     in ~/.bashrc
    zsh    eval "$(_CHAINRULE_COMPLETE=zsh_source chainrule)"      in ~/.zshrc
    fish   _CHAINRULE_COMPLETE=fish_source chainrule | source      in ~/.config/fish/config.fish
"""


class _Page:
    """Lines of one topic."""

    def __init__(self, lang: str) -> None:
        from chainrule.show.locales import load_locale
        from chainrule.show.symbols import bare_notation

        self.lang = lang
        self.phrases = load_locale(lang).phrases
        self.notation = bare_notation()

    def math(self, text: str) -> str:
        from chainrule.catalog.registry import definitions
        from chainrule.core.functions import arities
        from chainrule.core.plain import Syntax, read_formula
        from chainrule.show.printers.text import print_text

        table = {**arities(definitions()), "f": (1, 1), "g": (1, 1)}
        return print_text(read_formula(text, Syntax(functions=table)), self.notation)

    def row(self, word: str, text: str) -> str:
        return f"    {self.phrases[f'topic-{word}']}: {text}"


def _activation(entry: Any, page: _Page) -> Iterator[str]:
    yield page.row("definition", f"a = {page.math(entry.definition)}")
    yield page.row("derivative", f"da/dz = {page.math(entry.derivative)}")
    for name, text in entry.parameter_derivatives.items():
        yield page.row("derivative", f"∂a/∂{name} = {page.math(text)}")
    for name, default in entry.parameters.items():
        text = f"{name} = {default}" if default else name
        meaning = entry.meanings.get(name)
        yield page.row("parameters", f"{text}: {meaning[page.lang]}" if meaning else text)
    yield page.row("why", entry.why[page.lang])
    if entry.kinks:
        at = ", ".join(f"z = {page.math(kink)}" for kink in entry.kinks)
        yield page.row("kinks", f"{at}; {entry.convention[page.lang]}")
    yield page.row("source", entry.source)


def _vector(entry: Any, page: _Page) -> Iterator[str]:
    yield page.row("definition", f"p_i = {page.math(entry.definition)}")
    yield page.row("derivative", f"i = j: {page.math(entry.derivative_same)}")
    yield page.row("derivative", f"i ≠ j: {page.math(entry.derivative_other)}")
    yield page.row("why", entry.why[page.lang])
    yield page.row("source", entry.source)


def _loss(entry: Any, page: _Page) -> Iterator[str]:
    text = entry.term or entry.total
    yield page.row("definition", f"{'E_k' if entry.term else 'E'} = {page.math(text)}")
    if entry.term:
        from chainrule.calculus.differentiate import differentiate
        from chainrule.calculus.rules import Context
        from chainrule.core import formula as fm
        from chainrule.core.plain import read_formula
        from chainrule.show.printers.text import print_text

        term = read_formula(text)
        if not any(isinstance(part, fm.BigSum) for part in fm.walk(term)):
            scalar = _unindexed(term)
            step = differentiate(scalar, Context("o_k"))
            yield page.row("gradient", f"∂E_k/∂o_k = {print_text(step.after, page.notation)}")
    for name, value in entry.parameters.items():
        meaning = entry.meanings.get(name)
        text = f"{name} = {value}"
        yield page.row("parameters", f"{text}: {meaning[page.lang]}" if meaning else text)
    if entry.note:
        yield page.row("note", entry.note[page.lang])
    yield page.row("source", entry.source)


def _unindexed(formula: Any) -> Any:
    from chainrule.core import formula as fm

    if isinstance(formula, fm.Indexed):
        return fm.Name(f"{formula.base.id}_k")
    if not formula.parts:
        return formula
    return fm.rebuild(formula, tuple(map(_unindexed, formula.parts)))


def _penalty(entry: Any, page: _Page) -> Iterator[str]:
    head = "" if entry.scale == "1" else f"{page.math(entry.scale)} · "
    yield page.row("definition", f"R = {head}Σ_w ({page.math(entry.entry)})")
    yield from _meanings(entry, page)
    if entry.note:
        yield page.row("note", entry.note[page.lang])
    yield page.row("source", entry.source)


def _meanings(entry: Any, page: _Page) -> Iterator[str]:
    for name, words in entry.meanings.items():
        yield page.row("parameters", f"{name}: {words[page.lang]}")


def _layer(entry: Any, page: _Page) -> Iterator[str]:
    for key, default in entry.options.items():
        text = key if default is None else f"{key} = {default}"
        meaning = entry.meanings.get(key)
        yield page.row("options", f"{text}: {meaning[page.lang]}" if meaning else text)
    if entry.note:
        yield page.row("note", entry.note[page.lang])
    yield page.row("source", entry.source)


def _example(entry: Any, page: _Page) -> Iterator[str]:
    yield page.row("source", entry.source)
    yield page.row("model", "")
    yield from (f"        {line}" for line in entry.model.strip().splitlines())


def _rule(entry: Any, page: _Page) -> Iterator[str]:
    left, _, right = entry.statement.partition(" = ")
    if "bracket" not in entry.statement:
        left, right = page.math(left), page.math(right)
    yield page.row("statement", f"{left} = {right}")
    text, wrt = entry.example
    if text:
        from chainrule.calculus.differentiate import differentiate
        from chainrule.calculus.rules import Context
        from chainrule.core.plain import read_formula
        from chainrule.show.printers.text import print_text

        step = differentiate(read_formula(text), Context(wrt))
        states = list(step.states()) if step.children else [step.before, step.after]
        yield page.row("example", " = ".join(print_text(s, page.notation) for s in states))


def _check(entry: Any, page: _Page) -> Iterator[str]:
    """What a finding's code means, with an example of both kinds."""
    yield f"    {entry.explanation[page.lang]}"
    yield ""
    example = entry.example
    if example.equations:
        yield page.row("model", "; ".join(example.equations))
    elif example.model:
        yield page.row("model", example.model)
    yield page.row("wrong", example.wrong)
    yield page.row("right", example.right)


def _topics() -> Iterator[tuple[str, Any, Callable[[Any, _Page], Iterator[str]]]]:
    from chainrule.calculus.rules import all_rules
    from chainrule.catalog import registry
    from chainrule.verification.checks import checks

    for name, entry in registry.activations().items():
        yield name, entry, _activation if hasattr(entry, "derivative") else _vector
    for name, loss in registry.losses().items():
        yield name, loss, _loss
    for name, penalty in registry.penalties().items():
        yield name, penalty, _penalty
    for name, layer in registry.layers().items():
        yield name, layer, _layer
    for name, example in registry.examples().items():
        yield name, example, _example
    for rule in all_rules():
        yield rule.name, rule, _rule
    for code, check in checks().items():
        yield code, check, _check


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    del ctx, param
    return [name for name, _, _ in _topics() if name.lower().startswith(incomplete.lower())]


@click.command(
    "explain", short_help="Explain a rule, an activation, a loss, a layer, a finding's code."
)
@click.argument("topic", shell_complete=_complete)
@language_option
def command(topic: str, lang: str) -> None:
    """Explain a rule, an activation, a loss, a penalty, a layer, an example, or a finding's code.

    \b
    chainrule explain sigmoid
    chainrule explain CR101
    chainrule explain power --lang ko
    chainrule explain completion
    """
    from chainrule.core.errors import ChainruleError, nearest

    if topic == "completion":
        click.echo(_COMPLETION, nl=False)
        return
    wanted = topic.lower().replace("_", "-")
    found = [item for item in _topics() if item[0].lower() == wanted]
    if not found:
        close = nearest(wanted, {name for name, _, _ in _topics()}) or nearest(
            wanted.upper(), {name for name, _, _ in _topics()}
        )
        raise ChainruleError(
            f"there is no topic called `{topic}`",
            hint=f"did you mean `{close}`?" if close else "see chainrule list",
        )
    page = _Page(lang)
    for place, (name, entry, write) in enumerate(found):
        if place:
            click.echo()
        click.echo(f"{name} — {entry.title[lang]}")
        for line in write(entry, page):
            click.echo(line)
