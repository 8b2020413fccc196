"""Model files: TOML with layers or equations; everything else optional.

Only data is read. Numbers keep their spelling; an error names line and column of the key it is
about (`chainrule.read.positions`).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from chainrule.core.errors import ChainruleError, LimitError, Source, Span, nearest, shown
from chainrule.core.functions import ALIASES, CONSTANTS
from chainrule.core.graph import Graph, Model, Role, build_graph
from chainrule.core.plain import SPECIAL
from chainrule.core.statements import role_named
from chainrule.read.equations import read_lines, syntax
from chainrule.read.network import MisspeltKey, network
from chainrule.read.positions import Places, locate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chainrule.core.unroll import IndexGraph

__all__ = ["MAX_FILE", "read_toml", "read_values"]

MAX_FILE = 4_000_000
MAX_SPELLING = 60
_CONSTANTS = ("momentum", "decay", "beta1", "beta2", "epsilon")
"""Those of the optimizers; training knows which has which."""
_KEYS: Mapping[str, frozenset[str] | None] = MappingProxyType(
    {
        "title": frozenset(),
        "network": frozenset({"inputs", "layers", "loss", "penalties", "naming"}),
        "model": frozenset({"equations", "output", "assume"}),
        "notation": frozenset({"profile"}),
        "training": frozenset({"learning_rate", "rate", "freeze", "optimizer", *_CONSTANTS}),
        "values": None,
        "roles": None,
        "latex": None,
        "functions": None,
        "shapes": None,
    }
)
_PART = r"""(?:"[^"\n]*"|'[^'\n]*'|[\w-]+)[ \t]*\.[ \t]*"""
_DEEP_KEY = re.compile(rf"(?:^[ \t]*\[{{0,2}}|[{{{{,])[ \t]*((?:{_PART}){{20}})", re.MULTILINE)
_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")


class _Spelt(float):
    """A float that remembers how it was written."""

    text: str

    def __new__(cls, text: str) -> Self:
        value = super().__new__(cls, text)
        value.text = text.replace("_", "")
        return value


@dataclass(frozen=True, slots=True)
class _File:
    """A parsed file with the means to say where a key or value stands."""

    source: Source
    data: Mapping[str, Any]

    def places(self) -> Places:
        """Where everything stands. Looked up only when something is wrong, or for equations."""
        return locate(self.source.text)

    def error(self, message: str, *path: str | int, hint: str | None = None) -> ChainruleError:
        """An error at a key."""
        return ChainruleError(message, source=self.source, span=self.places().key(path), hint=hint)

    def value_error(
        self, message: str, *path: str | int, hint: str | None = None
    ) -> ChainruleError:
        """An error at the value of a key, or at an item of a list."""
        return ChainruleError(
            message, source=self.source, span=self.places().value(path), hint=hint
        )


def _parse(source: Source) -> _File:
    if len(source.text) > MAX_FILE:
        raise LimitError(
            f"this file has {len(source.text):,} characters; {MAX_FILE:,} is the limit",
            source=source,
        )
    deep_key = _DEEP_KEY.search(source.text)
    if deep_key is not None:  # tomllib takes quadratic time for these
        raise LimitError(
            "this key has too many parts",
            source=source,
            span=Span(deep_key.start(1), deep_key.end(1)),
            hint="a model file has keys of one or two parts: network.inputs = 2",
        )
    try:
        data = tomllib.loads(source.text, parse_float=_Spelt)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(source, str(error)) from None
    except RecursionError:
        deep = re.search(r"(?:[\[{][^\[\]{}]{0,80}){50}", source.text)
        raise LimitError(
            "this file is nested too deep",
            source=source,
            span=Span(deep.start(), deep.start() + 1) if deep else None,
            hint="a model has no lists in lists: layers = [{units = 2}, {units = 1}]",
        ) from None
    except ValueError:  # an integer of thousands of digits
        digits = re.search(r"\d[\d_]{4000,}", source.text)
        raise LimitError(
            "this number has thousands of digits",
            source=source,
            span=Span(digits.start(), digits.end()) if digits else None,
            hint=f"{MAX_SPELLING} digits are the limit",
        ) from None
    return _File(source, data)


