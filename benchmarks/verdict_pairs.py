"""Pairs of formulas of which it is known whether they are equal: for `benchmarks/verdicts.py`.

Names stand for any real numbers. `SAME` are identities, each of which holds wherever both sides are
defined, and both are defined for the same numbers; they are from textbooks of analysis and of
machine learning. `DIFFERENT` are not equal as functions: somewhere on an open set they differ, be
it far away or below double precision. The labels rest on mathematics, not on any contender.
"""

from __future__ import annotations

__all__ = ["DIFFERENT", "SAME"]

SAME = (
    # sigmoid, tanh and their derivatives
    ("tanh(z)", "2*sigmoid(2*z) - 1"),
    ("sigmoid(z)*(1 - sigmoid(z))", "exp(-z)/(1 + exp(-z))**2"),
    ("sigmoid(z)*(1 - sigmoid(z))", "1/(2 + exp(z) + exp(-z))"),
    ("sigmoid(z)*(1 - sigmoid(z))", "(1 - tanh(z/2)**2)/4"),
    ("sigmoid(-z)", "1 - sigmoid(z)"),
    ("sigmoid(z)", "(1 + tanh(z/2))/2"),
    ("sigmoid(z)/(1 - sigmoid(z))", "exp(z)"),
    ("log(sigmoid(z)/(1 - sigmoid(z)))", "z"),
    ("1/cosh(z)**2", "1 - tanh(z)**2"),
    ("4/(exp(z) + exp(-z))**2", "1 - tanh(z)**2"),
    ("z*sigmoid(z)*(1 - sigmoid(z)) + sigmoid(z)", "sigmoid(z)*(1 + z*(1 - sigmoid(z)))"),
    # softplus, log-sum-exp, cross-entropy
    ("softplus(z) - softplus(-z)", "z"),
    ("softplus(z)", "-log(sigmoid(-z))"),
    ("softplus(z)", "max(z, 0) + log(1 + exp(-abs(z)))"),
    ("log(exp(x) + exp(y))", "max(x, y) + log(1 + exp(-abs(x - y)))"),
    ("log(exp(x) + exp(y) + exp(z))", "x + log(1 + exp(y - x) + exp(z - x))"),
    ("exp(x)/(exp(x) + exp(y))", "sigmoid(x - y)"),
    ("-(t*log(sigmoid(z)) + (1 - t)*log(1 - sigmoid(z)))", "softplus(z) - t*z"),
    ("-(t - sigmoid(z))", "(1 - t)*sigmoid(z) - t*(1 - sigmoid(z))"),
    # rectifiers and other kinks
    ("relu(z)", "(z + abs(z))/2"),
    ("relu(z)", "z if z > 0 else 0"),
    ("relu(z) - relu(-z)", "z"),
    ("relu(z)*relu(-z)", "0"),
    ("max(x, y) + min(x, y)", "x + y"),
    ("max(x, y) - min(x, y)", "abs(x - y)"),
    ("max(x, y)*min(x, y)", "x*y"),
    ("max(x, y)", "(x + y + abs(x - y))/2"),
    ("hard_tanh(z)", "max(-1, min(1, z))"),
    ("hard_tanh(z)", "-1 if z < -1 else 1 if z > 1 else z"),
    ("hard_tanh(z)", "(abs(z + 1) - abs(z - 1))/2"),
    ("leaky_relu(z)", "max(z, 0.01*z)"),
    ("elu(z)", "relu(z) + min(0, exp(z) - 1)"),
    ("softsign(z)", "z/(1 + z) if z > 0 else z/(1 - z)"),
    ("sign(x)*abs(x)", "x"),
    ("abs(x*y)", "abs(x)*abs(y)"),
    # roots
    ("sqrt(x**2)", "abs(x)"),
    ("sqrt((x - 1)**2)", "abs(x - 1)"),
    ("sqrt(4*x**2 + 4*y**2)", "2*sqrt(x**2 + y**2)"),
    ("1/sqrt(1 + x**2)", "sqrt(1 + x**2)/(1 + x**2)"),
    ("sqrt(1 + x**2) - x", "1/(sqrt(1 + x**2) + x)"),
    ("sqrt(3 + 2*sqrt(2))", "1 + sqrt(2)"),
    ("exp(log(1 + x**2)*1.5)", "(1 + x**2)*sqrt(1 + x**2)"),
    # exponentials and logarithms
    ("exp(x + y)/exp(y)", "exp(x)"),
    ("exp(x/2)**2", "exp(x)"),
    ("log(2*exp(x))", "log(2) + x"),
    ("log(6)", "log(2) + log(3)"),
    ("log(x**2 + 2*x*y + y**2 + 1)", "log((x + y)**2 + 1)"),
    ("sinh(2*x)", "2*sinh(x)*cosh(x)"),
    ("cosh(x)**2 - sinh(x)**2", "1"),
    ("gelu_tanh(x)", "x*sigmoid(2*sqrt(2/pi)*(x + 0.044715*x**3))"),
    ("mish(z)", "z*((1 + exp(z))**2 - 1)/((1 + exp(z))**2 + 1)"),
    # sines
    ("sin(x + y)", "sin(x)*cos(y) + cos(x)*sin(y)"),
    ("cos(2*x)", "1 - 2*sin(x)**2"),
    ("sin(x)**4 - cos(x)**4", "-cos(2*x)"),
    # rational functions
    ("x**3 - y**3", "(x - y)*(x**2 + x*y + y**2)"),
    ("1/(1 + x**2) + 1/(1 + y**2)", "(2 + x**2 + y**2)/((1 + x**2)*(1 + y**2))"),
    ("(x + y + z)**4 - (x + y)**4", "z*(2*(x + y) + z)*((x + y)**2 + (x + y + z)**2)"),
    # odd functions
    ("atan(-x)", "-atan(x)"),
    ("erf(-x)", "-erf(x)"),
)

