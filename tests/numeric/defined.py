"""Functions of programs by their definitions, for references that know what a model knows."""

from __future__ import annotations

from chainrule.core import formula as fm

TWO = fm.Number("2")


def _sum(pairs):
    return fm.add(
        *(
            fm.Product((factor, fm.Call("exp", (exponent,))))
            for factor, exponent in zip(pairs[::2], pairs[1::2], strict=True)
        )
    )


def _ratio(count, *pairs):
    place = 2 * int(count.text)
    return fm.Call("log", (fm.Quotient(_sum(pairs[:place]), _sum(pairs[place:])),))


DEFINED = {
    "share": lambda top, *pairs: fm.Quotient(fm.Call("exp", (top,)), _sum(pairs)),
    "weight": lambda factor, top, *pairs: fm.Quotient(
        fm.Product((factor, fm.Call("exp", (top,)))), _sum(pairs)
    ),
    "logsumexp": lambda *pairs: fm.Call("log", (_sum(pairs),)),
    "logratio": _ratio,
    "logcosh": lambda u: fm.Call("log", (fm.Call("cosh", (u,)),)),
    "norm": lambda *sides: fm.Call("sqrt", (fm.add(*(fm.Power(side, TWO) for side in sides)),)),
}


def as_defined(node, parts):
    """A node over new parts, one of these functions by its definition: for `fm.transform`."""
    built = fm.rebuild(node, parts)
    if isinstance(built, fm.Call) and built.function in DEFINED:
        return DEFINED[built.function](*built.args)
    return built
