"""Parts that every written Python module has."""

from __future__ import annotations

import math
import re
import textwrap
from typing import TYPE_CHECKING

from chainrule.numeric.targets._text import formula_text

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from chainrule.numeric.targets._helpers import Helper
    from chainrule.numeric.targets._text import Language

__all__ = [
    "TAKEN",
    "WIDTH",
    "called_functions",
    "defined",
    "docstring",
    "imported",
    "joined",
    "noted",
    "plain",
    "written_number",
    "written_tuple",
]

WIDTH = 96
TAKEN = (
    "values", "learning_rate", "nodes", "found", "leaf", "leaves", "name", "gradient", "np", "jnp",
    "math", "jax", "torch", "forward", "gradients", "step", "derivatives", "Network", "output",
    "sum", "abs", "max", "min", "float", "tuple", "dict", "zip", "len", "print", "self", "ctx",
)  # fmt: skip
"""Identifiers in the text that does not depend on the model."""


def joined(parts: Iterable[str]) -> Iterator[str]:
    """The parts with blank lines between them: two before a definition, none left empty."""
    for place, part in enumerate(part for part in parts if part):
        if place:
            yield "\n" if part.startswith(("def ", "class ", "@")) else ""
        yield part


def called_functions(parts: Iterable[str]) -> Iterator[str]:
    """The parts, definitions one by one, without functions of ours (`_name`) that nothing calls."""
    blocks = [block for part in parts for block in part.strip("\n").split("\n\n\n")]
    found = {name: block for block in blocks if (name := _private(block))}
    reached = [block for block in blocks if not _private(block)]
    for block in reached:  # which grows on the way
        called = [name for name in found if re.search(rf"\b{name}\b", block)]
        reached.extend(found.pop(name) for name in called)
    yield from (block for block in blocks if block and _private(block) not in found)


def _private(block: str) -> str:
    """The name of the function of ours that a block defines."""
    named = re.match(r"def (_\w+)\(", block)
    return named[1] if named else ""


def written_number(value: float) -> str:
    """A float in Python, infinities included."""
    return repr(value) if math.isfinite(value) else f'float("{value}")'


def imported(imports: Sequence[str], rest: Sequence[str]) -> str:
    """The import lines that the rest of the module needs; "" is a blank line."""
    text = "\n".join(rest)
    needed = [line for line in imports if not line or f"{line.split()[-1]}." in text]
    return "\n".join(needed).strip("\n")


def docstring(title: str, about: str, more: Sequence[str], version: str) -> str:
    """The module's docstring; `more` are lines that stay as they are."""
    title = "".join(char if char.isprintable() else " " for char in title or "A model")
    title = title.replace("\\", "\\\\").replace('"', "'")
    about = textwrap.fill(about, width=WIDTH, break_long_words=False)
    paragraphs = [f"{title}: forward pass, gradients and update.", about]
    if more:
        paragraphs.append("\n".join(more))
    return '"""' + "\n\n".join([*paragraphs, f"Written by chainrule {version}.\n"]) + '"""'


def written_tuple(name: str, names: Sequence[str]) -> str:
    """`name = (…)`, on as many lines as it takes."""
    items = ", ".join(map(repr, names)) + ("," if len(names) == 1 else "")
    if len(items) + len(name) + 5 <= WIDTH:
        return f"{name} = ({items})"
    wrapped = textwrap.fill(
        ", ".join(map(repr, names)), width=WIDTH - 4, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    return f"{name} = (\n{textwrap.indent(wrapped, '    ')},\n)"


def defined(
    called: Container[str],
    helpers: Sequence[Helper],
    extras: Mapping[str, str],
    language: Language,
) -> Iterator[str]:
    """The functions that are called and that the library does not have."""
    for name, text in extras.items():
        if name in called:
            yield text.strip("\n")
    for helper in helpers:
        body = formula_text(helper.body, language)
        yield f"def {helper.name}({', '.join(helper.parameters)}):\n    return {body}"


def noted(text: str, note: str) -> Iterator[str]:
    """A line of code with its comment, behind it if there is room."""
    comment = f"# {note}" if note else ""
    if comment and len(text) + len(comment) + 2 <= WIDTH:
        yield f"{text}  {comment}"
        return
    if comment:
        yield f"    {comment}"
    yield text


def plain(name: str) -> str:
    """A name in a docstring."""
    return name.replace("\\", "").replace('"', "")