DIFFERENT = (
    # below double precision
    ("sigmoid(z)", "sigmoid(z) + 1e-12*z"),
    ("sigmoid(z)", "sigmoid(z)*(1 + 1e-40)"),
    ("pi", "3.14159265358979"),
    ("sqrt(2)", "1.41421356237309504880168872420969807857"),
    ("exp(pi*sqrt(163))", "262537412640768744"),
    ("z + exp(-1000)", "z"),
    # in one region only
    ("relu(z)", "relu(z) + heaviside(z - 100)"),
    ("relu(z)", "relu(z) + max(0, -z - 1000)"),
    ("sqrt((x - 1)**2)", "x - 1"),
    ("sqrt(x**2)", "x"),
    ("abs(x + y)", "abs(x) + abs(y)"),
    ("max(x, y)", "(x + y + x - y)/2"),
    ("x if x > y else y", "x if x > y else y + 1e-9"),
    ("hard_tanh(z)", "max(-1, min(2, z))"),
    ("atan(x) + atan(1/x)", "pi/2"),
    ("atan(tan(x))", "x"),
    ("leaky_relu(z)", "min(z, 0.01*z)"),
    ("sqrt(x**6)", "x**3"),
    # slips of a textbook
    ("tanh(z)", "2*sigmoid(z) - 1"),
    ("1 - tanh(z)**2", "1 - tanh(z)"),
    ("sigmoid(z)*(1 - sigmoid(z))", "sigmoid(z)*(1 + sigmoid(z))"),
    ("sigmoid(z)*(1 - sigmoid(z))", "exp(-z)/(1 + exp(-z))"),
    ("relu(z)", "abs(z)/2"),
    ("log(exp(x) + exp(y))", "x + y"),
    ("log(exp(x) + exp(y))", "max(x, y)"),
    ("exp(x*y)", "exp(x)*exp(y)"),
    ("(x + y)**2", "x**2 + y**2"),
    ("1/(x + y)", "1/x + 1/y"),
    ("softplus(z)", "log(1 + exp(-z))"),
    ("-(t*log(sigmoid(z)) + (1 - t)*log(1 - sigmoid(z)))", "softplus(z) + t*z"),
    ("sinh(2*x)", "2*sinh(x)"),
    ("sin(x + y)", "sin(x)*cos(y) - cos(x)*sin(y)"),
    ("(t - sigmoid(z))**2/2", "(t - sigmoid(z))**2"),
    ("elu(z)", "relu(z) + exp(z) - 1"),
    # approximations
    ("erf(x)", "tanh(2*x/sqrt(pi))"),
    ("sin(x)", "x - x**3/6"),
    ("gelu(x)", "x*sigmoid(1.702*x)"),
    ("gelu(x)", "gelu_tanh(x)"),
)
