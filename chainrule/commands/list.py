"""`chainrule list`: what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chainrule.commands.choices import language_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["command"]

_KINDS = (
    "activations",
    "losses",
    "layers",
    "penalties",
    "examples",
    "notations",
    "rules",
    "findings",
)


def _entries(kind: str) -> Callable[[str], Iterable[tuple[str, str]]]:
    def rows(lang: str) -> Iterable[tuple[str, str]]:
        from chainrule.catalog import registry

        return ((name, entry.title[lang]) for name, entry in getattr(registry, kind)().items())

    return rows


def _notations(lang: str) -> Iterable[tuple[str, str]]:
    from chainrule.show.notations import load_profile, profile_names

    return ((name, load_profile(name).title[lang]) for name in profile_names())


def _rules(lang: str) -> Iterable[tuple[str, str]]:
    from chainrule.calculus.rules import all_rules

    return ((rule.name, rule.title[lang]) for rule in all_rules())


def _findings(lang: str) -> Iterable[tuple[str, str]]:
    from chainrule.verification.checks import checks

    return ((code, check.title[lang]) for code, check in checks().items())


_ROWS = {
    **{kind: _entries(kind) for kind in _KINDS[:5]},
    "notations": _notations,
    "rules": _rules,
    "findings": _findings,
}


@click.command(
    "list", short_help="List activations, losses, layers, examples, notations, rules, findings."
)
@click.argument("kind", type=click.Choice(_KINDS))
@language_option
def command(kind: str, lang: str) -> None:
    """List what the catalogue holds, or what a formula can be found guilty of, one entry a line.

    \b
    chainrule list activations
    chainrule list rules --lang ko
    """
    rows = list(_ROWS[kind](lang))
    width = max((len(name) for name, _ in rows), default=0)
    for name, title in rows:
        click.echo(f"{name:<{width}}  {title}")
