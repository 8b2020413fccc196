"""The smallest model of each way in which numbers once differed from the derivation.

Every engine and every written module is asked for the output and the gradient; the right numbers
stand here as they are known from elsewhere (worked out by hand, or in mpmath).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import mpmath
import pytest

import chainrule as cr
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.numeric.build import build_program
from chainrule.numeric.compiled import compile_graph
from chainrule.numeric.engines._python_text import template
from chainrule.numeric.targets._text import formula_text
from chainrule.numeric.targets.numpy import STYLE
from tests.numeric.handwritten.runners import COMPILER, ENGINES, MODULES, c_library, types
from tests.numeric.handwritten.runners import targets as all_targets


class Hazard(NamedTuple):
    what: str
    equations: str
    values: dict
    output: float
    gradients: dict


def digits(text, **values):
    """A number worked out by mpmath in 60 digits."""
    with mpmath.workdps(60):
        table = {
            name: getattr(mpmath, name) for name in ["exp", "log", "sqrt", "cos", "sin", "mpf"]
        }
        given = {name: mpmath.mpf(value) for name, value in values.items()}
        return float(eval(text, table, given))  # noqa: S307 - our own text


SOFTMAX = """
S = exp(z_1) + exp(z_2)
p_1 = exp(z_1)/S
p_2 = exp(z_2)/S
E = -y_1*log(p_1) - y_2*log(p_2)
"""
THREE = """
S = exp(z_1) + exp(z_2) + exp(z_3)
p_1 = exp(z_1)/S
p_2 = exp(z_2)/S
p_3 = exp(z_3)/S
E = -y_1*log(p_1) - y_2*log(p_2) - y_3*log(p_3)
"""
ELU = "z = w*x + b\na = z if z > 0 else exp(z) - 1\nE = 1/2*(t - a)**2"

HAZARDS = [
    Hazard("expm1 has no rule: its derivative is not itself", ELU,
           {"w": 1, "x": -2, "b": 0.5, "t": 1},
           1.5786332138870722,
           {"w": 0.792946504, "b": -0.396473252}),
    Hazard("exp(u) - 1 by itself", "E = exp(w) - 1", {"w": 0.5}, math.expm1(0.5),
           {"w": math.exp(0.5)}),
    Hazard("the exponential that is not taken overflows", "E = w if w > 20 else exp(w)",
           {"w": 800}, 800, {"w": 1}),
    Hazard("a root that is not taken has no value", "E = sqrt(w) if w > 0 else 0*w",
           {"w": -1}, 0, {"w": 0}),
    Hazard("the branch that holds at 0 is the constant", "E = sqrt(w) if w > 0 else 0*w",
           {"w": 0}, 0, {"w": 0}),
    Hazard("a logarithm of 0 that is not taken", "E = log(1 - w) if w < 1 else w",
           {"w": 1}, 1, {"w": 1}),
    Hazard("names of ours for what stands in a case", "E = w*log(w) if w > 0 else 0*w",
           {"w": 0}, 0, {"w": 0}),
    Hazard("a fraction that is not taken", "E = 1/sqrt(w) if w > 0 else 0*w", {"w": -3}, 0,
           {"w": 0}),
    Hazard("a root in a case, behind a layer",
           "z = w*x\na = sqrt(z) if z > 0 else 0\nE = (t - a)**2",
           {"w": -1, "x": 1, "t": 0.5}, 0.25, {"w": 0}),
    Hazard("a node that is read in a case only",
           "z = w*x\nl = log(z)\na = l if z > 0 else z\nE = a**2",
           {"w": -1, "x": 2}, 4, {"w": -8}),
    Hazard("0 times the infinite slope of a root", "z = w*x\na = sqrt(max(z, 0))\nE = (t - a)**2",
           {"w": -1, "x": 1, "t": 0.5}, 0.25, {"w": 0}),
    Hazard("softmax at a gap of 1,600", SOFTMAX, {"z_1": 1600, "z_2": 0, "y_1": 0, "y_2": 1}, 1600,
           {"z_1": 1, "z_2": -1}),
    Hazard("the sum of softmax overflows", SOFTMAX, {"z_1": 2000, "z_2": 1, "y_1": 1, "y_2": 0}, 0,
           {"z_1": 0, "z_2": 0}),
    Hazard("targets that do not add up to 1", THREE,
           {"z_1": 2000, "z_2": 1999, "z_3": 1, "y_1": 0.5, "y_2": 0.25, "y_3": 0.5},
           digits("l*1.25 + 0.25 + 0.5*1999", l=digits("log(1 + exp(-1))")),
           {"z_1": digits("1.25/(1 + exp(-1)) - 0.5"), "z_2": digits("1.25/(1 + exp(1)) - 0.25"),
            "z_3": -0.5}),
    Hazard("cross-entropy of a sigmoid that is exactly 1",
           "p = 1/(1 + exp(-z))\nE = -(y*log(p) + (1 - y)*log(1 - p))", {"z": 900, "y": 0.25}, 675,
           {"z": 0.75}),
    Hazard("e^u/(1 + e^u)^2 is two sigmoids", "E = exp(w)/(1 + exp(w))**2", {"w": 700},
           digits("exp(-700)"), {"w": digits("-exp(-700)")}),
    Hazard("e^2u/(1 + e^u)^3", "E = exp(2*w)/(1 + exp(w))**3", {"w": -400}, 0, {"w": 0}),
    Hazard("1 - s(z) where digits are lost", "E = 1 - 1/(1 + exp(-w))", {"w": 40},
           digits("1/(1 + exp(40))"), {"w": digits("-exp(40)/(1 + exp(40))**2")}),
    Hazard("constants that overflow before they meet the weight", "E = 1e300*w*1e300",
           {"w": 1e-300}, 1e300, {"w": math.inf}),
    Hazard("a catalogue function of a number", "E = w*relu(0.5)", {"w": 2}, 1, {"w": 0.5}),
    Hazard("kinks that cancel: softplus as max and abs", "E = max(w, 0) + log(1 + exp(-abs(w)))",
           {"w": 0}, math.log(2), {"w": 0.5}),
    Hazard("kinks that cancel: the positive parts of u and -u", "E = max(w*x, 0) - max(0, -w*x)",
           {"w": 0, "x": 3}, 0, {"w": 3}),
    Hazard("kinks that cancel: twice the positive part", "E = 2*relu(w) - abs(w) + t",
           {"w": 0, "t": 2}, 2, {"w": 1}),
    Hazard("kinks that do not cancel", "E = 3*relu(w) - abs(w)", {"w": 0}, 0, {"w": 0}),
    Hazard("a norm squared at 0", "n = sqrt(w_1**2 + w_2**2)\nE = n**2", {"w_1": 0, "w_2": 0}, 0,
           {"w_1": 0, "w_2": 0}),
    Hazard("squares that overflow under a root", "E = sqrt(w_1**2 + w_2**2)",
           {"w_1": 3e200, "w_2": 4e200}, 5e200, {"w_1": 0.6, "w_2": 0.8}),
    Hazard("a value of one point", "E = (exp(w) - 1)/w if w != 0 else 1", {"w": 0}, 1, {"w": 0.5}),
    Hazard("a point that fits", "E = w if w != 0 else 0", {"w": 0}, 0, {"w": 1}),
    Hazard("poles that cancel at a point", "E = cos(w)/w - sin(w)/w**2 if w != 0 else 0", {"w": 0},
           0, {"w": -1 / 3}),
    Hazard("a point between two branches", "E = w if w > 0 else w if w < 0 else 0", {"w": 0}, 0,
           {"w": 1}),
    Hazard("a point in a product", "E = (exp(w*x) - 1)/(w*x) if w*x != 0 else 1", {"w": 0, "x": 3},
           1, {"w": 1.5}),
    Hazard("a point the variable does not move from", "E = a*w if n == 1 else w**2",
           {"w": 3, "a": 2, "n": 1}, 6, {"w": 2}),
    Hazard("a power that overflows where its part does not", "E = (exp(w) - 1)/w", {"w": 710},
           digits("(exp(710) - 1)/710"),
           {"w": digits("exp(710)/710 - (exp(710) - 1)/mpf(710)**2")}),
    Hazard("a small power over its argument", "E = (exp(w) - 1)/w", {"w": -2000}, 1 / 2000,
           {"w": 1 / 2000**2}),
    Hazard("a square to divide by that is 0", "E = x/w", {"w": 1e-200, "x": 1e-300}, 1e-100,
           {"w": -1e100}),
    Hazard("a square to divide by that overflows", "E = x/w", {"w": 1e200, "x": 1e300}, 1e100,
           {"w": -1e-100}),
    Hazard("0 times an infinite slope, in a case", "E = exp(-1/w) if w > 0 else 0", {"w": 1e-300},
           0, {"w": 0}),
    Hazard("0 times a number beyond all doubles", "a = 1e300*w*1e300\nE = log(1 + exp(-t*a))",
           {"w": 1e-300, "t": 1}, 0, {"w": 0}),
    Hazard("u times a tiny slope, over u", "a = w*log(w)\nE = (t - a)**2", {"w": 1e-300, "t": 0},
           0, {"w": digits("2*mpf(1e-300)*log(mpf(1e-300))*(log(mpf(1e-300)) + 1)")}),
    Hazard("u times a tiny slope, over u, beside another logarithm",
           "a = w*(log(w) - log(0.25))\nE = (t - a)**2", {"w": 1e-300, "t": 0},
           0, {"w": digits("2*mpf(1e-300)*log(mpf(4e-300))*(log(mpf(4e-300)) + 1)")}),
    Hazard("denormal squares", "n = sqrt(w_1**2 + w_2**2)\nE = w_1/n",
           {"w_1": 3e-160, "w_2": 4e-160}, 0.6, {"w_1": 1.28e159, "w_2": -0.96e159}),
    Hazard("log cosh where cosh overflows", "E = log(cosh(w))", {"w": 900}, 900 - math.log(2),
           {"w": 1}),
]  # fmt: skip


def graph_of(hazard):
    roles = dict.fromkeys(hazard.gradients, "weight")
    return cr.equations(*hazard.equations.strip().splitlines(), roles=roles)


def given(hazard):
    return {name: float(value) for name, value in hazard.values.items()}


def assert_right(hazard, forward, gradients):
    output = list(hazard.equations.strip().splitlines())[-1].split(" = ")[0]
    assert float(forward[output]) == pytest.approx(hazard.output, rel=1e-9, abs=1e-15)
    for name, expected in hazard.gradients.items():
        found = float(gradients[name])
        assert found == pytest.approx(expected, rel=1e-8, abs=1e-15), name


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.what)
def test_engines(hazard, engine):
    program = compile_graph(graph_of(hazard), engine=engine)
    assert_right(hazard, program.forward(given(hazard)), program.gradients(given(hazard)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.what)
def test_engines_with_samples(hazard, engine):
    """Arrays of samples compute every branch; each sample has its own."""
    inputs = [name for name in hazard.values if name not in hazard.gradients]
    if not inputs or not all(map(math.isfinite, hazard.gradients.values())):
        return
    program = compile_graph(graph_of(hazard), engine=engine)
    batch = {
        name: [value, value] if name in inputs else value for name, value in given(hazard).items()
    }
    found = program.gradients(batch)
    for name, expected in hazard.gradients.items():
        assert float(found[name]) == pytest.approx(expected, rel=1e-8, abs=1e-15), name


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.what)
@pytest.mark.filterwarnings("ignore:Explicitly requested dtype")
def test_written_modules(hazard, name):
    if name == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    text = all_targets()[name].write(graph_of(hazard), options())
    module = types.ModuleType(f"hazard_{name}")
    exec(text, module.__dict__)  # noqa: S102 - our own text
    assert_right(hazard, module.forward(given(hazard)), module.gradients(given(hazard)))


def options():
    from chainrule.numeric.targets import Options

    return Options(version="1")


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
def test_written_c(tmp_path):
    class Model(NamedTuple):
        equations: tuple
        roles: dict

    models = [
        Model(tuple(h.equations.strip().splitlines()), dict.fromkeys(h.gradients, "weight"))
        for h in HAZARDS
    ]
    for hazard, found in zip(HAZARDS, c_library(models, tmp_path), strict=True):
        assert_right(hazard, found.forward(given(hazard)), found.gradients(given(hazard)))


def test_softmax_in_single_precision():
    """Logits 100 apart: exp(100) is infinite in float32."""
    text = all_targets()["numpy"].write(graph_of(next(h for h in HAZARDS if "1,600" in h.what)),
                                        options())  # fmt: skip
    import numpy as np

    module = types.ModuleType("single")
    exec(text.replace("dtype=float", "dtype=np.float32"), module.__dict__)  # noqa: S102
    values = {"z_1": 100.0, "z_2": 0.0, "y_1": 0.0, "y_2": 1.0}
    found = module.gradients(values)
    assert module.forward(values)["E"] == np.float32(100)
    assert found["z_1"] == pytest.approx(1)
    assert found["z_2"] == pytest.approx(-1)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("equation", ["E = 1/w if w != 0 else 0", "E = abs(w)/w if w != 0 else 0",
                                      "E = 2*w if w == 3 else w**2"])  # fmt: skip
def test_no_limit_is_nan_and_never_the_derivative_of_the_constant(equation, engine):
    program = compile_graph(cr.equations(equation), engine=engine)
    at = 3.0 if "== 3" in equation else 0.0
    assert math.isnan(program.gradients({"w": at})["w"])


def test_the_derivation_of_a_point_is_its_limit():
    """`derive` printed the derivative of the constant there."""
    found = cr.derive(cr.equations("h = (exp(x) - 1)/x if x != 0 else 1"), wrt="x")
    assert str(found.result).endswith("if x != 0 else 1/2")


def test_a_writer_refuses_what_it_has_no_text_for():
    """A prime that was dropped made expm1 its own derivative."""
    primed = fm.Call("expm1", (fm.Name("z"),), 1)
    with pytest.raises(ChainruleError, match="expm1′"):
        formula_text(primed, STYLE.language)
    with pytest.raises(ChainruleError, match="expm1′"):
        template(primed)
    with pytest.raises(ChainruleError, match="no text"):
        formula_text(fm.Call("zeta", (fm.Name("z"),)), STYLE.language)


def test_softmax_code_has_no_quotient_of_probabilities():
    """(1/p)·p loses what p had: E reads the logits, and its gradient is Σy·p − y."""
    for equations in (SOFTMAX, THREE):
        program = build_program(cr.equations(*equations.strip().splitlines()), wrt=["z_1", "z_2"])
        of = {program.tensors[line.target].adjoint_of for line in program.backward}
        assert of.isdisjoint({"p_1", "p_2", "p_3", "S"})
        text = all_targets()["python"].write(
            cr.equations(*equations.strip().splitlines()), options()
        )
        assert "p_1" not in text.partition("def derivatives")[2]


@pytest.mark.parametrize("count", [1_000, 6_000])
def test_a_weight_in_thousands_of_equations(count):
    """The sum of its branches was one expression, which parsers nest with every term."""
    equations = ["a_0 = w*x", *(f"a_{k} = 0.5*a_{k - 1} + w" for k in range(1, count))]
    graph = cr.equations(*equations, f"E = a_{count - 1}")
    found = compile_graph(graph, engine="python").gradients({"w": 1.0, "x": 1.0})["w"]
    assert found == pytest.approx(2.0)
    module = types.ModuleType("thousands")
    exec(all_targets()["python"].write(graph, options()), module.__dict__)  # noqa: S102
    assert module.gradients({"w": 1.0, "x": 1.0})["w"] == pytest.approx(2.0)
