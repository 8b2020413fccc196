"""Derivations that show themselves: `print(d)`, and a notebook cell that ends in one.

Notebooks get Markdown and LaTeX and no HTML: exporters prefer HTML and lose the mathematics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.calculus.derivations import Derivation, Derivations
from chainrule.calculus.derivations import derive as plain_derive
from chainrule.show.formats import Page, formats
from chainrule.show.locales import load_locale
from chainrule.show.outline import Options
from chainrule.show.symbols import make_notation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph

__all__ = ["ShownDerivation", "ShownDerivations", "derive", "render"]


def render(
    family: Derivations,
    format: str = "text",  # noqa: A002 - the word users know from the command line
    *,
    options: Options | None = None,
    notation: str | None = None,
    lang: str = "en",
    **settings: Any,
) -> Iterator[str]:
    """The pieces of a page in a format. `settings` are further fields of `Page`."""
    page = Page(
        family=family,
        options=options or Options(),
        notation=make_notation(family.workspace.original, notation),
        locale=load_locale(lang),
        **settings,
    )
    return formats()[format].render(page)


class _Shows:
    """What a family and its members have in common: they can be written in every format."""

    def _family(self) -> Derivations:
        raise NotImplementedError

    def to(self, format: str = "text", **settings: Any) -> str:  # noqa: A002
        """The page in a format: text, latex, markdown, json.

        Keywords: `detail`, `style`, `digits`, `values` (see `Options`), `lang`, `notation`,
        `document`, `flavour`. Raises KeyError for a format there is not.
        """
        known = {key: settings.pop(key) for key in Options.__slots__ if key in settings}
        return "".join(render(self._family(), format, options=Options(**known), **settings))

    def __str__(self) -> str:
        return self.to("text")

    def _repr_markdown_(self) -> str:
        return self.to("markdown", flavour="jupyter")

    def _repr_latex_(self) -> str:
        return self.to("latex")


class ShownDerivation(_Shows, Derivation):
    """A derivation that prints itself."""

    def _family(self) -> Derivations:
        return Derivations(self.workspace, (self.wrt,), self.of)


class ShownDerivations(_Shows, Derivations):
    """Derivations that print themselves, one after the other."""

    def _family(self) -> Derivations:
        return self

    def _member(self, name: str) -> ShownDerivation:
        return ShownDerivation(self.workspace, self.of, name, shared=lambda: self.deltas)


def derive(
    graph: Graph | IndexGraph,
    wrt: str | Sequence[str] | None = None,
    *,
    through: Sequence[str] = (),
) -> ShownDerivation | ShownDerivations:
    """Derive ∂output/∂wrt by the chain rule.

    With one name the answer is one derivation, with none (every weight and bias) or several a
    sequence of them. `through` names per-output losses to keep as factors of their own. Raises
    `ChainruleError` for a name nowhere in the model.
    """
    family = plain_derive(graph, _names(wrt), through=through)
    shown = ShownDerivations(family.workspace, family.names, family.of)
    return shown._member(shown.names[0]) if _single(wrt) else shown  # noqa: SLF001


def _single(wrt: object) -> bool:
    return isinstance(wrt, str) or hasattr(wrt, "free_symbols")


def _names(wrt: Any) -> Any:
    if wrt is None or isinstance(wrt, str):
        return wrt
    if hasattr(wrt, "name"):
        return wrt.name
    return [getattr(name, "name", name) for name in wrt]