_SYNTAX: tuple[tuple[str, str, str | None], ...] = (
    ("Invalid value", "this is not a value", 'texts need quotes: loss = "squared-error"'),
    ("Expected '='", "an `=` is missing behind this key", "write key = value"),
    ("Expected newline", "something follows the value", "put each key on a line of its own"),
    ("Expected ']", "the `]` of this section is missing", "write it like [model]"),
    ("Unterminated string", "this text is never closed", "close it with the quotes it began with"),
    ("Unclosed array", "this list is never closed", "add `]`"),
    ("Unclosed inline table", "this table is never closed", "add `}`"),
    ("Cannot declare", "this section is here twice", "put all its keys under one heading"),
    ("Cannot overwrite", "this key has a value already", "take one of the two out"),
    ("Duplicate inline table key", "this key is in the table twice", "take one of the two out"),
    ("Cannot mutate", "this adds to a value that is complete already", None),
    ("Cannot redefine", "this section is there already", "put all its keys under one heading"),
    ("Unescaped", "a backslash in double quotes has a meaning of its own",
     "write '\\alpha' in single quotes"),
    ("Illegal character", "a character that cannot be seen stands here", "delete it"),
    ("Found invalid character", "this character cannot stand here", None),
    ("Invalid initial character", "a key cannot begin like this",
     'a key is made of letters, digits, - and _; others need quotes: "θ_1" = 0.5'),
    ("Invalid statement", "this is neither a section nor a key", "write [section] or key = value"),
    ("Invalid date", "this is not a date", None),
    ("Invalid hex", "these are not the digits of a character", None),
)  # fmt: skip


def _syntax_error(source: Source, message: str) -> ChainruleError:
    found = ((text, hint) for start, text, hint in _SYNTAX if message.startswith(start))
    text, hint = next(found, ("this is not TOML", None))
    offset = _offset(source, message)
    span = Span(offset, offset + 1)
    if message.startswith("Cannot"):
        span = _start_of_line(source.text, offset)
    elif message.startswith("Duplicate"):
        key = message.partition("key ")[2].partition(" (at")[0].strip("'\"")
        place = source.text.rfind(key, 0, offset)
        span = Span(place, place + len(key)) if place >= 0 else span
    elif message.startswith(("Unterminated", "Unclosed")):
        opened = _opening(source.text, message, offset)
        span = Span(opened, opened + 1)
    elif message.startswith(("Unescaped", "Invalid hex")):
        place = max(source.text.rfind("\\", 0, offset + 1), 0)
        span = Span(place, place + 1)
    elif message.startswith("Invalid value") and _looks_plain(source.text):
        text, hint = "this is not a model file", _PLAIN_HINT
    elif message.startswith("Invalid statement"):
        word = re.compile(r"[^\W\d]\w*").match(source.text, offset)
        if word is not None:
            text, hint = "this key needs quotes", f'write "{word[0][:40]}" = …'
            span = Span(word.start(), word.end())
    return ChainruleError(text, source=source, span=span, hint=hint)


def _start_of_line(text: str, offset: int) -> Span:
    """The heading or the key that a line begins with."""
    begin, end = _line_bounds(text, max(offset - 1, 0))
    line = text[begin:end]
    start = begin + len(line) - len(line.lstrip())
    heading = re.match(r"\[\[?[^\]\n]*\]?\]?|[^=\n]*?(?=\s*=)", text[start:end])
    return Span(start, start + len(heading[0]) if heading else end)


_PLAIN_HINT = '''equations stand in quotes under [model]:
[model]
equations = """
y = w*x + b
"""'''


def _looks_plain(text: str) -> bool:
    """Whether this is a file of equations rather than a broken model file."""
    return re.search(r"^\s*\[|\"|'", text, re.MULTILINE) is None


def _offset(source: Source, message: str) -> int:
    place = re.search(r"\(at line (\d+), column (\d+)\)", message)
    if place is None:
        return len(source.text.rstrip())
    begin = 0
    for _ in range(int(place[1]) - 1):
        begin = source.text.find("\n", begin) + 1
    return begin + int(place[2]) - 1


def _line_bounds(text: str, offset: int) -> tuple[int, int]:
    end = text.find("\n", offset)
    return text.rfind("\n", 0, offset) + 1, len(text) if end < 0 else end


