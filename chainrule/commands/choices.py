"""Option values that are found when an option is used, not listed: formats, languages.

Nothing is imported before a value is parsed, completed or shown in a command's own help.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chainrule.core.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["FORMAT", "LANGUAGE", "Found", "complete_notations", "language_option"]


class Found(click.ParamType):  # type: ignore[type-arg,unused-ignore] # generic only from click 8.5 on
    """A choice among names that a function finds."""

    name = "choice"

    def __init__(self, find: Callable[[], Sequence[str]]) -> None:
        self.find = find

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The value, if it is one of those found."""
        found = self.find()
        if value not in found:
            close = nearest(str(value), found)
            hint = f"Did you mean {close!r}?" if close else f"Choose from {', '.join(found)}."
            self.fail(f"{value!r} is not there. {hint}", param, ctx)
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The names, as help shows them."""
        del param, ctx
        return f"[{'|'.join(self.find())}]"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """The names that begin so."""
        del ctx, param
        item = click.shell_completion.CompletionItem
        return [item(name) for name in self.find() if name.startswith(incomplete)]


def _formats() -> Sequence[str]:
    from chainrule.show.formats import formats

    return tuple(formats())


def _languages() -> Sequence[str]:
    from chainrule.show.locales import languages

    return languages()


FORMAT = Found(_formats)
LANGUAGE = Found(_languages)

language_option = click.option(
    "--lang", type=LANGUAGE, default="en", show_default=True, help="Language of the words."
)
"""`--lang`, the same for every command that speaks."""


def complete_notations(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of notation profiles for the shell."""
    del ctx, param
    from chainrule.show.notations import profile_names

    return [name for name in profile_names() if name.startswith(incomplete)]
