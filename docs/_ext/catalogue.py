"""Writes the catalogue's pages from the catalogue itself: docs/catalogue/*.md, before reading.

There is one page per kind and one section per entry; nothing in them is written by hand. To show
more of an entry, yield another paragraph from the function of its kind.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule import dense, derive, network
from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.rules import Context
from chainrule.catalog import registry
from chainrule.core import formula as fm
from chainrule.core.functions import arities
from chainrule.core.plain import Syntax, read_formula
from chainrule.show.printers.latex import print_latex
from chainrule.show.symbols import bare_notation, make_notation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sphinx.application import Sphinx

__all__ = ["setup"]

_SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_$<[]"})


def _text(words: str) -> str:
    """Words as Markdown that shows them as they are."""
    return words.translate(_SPECIAL)


def _both(words: Mapping[str, str]) -> Iterator[str]:
    yield _text(words["en"])
    yield _text(words["ko"])


def _read(text: str) -> fm.Formula:
    return read_formula(text, Syntax(functions=arities(registry.definitions())))


def _latex(text: str) -> str:
    return print_latex(_read(text), bare_notation())


def _display(*lines: str) -> str:
    rows = " \\\\\n".join(lines)
    return f"$$\n\\begin{{aligned}}\n{rows}\n\\end{{aligned}}\n$$"


def _list(rows: Iterator[str] | list[str]) -> str:
    return "\n".join(f"- {row}" for row in rows)


def _parameters(entry: Any) -> Iterator[str]:
    given = getattr(entry, "parameters", None) or getattr(entry, "strength", None) or {}
    for name, value in given.items():
        head = f"${_latex(name)}$ (`{name}`)" + (f" $= {_latex(value)}$" if value else ", learnt")
        words = entry.meanings.get(name)
        yield f"{head}: {_text(words['en'])} / {_text(words['ko'])}" if words else head


def _activation(entry: Any) -> Iterator[str]:
    if not hasattr(entry, "derivative"):
        yield _display(
            f"p_i &= {_latex(entry.definition)}",
            rf"\frac{{\partial p_i}}{{\partial z_i}} &= {_latex(entry.derivative_same)}",
            rf"\frac{{\partial p_i}}{{\partial z_j}} &= {_latex(entry.derivative_other)}"
            r"\qquad (j\ne i)",
        )
        yield from _both(entry.why)
        return
    yield _display(
        f"a &= {_latex(entry.definition)}",
        rf"\frac{{da}}{{dz}} &= {_latex(entry.derivative)}",
        *(
            rf"\frac{{\partial a}}{{\partial {_latex(name)}}} &= {_latex(text)}"
            for name, text in entry.parameter_derivatives.items()
        ),
    )
    if entry.parameters:
        yield _list(_parameters(entry))
    yield from _both(entry.why)
    if entry.kinks:
        places = ", ".join(f"$z = {_latex(kink)}$" for kink in entry.kinks)
        yield f"Kinks / 꺾이는 점: {places}"
        yield from _both(entry.convention)


def _loss(entry: Any) -> Iterator[str]:
    lines = [f"{'E_k' if entry.term else 'E'} &= {_latex(entry.term or entry.total)}"]
    if entry.term and not any(isinstance(part, fm.BigSum) for part in fm.walk(_read(entry.term))):
        step = differentiate(_of_one_output(_read(entry.term)), Context("o_k"))
        left = r"\frac{\partial E_k}{\partial o_k}"
        yield _display(*lines, f"{left} &= {print_latex(step.after, bare_notation())}")
    else:
        yield _display(*lines)
        yield "By the first of two outputs / 출력이 둘일 때 첫째 출력에 대한 기울기:"
        net = network(2, [dense(2, entry.suits[0] if entry.suits else "identity")], entry.name)
        found = derive(net, "p_1" if "p_1" in net.unroll() else "o_1")
        notation = make_notation(found.graph)
        left, right = (print_latex(part, notation) for part in (found.symbol, found.formula))
        yield _display(f"{left} &= {right}")
    if entry.parameters:
        yield _list(_parameters(entry))
    if entry.suits:
        yield f"Last layer / 마지막 층: {', '.join(f'`{name}`' for name in entry.suits)}"
    if entry.note:
        yield from _both(entry.note)


def _of_one_output(formula: fm.Formula) -> fm.Formula:
    """The formula of output k with o_k and t_k as plain names."""
    if isinstance(formula, fm.Indexed):
        return fm.Name(f"{formula.base.id}_k")
    if not formula.parts:
        return formula
    return fm.rebuild(formula, tuple(map(_of_one_output, formula.parts)))


def _penalty(entry: Any) -> Iterator[str]:
    inside = _read(entry.entry)
    scaled = inside if entry.scale == "1" else fm.multiply(_read(entry.scale), inside)
    gradient = print_latex(differentiate(scaled, Context("w")).after, bare_notation())
    scale = "" if entry.scale == "1" else _latex(entry.scale)
    body = _latex(entry.entry)
    summed = rf"\Bigl({body}\Bigr)" if isinstance(inside, fm.Sum) else body
    yield _display(
        rf"R &= {scale}\sum_w {summed}",
        rf"\frac{{\partial R}}{{\partial w}} &= {gradient}",
    )
    yield _list(_parameters(entry))
    if entry.note:
        yield from _both(entry.note)


def _layer(entry: Any) -> Iterator[str]:
    def options() -> Iterator[str]:
        for name, default in entry.options.items():
            head = f"`{name}`" if default is None else f"`{name} = {_toml(default)}`"
            words = entry.meanings.get(name)
            yield f"{head}: {_text(words['en'])} / {_text(words['ko'])}" if words else head

    if entry.note:
        yield from _both(entry.note)
    yield _list(options())


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _example(entry: Any) -> Iterator[str]:
    yield f"```toml\n{entry.model.strip()}\n```"


_KINDS: dict[str, tuple[str, str, Callable[[Any], Iterator[str]]]] = {
    "activations": ("Activations", "활성화 함수", _activation),
    "losses": ("Losses", "손실 함수", _loss),
    "penalties": ("Penalties", "벌점", _penalty),
    "layers": ("Layers", "층", _layer),
    "examples": ("Examples", "예제", _example),
}


def _page(kind: str) -> str:
    title, korean, sections = _KINDS[kind]
    parts = [f"# {title} ({korean})"]
    for name, entry in getattr(registry, kind)().items():
        parts.append(f"## {name}")
        parts.append(f"**{_text(entry.title['en'])}** / **{_text(entry.title['ko'])}**")
        parts.extend(sections(entry))
        parts.append(f"Source / 출처: {_text(entry.source)}")
    return "\n\n".join(parts) + "\n"


def write_pages(app: Sphinx) -> None:
    """Write the pages that have changed."""
    folder = Path(app.srcdir) / "catalogue"
    folder.mkdir(exist_ok=True)
    for kind in _KINDS:
        file, text = folder / f"{kind}.md", _page(kind)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx when the pages are written."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