def _opening(text: str, message: str, offset: int) -> int:
    """Where the text, list or table begins that is never closed."""
    if message.startswith("Unclosed"):
        opened = [
            place for place in _unclosed(text, offset) if text[place] == "[{"["table" in message]
        ]
        return opened[-1] if opened else offset
    begin, end = _line_bounds(text, offset)
    single = re.match(r"[^=\n]*=[ \t]*", text[begin:end])
    if single and single.end() < end - begin and text[begin + single.end()] in "\"'":
        return begin + single.end()
    return max(text.rfind('"""', 0, offset + 3), text.rfind("'''", 0, offset + 3), 0) or begin


_OPENING_LINE = re.compile(r"^[ \t]*[\w.\"'-]+[ \t]*=[ \t]*(?=[\[{])", re.MULTILINE)
_PIECE = re.compile(r"""(["'])(?:\\.|(?!\1)[^\n\\])*\1|#[^\n]*|[\[\]{}]""")


def _unclosed(text: str, offset: int) -> list[int]:
    """Brackets open at an offset, counted from the last key whose value is a list or a table."""
    keys = [match.end() for match in _OPENING_LINE.finditer(text, 0, offset)]
    opened: list[int] = []
    for piece in _PIECE.finditer(text, keys[-1] if keys else 0, offset + 1):
        if piece[0] in "[{":
            opened.append(piece.start())
        elif piece[0] in "]}" and opened and text[opened[-1]] + piece[0] in {"[]", "{}"}:
            opened.pop()
    return opened


def _hint(name: str, known: Iterable[str]) -> str:
    close = nearest(name, known)
    return f"did you mean `{close}`?" if close else f"there are {', '.join(sorted(known))}"


def _table(file: _File, section: str) -> Mapping[str, Any]:
    found = file.data.get(section, {})
    if not isinstance(found, dict):
        raise file.error(f"`{section}` is a section", section, hint=f"write [{section}]")
    allowed = _KEYS[section]
    if allowed is not None:
        for key in found:
            if key not in allowed:
                raise file.error(
                    f"[{section}] has no key `{key}`", section, key, hint=_hint(key, allowed)
                )
    return found


def _string(file: _File, value: object, *path: str, example: str = "…") -> str:
    if not isinstance(value, str):
        raise file.value_error(
            f"`{path[-1]}` is a text in quotes, not {shown(value)}",
            *path,
            hint=f'{path[-1]} = "{example}"',
        )
    return value


def _strings(file: _File, value: object, *path: str, example: str) -> tuple[str, ...]:
    hint = f'{path[-1]} = ["{example}"]'
    if not isinstance(value, list):
        raise file.value_error(f"`{path[-1]}` is a list of texts", *path, hint=hint)
    for place, item in enumerate(value):
        if not isinstance(item, str):
            raise file.value_error(
                f"`{path[-1]}` is a list of texts; {shown(item)} is none", *path, place, hint=hint
            )
    return tuple(value)


