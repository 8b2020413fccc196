r"""Sums and products over an index: \sum_{k=1}^{2} \frac12 (target_{ok} - o_k)^2.

A sum between two whole numbers, or over the members of a set, is written out where every name it
then has is known. So is a sum whose range is not given (`\\sum_k`), over all values of the index
that the model has names for, if those are the same for every name that carries the index. Any other
stays a `BigSum`, in whose body the names that carry the index are entries of arrays (`Indexed`),
so that no index is ever mistaken for a part of a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.read.latex.symbols import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chainrule.read.latex.braces import Token
    from chainrule.read.latex.grammar import Grammar
    from chainrule.read.latex.symbols import Range

__all__ = ["big_product", "big_sum"]

MAX_TERMS = 50
MAX_IMPLIED = 20
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def big_sum(parser: Grammar, token: Token) -> fm.Formula:
    """A sum, from behind its sign on."""
    return _big(parser, token, _summed)


def big_product(parser: Grammar, token: Token) -> fm.Formula:
    """A product, from behind its sign on."""
    return _big(parser, token, None)


def _summed(terms: list[fm.Formula]) -> fm.Formula:
    return terms[0] if len(terms) == 1 else fm.Sum(tuple(terms))


def _big(
    parser: Grammar, token: Token, add: Callable[[list[fm.Formula]], fm.Formula] | None
) -> fm.Formula:
    start = parser.position - 1
    lower: Range | None = None
    upper: Range | None = None
    while parser.at("_") or parser.at("^"):
        kind = parser.next().kind
        if kind == "_":
            lower = parser.argument("`_`")
        else:
            upper = parser.argument("`^`")
    if lower is None:
        raise parser.error("the index of this sum is missing", token.span, "write \\sum_{k=1}^{2}")
    lower, without = _without(parser, lower)
    index, first, last, members = _range(parser, lower, upper)
    body = parser.position
    numbers = members if members is not None else _numbers(first, last)
    whole = first is None and last is None
    if numbers is None and (whole or _to_the_last(parser, first, last)):
        numbers = _implied(parser, index, body)
        if not whole and numbers is not None and isinstance(last, fm.Name):
            numbers = numbers if first == fm.Number(str(numbers[0])) else None
            parser.sizes |= {last.id: fm.Number(str(len(numbers or ())))}
    if numbers is not None and isinstance(without, int | str):
        numbers = [value for value in numbers if value != without]
    if numbers is not None and parser.work > 0:
        terms = _written_out(parser, index, numbers, body)
        if terms is None and not parser.lexicon.arrays:
            terms = _written_out(parser, index, numbers, body, strict=False)
        if terms is not None:
            if not terms:
                return fm.Number("0" if add else "1", parser.span_from(start))
            if isinstance(without, fm.Name):
                if add is None:
                    raise parser.error("this product is not read", token.span, "write it out")
                terms = _apart(numbers, without, terms)
            if len(terms) == 1:
                return terms[0]
            if add is None:
                return fm.Product(tuple(terms), (), parser.span_from(start))
            return fm.Sum(tuple(terms), parser.span_from(start))
    parser.position = body
    if members is not None:
        raise parser.error(
            "there is a name in this sum that the model does not have", parser.span_from(start),
            "write the terms out",
        )  # fmt: skip
    if add is None:
        raise parser.error(
            "a product over an index is read only where it can be written out", token.span,
            "write the factors out",
        )  # fmt: skip
    return _kept(parser, index, first, last, start)


def _to_the_last(parser: Grammar, first: fm.Formula | None, last: fm.Formula | None) -> bool:
    """Whether a sum goes from a number to a K that the model does not have: over all there are."""
    if not parser.lexicon.vocabulary.computed or not isinstance(first, fm.Number):
        return False
    if not isinstance(last, fm.Name) or last.marks:
        return False
    return len(last.id) == 1 and last.id not in parser.lexicon.names


def _range(
    parser: Grammar, lower: Range, upper: Range | None
) -> tuple[str, fm.Formula | None, fm.Formula | None, Sequence[int | str] | None]:
    """The index with its bounds, or with its values."""
    after = parser.position
    first: fm.Formula | None = None
    members: Sequence[int | str] | None = None
    place = lower.start
    found = pieces(parser.tokens, lower._replace(stop=min(place + 1, lower.stop)))
    name = found[0] if found and len(found) == 1 else ""
    if not name.isalpha():
        raise parser.error(
            "the index of a sum is a letter",
            parser.items[min(place, len(parser.items) - 1)].span,
            "write \\sum_{k=1}^{2}",
        )
    place += 1
    if place < lower.stop and parser.items[place].kind == "'":
        name, place = f"{name}'", place + 1
    if place < lower.stop:
        sign = parser.items[place]
        members = _members(parser, lower._replace(start=place)) if upper is None else None
        if members is None and (sign.text != "=" or place + 1 >= lower.stop):
            raise parser.error(
                "this range of an index is not read", sign.span, "write \\sum_{k=1}^{2}"
            )
        if members is None:
            first = parser.inside(lower._replace(start=place + 1), parser.sum)
    last = parser.inside(upper, parser.sum) if upper is not None else None
    parser.position = after
    return name, first, last, members


def _without(parser: Grammar, place: Range) -> tuple[Range, int | str | fm.Name | None]:
    r"""The j of k \neq j and k = 1, k \neq j, and what stands before it."""
    items = parser.items
    if items[place.start].text == "substack":
        end = parser.tokens.partner.get(place.start + 1, place.start + 1)
        place = place._replace(start=min(place.start + 2, end), stop=end)
    sign = place.stop - 2
    if sign <= place.start or items[sign].text not in {"ne", "neq"}:
        return place, None
    last, before = items[place.stop - 1], items[sign - 2] if sign - 2 >= place.start else None
    stop = sign if before is None else sign - 2
    if before is not None and before.text != "," and before.kind != "break":
        return place, None
    letter = "l" if last.text == "ell" else last.text
    found = int(letter) if letter.isdigit() else parser.bound.get(letter)
    if found is None and len(letter) == 1 and letter.isalpha():
        return place._replace(stop=stop), fm.Name(letter, (), last.span)
    return place._replace(stop=stop), found


def _apart(
    values: Sequence[int | str], letter: fm.Name, terms: list[fm.Formula]
) -> list[fm.Formula]:
    """Terms that count only where a letter that is a number elsewhere is not theirs."""
    out: list[fm.Formula] = []
    for value, term in zip(values, terms, strict=True):
        number: fm.Formula = fm.Number(str(value)) if isinstance(value, int) else fm.Name(value)
        out.append(fm.Product((fm.Bracket(fm.Condition(number, "!=", letter)), term)))
    return out


def _members(parser: Grammar, place: Range) -> list[int | str] | None:
    r"""The values of k \in \{1, 2\} and k = 1, 2."""
    items = parser.items[place.start : place.stop]
    braced = len(items) > 3 and items[1].kind == "open" and items[-1].kind == "close"
    if items[0].text == "in" and items[0].kind == "command" and braced:
        start, stop = place.start + 2, place.stop - 1
    elif items[0].text == "=" and any(token.text == "," for token in items):
        start, stop = place.start + 1, place.stop
    else:
        return None
    found = pieces(parser.tokens, place._replace(start=start, stop=stop)) or ()
    if not found or len(found) > MAX_TERMS or not all(piece.isalnum() for piece in found):
        return None
    return [int(piece) if piece.isdigit() else piece for piece in found]


def _implied(parser: Grammar, index: str, body: int) -> list[int | str] | None:
    """The values of an index whose range is not given.

    Those for which every name that carries the index is one of the model; None if for some value
    only some of them are, if there are fewer than two, or if they span several layers.
    """
    good: list[int | str] = []
    rows: list[list[tuple[str, ...]]] = []
    outer = parser.entries
    for value in _candidates(parser, index):
        if parser.work <= 0:
            good = []
            break
        parser.entries = []
        terms = _written_out(parser, index, [value], body)
        if terms is not None and parser.entries:
            good.append(value)
            rows.append(parser.entries)
        elif parser.entries:
            good = []
            break
    parser.entries = outer
    if len(good) < 2 or not _is_one_layer(parser, rows):
        return None
    parser.entries = [*outer, *(name for row in rows for name in row)]
    return good


def _is_one_layer(parser: Grammar, rows: list[list[tuple[str, ...]]]) -> bool:
    """Whether names that an index runs over stand side by side, or one after the other in time.

    Those that carry a free letter, too, must be as many for each value.
    """
    depths = parser.lexicon.vocabulary.depths
    for family in zip(*rows, strict=False):
        found = [depths.get(names[0], 0) for names in family]
        if 1 < len(set(found)) < len(found) or len({len(names) for names in family}) > 1:
            return False
    return len({len(row) for row in rows}) == 1


def _candidates(parser: Grammar, index: str) -> list[int | str]:
    """Numbers, and what Mazur calls o1 and o2, that names of the model end with."""
    numbers: set[int] = set()
    words: set[str] = set()
    for name in parser.lexicon.names:
        tail = name.rpartition("_")[2] if "_" in name else name.lstrip(_LETTERS)
        if tail.isdigit() and len(tail) <= 2:
            numbers |= {int(tail), *map(int, tail)}
        elif tail[:1] == index and tail[1:].isdigit() and len(tail) <= 3:
            words.add(tail)
            numbers.add(int(tail[1:]))
    if max(len(numbers), len(words)) > MAX_IMPLIED:
        return []
    return [*sorted(words), *sorted(numbers)]


def _numbers(first: fm.Formula | None, last: fm.Formula | None) -> range | None:
    """The values of an index between two whole numbers, if they are few."""
    bounds: list[int] = []
    for bound in (first, last):
        if not isinstance(bound, fm.Number) or not bound.text.isdigit() or len(bound.text) > 9:
            return None
        bounds.append(int(bound.text))
    values = range(bounds[0], bounds[1] + 1)
    return values if len(values) <= MAX_TERMS else None


def _written_out(
    parser: Grammar, index: str, values: Sequence[int | str], body: int, *, strict: bool = True
) -> list[fm.Formula] | None:
    """The terms one by one; None where one of their names is not known, if that matters."""
    outer, flag = parser.bound, parser.unknown_entry
    depth, bars = parser.depth, parser.bars
    terms: list[fm.Formula] = []
    for value in values or (0,):
        parser.position = body
        parser.bound = {**outer, index: value}
        parser.unknown_entry = False
        terms.append(_body(parser))
        parser.work -= parser.position - body + 1
        if (parser.unknown_entry and strict) or parser.work <= 0:
            parser.bound, parser.unknown_entry = outer, flag
            parser.depth, parser.bars = depth, bars
            return None
    parser.bound, parser.unknown_entry = outer, flag
    return terms if len(values) else []


def _kept(
    parser: Grammar, index: str, first: fm.Formula | None, last: fm.Formula | None, start: int
) -> fm.Formula:
    outer = parser.bound
    parser.bound = {**outer, index: None}
    value = _body(parser)
    parser.bound = outer
    span = parser.span_from(start)
    return fm.BigSum(fm.Name(index, (), span), value, first, last, span)


def _body(parser: Grammar) -> fm.Formula:
    """What is summed: a product, up to the next + or −."""
    parser.enter()
    value = parser.term()
    parser.depth -= 1
    return value
