r"""Brackets with a condition, cases and matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.read.latex.commands import RELATIONS
from chainrule.read.latex.functions import close
from chainrule.read.latex.symbols import Range, is_prose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chainrule.core.errors import ChainruleError, Span
    from chainrule.read.latex.braces import Token
    from chainrule.read.latex.grammar import Grammar

__all__ = ["bracket_or_iverson", "cases", "chosen", "indicator", "iverson", "matrix"]

_COMPARED = {"=": "==", "==": "==", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OTHERWISE = (
    "otherwise", "else", "그 외", "그외", "그밖", "그 밖", "기타", "나머지", "sonst", "sinon",
    "otro caso", "caso contrario", "caso contrário", "altrimenti", "иначе", "それ以外", "その他",
    "其他", "其它", "否则",
)  # fmt: skip


def comparison(parser: Grammar) -> str | None:
    """The comparison that comes next, taken."""
    token = parser.peek()
    if token.kind not in {"op", "command"}:
        return None
    found = _COMPARED.get(RELATIONS.get(token.text, ""))
    if found is not None:
        parser.next()
    return found


def conditions(parser: Grammar) -> list[fm.Condition]:
    """a < b ≤ c as two comparisons, a < b as one."""
    start = parser.position
    left = parser.sum()
    out: list[fm.Condition] = []
    while (relation := comparison(parser)) is not None:
        right = parser.sum()
        out.append(fm.Condition(left, relation, right, parser.span_from(start)))
        left = right
    if not out:
        raise parser.error("a comparison is needed here", parser.span_from(start), "z > 0")
    return out


def iverson(condition: fm.Condition, span: Span) -> fm.Formula:
    """1 where a condition holds, else 0; [x > 0] is the step function."""
    if condition.relation == ">" and condition.right == fm.Number("0"):
        return fm.Call("heaviside", (condition.left,), 0, span)
    return fm.Bracket(condition, span)


def bracket_or_iverson(parser: Grammar) -> fm.Formula:
    """(a + b), [a + b] or [z > 0]; in the first two, the brackets only group."""
    start = parser.position
    opened = parser.next()
    if opened.text == "{" and parser.at("begin", "array", "aligned"):
        value = cases(parser)
        if not parser.at("close", ".", "}"):
            raise parser.error("`\\left\\{` is never closed", opened.span, "add \\right.")
        parser.next()
        return value
    bars, parser.bars = parser.bars, 0
    if parser.at("close"):
        raise parser.error("there is nothing between these brackets", parser.span_from(start))
    value = parser.sum()
    relation = comparison(parser)
    if relation is not None:
        right = parser.sum()
        span = parser.span_from(start + 1)
        if comparison(parser) is not None:
            raise parser.error("one comparison at a time is read here", span)
        condition = fm.Condition(value, relation, right, span)
        value = iverson(condition, parser.span_from(start))
        beside = [parser.items[start - 1]] if start else []
        beside += [parser.peek(1)] if parser.at("close") else []
        if opened.text != "[" and not any(_joins(parser, token) for token in beside):
            raise parser.error(
                "a comparison stands in square brackets", parser.span_from(start), "[z > 0]"
            )
    parser.bars = bars
    if parser.at("op", ","):
        raise parser.error(
            "a list is not a factor", parser.peek().span, "write one formula in brackets"
        )
    close(parser, opened)
    return value


def _joins(parser: Grammar, token: Token) -> bool:
    """Whether it makes a factor of what stands beside it."""
    return parser.is_times(token) or token.text in {"odot", "circ"}


def indicator(parser: Grammar) -> fm.Formula:
    r"""\mathbb{1}[z > 0], \mathbf 1_{z > 0}, \mathbb{1}\{z > 0\}; a bold 1 alone is no number."""
    start = parser.position
    token = parser.next()
    if parser.at("_"):
        parser.next()
        place = parser.argument("the indicator")
        found = parser.inside(_unbraced(parser, place), lambda: conditions(parser))
    elif parser.at("open", "(", "[", "{"):
        opened = parser.next()
        found = conditions(parser)
        close(parser, opened)
    elif token.text == "I":
        return fm.Name("I", (), token.span)
    else:
        raise parser.error("a vector of ones is not read", token.span, "write the sum out")
    if len(found) != 1:
        raise parser.error("one comparison at a time is read here", parser.span_from(start))
    return iverson(found[0], parser.span_from(start))


def _unbraced(parser: Grammar, place: Range) -> Range:
    r"""Without \{ \} or [ ] round the whole."""
    items = parser.items
    if (
        place.stop - place.start > 2
        and items[place.start].kind == "open"
        and items[place.stop - 1].kind == "close"
    ):
        return Range(place.start + 1, place.stop - 1, place.after)
    return place


# ------------------------------------------------------------------ rows and cells


def cells(parser: Grammar) -> tuple[list[list[Range]], Token]:
    """The cells of the environment that comes next, row by row, and go on behind it."""
    opened = parser.peek()
    end = parser.tokens.partner[parser.position]
    rows: list[list[Range]] = [[]]
    place = begin = parser.position + 1
    while place <= end:
        token = parser.items[place]
        if token.kind in {"&", "break"} or place == end:
            rows[-1].append(Range(begin, place, place))
            begin = place + 1
            if token.kind == "break":
                rows.append([])
        elif token.kind in {"{", "begin"}:
            place = parser.tokens.partner[place]
        place += 1
    parser.position = end + 1
    return [row for row in rows if any(cell.start < cell.stop for cell in row)], opened


def matrix(parser: Grammar) -> fm.Formula:
    """A matrix."""
    start = parser.position
    rows, opened = cells(parser)
    after = parser.position
    if not rows or len({len(row) for row in rows}) != 1:
        raise parser.error("a matrix needs rows of one length", opened.span)
    entries = tuple(tuple(parser.inside(cell, parser.sum) for cell in row) for row in rows)
    parser.position = after
    return fm.Matrix(entries, parser.span_from(start))


def cases(parser: Grammar) -> fm.Formula:
    """A choice by conditions. What no row covers has no value, which is written 0/0."""
    start = parser.position
    rows, opened = cells(parser)
    after = parser.position
    found = [_row(parser, row, opened) for row in rows]
    parser.position = after
    return chosen(found, parser.error, opened.span, parser.span_from(start))


def chosen(
    rows: Sequence[tuple[fm.Formula, list[fm.Condition] | None]],
    error: Callable[[str, Span, str | None], ChainruleError],
    opened: Span,
    span: Span,
) -> fm.Formula:
    """A choice from its cases: a value with its comparisons, which are None for the rest."""
    branches: list[tuple[fm.Formula, fm.Condition]] = []
    otherwise: fm.Formula | None = None
    for number, (value, found) in enumerate(rows, 1):
        left = [one for one in found or () if not _excluded(one, branches)]
        last = number == len(rows)
        if found is None or not left:
            if not last:
                raise error("only the last case goes without a condition", opened, None)
            otherwise = value
        elif len(left) > 1:
            raise error(
                "one comparison in each case is read here", left[0].span or opened,
                "order the cases so that each needs one: x < -1, then x \\le 1, then the rest",
            )  # fmt: skip
        else:
            branches.append((value, left[0]))
    if not branches:
        raise error("a choice needs a condition", opened, "x & \\text{if } x > 0")
    if otherwise is None:
        otherwise = fm.Quotient(fm.ZERO, fm.ZERO, opened)
    return fm.Cases(tuple(branches), otherwise, span)


def _row(
    parser: Grammar, row: list[Range], opened: Token
) -> tuple[fm.Formula, list[fm.Condition] | None]:
    """The value of a case with its comparisons, which are None for the rest."""
    items = parser.items
    if len(row) == 1:
        cell = row[0]
        place = cell.start
        while place < cell.stop and items[place].kind != "text":
            place = parser.tokens.partner.get(place, place) + 1
        row = [cell._replace(stop=place), cell._replace(start=place)]
    if len(row) > 2:
        row = [row[0], row[1]._replace(stop=row[-1].stop)]
    value_place, test = row
    while value_place.stop > value_place.start and items[value_place.stop - 1].text in {",", ";"}:
        value_place = value_place._replace(stop=value_place.stop - 1)
    if value_place.start == value_place.stop:
        raise parser.error("a case has no value", opened.span)
    value = parser.inside(value_place, parser.sum)
    found = parser.inside(test, lambda: _tests(parser, opened))
    return value, found


def _tests(parser: Grammar, opened: Token) -> list[fm.Condition] | None:
    out: list[fm.Condition] = []
    said_rest = False
    while True:
        parser.skip_empty()
        if parser.at("text") and (is_prose(parser.peek()) or _means_rest(parser.peek().text)):
            said_rest = said_rest or _means_rest(parser.next().text)
        elif parser.at("op", ",", ".", ";") or parser.at("&"):
            parser.next()
        elif parser.position >= parser.stop:
            break
        elif _bare_word(parser) in _OTHERWISE:
            parser.position = parser.stop
            said_rest = True
        elif _in_brackets(parser):
            parser.next()
            out += conditions(parser)
            parser.next()
        else:
            out += conditions(parser)
    if said_rest and out:
        raise _mixed(parser, opened)
    return out or None


def _in_brackets(parser: Grammar) -> bool:
    """Whether brackets stand around the rest of the cell: (z > 0)."""
    depth = 0
    for place in range(parser.position, parser.stop):
        item = parser.items[place]
        if item.text == "(" and item.kind == "open":
            depth += 1
        elif item.text == ")" and item.kind == "close":
            depth -= 1
        if depth == 0:
            return place > parser.position and place == parser.stop - 1
    return False


def _mixed(parser: Grammar, opened: Token) -> ChainruleError:
    return parser.error("this case says both otherwise and when", opened.span)


def _means_rest(text: str) -> bool:
    return any(word in text.lower() for word in _OTHERWISE)


def _bare_word(parser: Grammar) -> str:
    rest = parser.items[parser.position : parser.stop]
    return "".join(token.text for token in rest if token.kind == "letter") if rest else ""


def _excluded(one: fm.Condition, branches: list[tuple[fm.Formula, fm.Condition]]) -> bool:
    """Whether a comparison says no more than that an earlier case does not hold."""
    opposite = fm.Condition(one.left, _NEGATED[one.relation], one.right)
    flipped = fm.Condition(one.right, _FLIPPED[opposite.relation], one.left)
    return any(test in (opposite, flipped) for _, test in branches)