def _spelling(file: _File, value: object, *path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise file.value_error(
            f"`{path[-1]}` is a number, not {shown(value)}", *path, hint=f"{path[-1]} = 0.5"
        )
    text = value.text if isinstance(value, _Spelt) else str(value)
    if len(text) > MAX_SPELLING:
        raise file.value_error(
            f"this number has more than {MAX_SPELLING} digits", *path, hint="shorten it"
        )
    if not isfinite(value):
        raise file.value_error(f"`{path[-1]}` must be a finite number", *path)
    return text.removeprefix("+")


def _numbers(file: _File, section: str) -> dict[str, str]:
    return {
        key: _spelling(file, value, section, key) for key, value in _table(file, section).items()
    }


def _functions(file: _File) -> dict[str, int]:
    out = {}
    known = syntax().functions
    for name, count in _table(file, "functions").items():
        if not _IDENTIFIER.match(name):
            raise file.error(
                f"`{name}` is not a name", "functions", name,
                hint="a name begins with a letter and is made of letters, digits and _",
            )  # fmt: skip
        if name in known or name in ALIASES or name in CONSTANTS or name in SPECIAL:
            raise file.error(
                f"`{name}` has a meaning of its own already", "functions", name,
                hint="take the line out, or choose another name",
            )  # fmt: skip
        if count != 1 or isinstance(count, bool):
            raise file.value_error(
                "a declared function takes one argument",
                "functions",
                name,
                hint=f"write {name} = 1",
            )
        out[name] = 1
    return out


def _roles(file: _File) -> dict[str, Role]:
    out = {}
    for name, value in _table(file, "roles").items():
        try:
            out[name] = role_named(value)
        except ChainruleError as error:
            raise file.value_error(error.message, "roles", name, hint=error.hint) from None
    return out


def _latex(file: _File, check_latex: Callable[[str], None] | None) -> dict[str, str]:
    out = {}
    for key, value in _table(file, "latex").items():
        out[key] = _string(file, value, "latex", key, example="w_{31}")
        if check_latex is not None:
            try:
                check_latex(out[key])
            except ChainruleError as error:
                raise file.value_error(error.message, "latex", key, hint=error.hint) from None
    return out


def _rate(file: _File, training: Mapping[str, Any]) -> str:
    rate = _string(file, training.get("rate", "alpha"), "training", "rate", example="eta")
    if not _IDENTIFIER.match(rate):
        raise file.value_error(
            f"{shown(rate)} is not a name",
            "training",
            "rate",
            hint='write rate = "eta"; how it looks is said under [latex]',
        )
    return rate


def _model(file: _File, check_latex: Callable[[str], None] | None) -> Model:
    training = _table(file, "training")
    notation = _table(file, "notation")
    rate_value = training.get("learning_rate")
    freeze = training.get("freeze", [])
    assume = _table(file, "model").get("assume", [])
    return Model(
        title=_string(file, file.data.get("title", ""), "title", example="a neuron"),
        rate=_rate(file, training),
        rate_value=None
        if rate_value is None
        else _spelling(file, rate_value, "training", "learning_rate"),
        optimizer=_string(file, training["optimizer"], "training", "optimizer", example="adam")
        if "optimizer" in training
        else None,
        constants={
            name: _spelling(file, training[name], "training", name)
            for name in _CONSTANTS
            if name in training
        },
        values=_numbers(file, "values"),
        freeze=_strings(file, freeze, "training", "freeze", example="b_1"),
        latex=_latex(file, check_latex),
        notation=_string(file, notation["profile"], "notation", "profile", example="mazur")
        if "profile" in notation
        else None,
        functions=_functions(file),
        assume=_strings(file, assume, "model", "assume", example="x > 0"),
        source=file.source.name,
    )


def read_toml(
    source: Source, *, check_latex: Callable[[str], None] | None = None
) -> Graph | IndexGraph:
    """The graph of a model file.

    Raises `ChainruleError` with file, line, column and a hint for everything that is wrong.
    """
    file = _parse(source)
    for key in file.data:
        if key not in _KEYS:
            raise file.error(
                f"a model file has no section `{key}`"
                if isinstance(file.data[key], dict | list)
                else f"a model file has no key `{key}`",
                key,
                hint=_hint(key, _KEYS),
            )
    if "shapes" in file.data:
        raise file.error(
            "equations between arrays are not read yet",
            "shapes",
            hint="write one equation per entry (z_1, z_2 …), or give the layers of the network",
        )
    has_layers, has_equations = "network" in file.data, "model" in file.data
    if has_layers and has_equations:
        raise file.error(
            "a model has either [network] or [model], not both",
            "model",
            hint="take one of the two sections out",
        )
    if not has_layers and not has_equations:
        raise ChainruleError(
            "a model file needs [network] with layers or [model] with equations",
            source=source,
            hint=_PLAIN_HINT.partition("\n")[2],
        )
    model = _model(file, check_latex)
    graph = _from_layers(file, model) if has_layers else _from_equations(file, model)
    return _with_known_names(file, graph)


def _from_layers(file: _File, model: Model) -> IndexGraph:
    table = _table(file, "network")
    for key in ("inputs", "layers"):
        if key not in table:
            raise file.error(f"[network] needs `{key}`", "network", hint=_EXAMPLES[key])
    for section in ("roles", "functions"):
        for key in _table(file, section):
            raise file.error(
                f"[{section}] belongs to equations; a network's layers say it all",
                section,
                key,
                hint=f"take [{section}] out",
            )
    penalties = table.get("penalties", [])
    try:
        return network(
            table["inputs"],
            table["layers"],
            _string(file, table.get("loss", "squared-error"), "network", "loss",
                    example="squared-error"),
            penalties=_strings(file, penalties, "network", "penalties", example="l2"),
            naming=_string(file, table.get("naming", "textbook"), "network", "naming",
                           example="mazur"),
            model=model,
        )  # fmt: skip
    except ChainruleError as error:
        path = ("network", *error.path)
        wrong_key = bool(error.path) and isinstance(error.path[-1], MisspeltKey)
        places = file.places()
        place = places.key(path) if wrong_key else places.value(path)
        raise error.at(file.source, place) from None


_EXAMPLES: Mapping[str, str] = MappingProxyType(
    {"inputs": "inputs = 2", "layers": "layers = [{units = 2}, {units = 1}]"}
)


def _from_equations(file: _File, model: Model) -> Graph:
    table = _table(file, "model")
    example = 'equations = """\ny = w*x + b\n"""'
    if "equations" not in table:
        raise file.error("[model] needs equations", "model", hint=example)
    text = table["equations"]
    if not isinstance(text, str):
        raise file.value_error(
            "the equations are one text in quotes", "model", "equations", hint=example
        )
    source, span = _text_place(file, text, "model", "equations")
    given = (*model.values, *_table(file, "roles"))
    statements = read_lines(source, span, functions=model.functions, given=given)
    if not statements:
        raise file.value_error("there are no equations here", "model", "equations", hint=example)
    output = table.get("output")
    if output is not None:
        output = _string(file, output, "model", "output", example="y")
    roles = _roles(file)
    for statement in statements:
        name = getattr(statement.target, "id", None)
        if name in roles:
            raise file.error(
                f"`{name}` is defined by an equation, and only leaves have roles",
                "roles",
                name,
                hint="take the line out",
            )
    try:
        return build_graph(statements, output=output, roles=roles, model=model)
    except ChainruleError as error:
        raise error.at(file.source, file.places().value(("model", "output"))) from None


def _text_place(file: _File, text: str, *path: str) -> tuple[Source, Span]:
    """A text of the file as a place in it, or as a source of its own where it has escapes."""
    span = file.places().value(path)
    written = file.source.text[span.start : span.end] if span else ""
    quotes = 3 if written.startswith(('"""', "'''")) else 1
    if span is not None and (written[:1] == "'" or "\\" not in written):
        return file.source, Span(span.start + quotes, span.end - quotes)
    return Source(f"{file.source.name} [{path[0]}] {path[-1]}", text), Span(0, len(text))


def _with_known_names(file: _File, graph: Graph | IndexGraph) -> Graph | IndexGraph:
    """Every name under [values], [roles], [latex] and freeze is one of the model's.

    The other spelling of a weight's indices (`w_11` for `w_1_1`) becomes the model's own.
    """
    model = graph.model
    if not (model.values or model.latex or model.freeze or _table(file, "roles")):
        return graph
    scalars = graph.unroll()
    latex = {
        key if key == model.rate else _known(file, scalars, key, "latex", key): value
        for key, value in model.latex.items()
    }
    for key in _table(file, "roles"):
        _known(file, scalars, key, "roles", key)
    values: dict[str, str] = {}
    for key, value in model.values.items():
        name = _known(file, scalars, key, "values", key)
        if not scalars[name].is_leaf:
            raise file.error(
                f"`{key}` is computed by the model and takes no value",
                "values",
                key,
                hint="give values to leaves only",
            )
        if name in values:
            raise file.error(
                f"`{key}` is another spelling of `{name}`, which has a value already",
                "values",
                key,
                hint="take one of the two out",
            )
        values[name] = value
    frozen = []
    for place, key in enumerate(model.freeze):
        name = _known(file, scalars, key, "training", "freeze", place)
        if not scalars[name].is_leaf:
            raise file.value_error(
                f"`{key}` is computed by the model and cannot be frozen",
                "training",
                "freeze",
                place,
                hint="freeze weights and biases",
            )
        frozen.append(name)
    return graph.with_model(values=values, latex=latex, freeze=tuple(dict.fromkeys(frozen)))


def _known(file: _File, scalars: Graph, key: str, *path: str | int) -> str:
    """The model's own spelling of a name that a file mentions."""
    try:
        return scalars[key].name
    except ChainruleError as error:
        raise (
            file.value_error(error.message, *path, hint=error.hint)
            if isinstance(path[-1], int)
            else file.error(error.message, *path, hint=error.hint)
        ) from None


def read_values(source: Source) -> dict[str, str]:
    """The `[values]` of a TOML file, as spelt."""
    file = _parse(source)
    if "values" not in file.data:
        raise ChainruleError(
            "this file has no [values]", source=source, hint="[values]\nx_1 = 0.05"
        )
    return _numbers(file, "values")
