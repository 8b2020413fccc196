"""The graph: order, wiring, paths, roles, names, laziness, and the way from and to sympy.

Guards against: a statement before what it reads, a path missed or twice, a per-output loss hidden
where it may not be, an unrolled network that differs from the same model typed out, 100,000 nodes
made for one.
"""

from __future__ import annotations

import itertools

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, LimitError
from chainrule.core.evaluate import evaluate
from chainrule.core.graph import Graph, Role
from chainrule.core.plain import print_plain
from chainrule.core.statements import infer_role
from chainrule.core.unroll import UnrolledGraph
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.read.network import dense, network, shorthand

SETTINGS = settings(max_examples=150, deadline=None, derandomize=True)


@st.composite
def wirings(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """A random acyclic wiring: every node n0, n1 … reads some earlier ones or the leaf x."""
    table: dict[str, tuple[str, ...]] = {}
    for i in range(draw(st.integers(1, 8))):
        known = ["x", *table]
        table[f"n{i}"] = tuple(draw(st.lists(st.sampled_from(known), min_size=1, unique=True)))
    return table


def graph_of(table: dict[str, tuple[str, ...]], order) -> Graph:
    names = list(table)
    lines = [f"{name} = {' + '.join(table[name])}" for name in order]
    roles = dict.fromkeys({"x"} & {p for ps in table.values() for p in ps}, "input")
    return equations("\n".join(lines), output=names[-1], roles=roles)


def brute_paths(table, start: str, end: str) -> set[tuple[str, ...]]:
    if start == end:
        return {(end,)}
    return {
        (*path, end) for parent in table.get(end, ()) for path in brute_paths(table, start, parent)
    }


@SETTINGS
@given(wirings(), st.randoms(use_true_random=False))
def test_wiring_of_random_graphs(table, random):
    order = list(table)
    random.shuffle(order)
    graph = graph_of(table, order)
    rank = {name: place for place, name in enumerate(graph)}
    assert set(graph.statements) == set(table)
    for name, node in graph.nodes.items():
        assert all(rank[parent] < rank[name] for parent in node.parents)
        assert set(node.parents) == set(table.get(name, ()))
        assert node.is_leaf == (name not in table)
        assert graph.children[name] == tuple(
            other for other in graph if name in table.get(other, ())
        )
    for start, end in itertools.product(graph, repeat=2):
        paths = list(graph.paths(start, end))
        expected = brute_paths(table, start, end)
        assert len(paths) == len(set(paths)) == graph.count_paths(start, end)
        assert set(paths) == expected
        on_paths = {name for path in expected for name in path}
        assert set(graph.between(start, end)) == on_paths
        assert list(graph.between(start, end)) == sorted(on_paths, key=rank.__getitem__)
        assert (end in graph.descendants(start)) == (bool(expected) and start != end)
        assert (start in graph.ancestors(end)) == bool(expected)


def test_many_paths_are_counted_and_not_walked():
    lines = [
        "a_0 = x",
        *(f"a_{i} = a_{i - 1} + b_{i - 1}\nb_{i} = a_{i - 1}*b_{i - 1}" for i in range(1, 300)),
    ]
    graph = equations("b_0 = x\n" + "\n".join(lines))
    assert graph.count_paths("x") == 2**300 // 2
    assert next(graph.paths("x"))[0] == "x"


def test_a_chain_of_five_thousand():
    lines = [f"a_{i + 1} = a_{i}*w" for i in reversed(range(5_000))]
    graph = equations("\n".join(lines), output="a_5000", roles={"a_0": "input"})
    assert list(graph.statements) == [f"a_{i}" for i in range(1, 5_001)]
    assert graph.count_paths("w") == 5_000
    assert graph.count_paths("a_0") == 1
    assert len(graph.between("a_0", "a_5000")) == 5_001
    assert len(graph.descendants("a_0")) == 5_000
    assert len(graph.ancestors("a_5000")) == 5_002
    hidden = graph.without(["a_1"])
    assert hidden.nodes["a_2"].parents == ("a_0", "w")


def test_order_is_as_written_where_it_can_be():
    graph = equations("E = u + v\nv = x*y\nu = x + 1\nq = E")
    assert list(graph) == ["x", "u", "y", "v", "E", "q"]


def test_single_assignment_across_texts():
    with pytest.raises(ChainruleError, match="defined twice"):
        equations("a = x", "a = y")


# ------------------------------------------------------------------ passed-through losses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("E_1 = (t_1 - a)**2\nE_2 = (t_2 - b)**2\nE = E_1 + E_2", ("E_1", "E_2")),
        ("E_1 = (t_1 - a)**2\nE = E_1", ("E_1",)),
        ("E_1 = (t_1 - a)**2\nE_2 = (t_2 - b)**2\nE_3 = (t_3 - c)**2\nE = E_3 + E_1 + E_2",
         ("E_3", "E_1", "E_2")),
        # one of them reads no target
        ("E_1 = (t_1 - a)**2\nE_2 = a**2\nE = E_1 + E_2", ()),
        # the output is not a sum of them alone
        ("E_1 = (t_1 - a)**2\nE_2 = (t_2 - b)**2\nE = E_1 + E_2 + a", ()),
        ("E_1 = (t_1 - a)**2\nE_2 = (t_2 - b)**2\nE = E_1 - E_2", ()),
        ("E_1 = (t_1 - a)**2\nE_2 = (t_2 - b)**2\nE = (E_1 + E_2)/2", ()),
        ("E_1 = (t_1 - a)**2\nE_2 = (t_2 - b)**2\nE = E_1*E_2", ()),
        ("E_1 = (t_1 - a)**2\nE = E_1 + E_1", ()),
        # one of them has another child
        ("E_1 = (t_1 - a)**2\nE_2 = E_1*t_2\nE = E_1 + E_2", ()),
        # a leaf is no loss, a sum of leaves neither
        ("E_1 = (t_1 - a)**2\nE = E_1 + t_2", ()),
        ("E = t_1 + t_2", ()),
        # a target only behind another node
        ("d = t_1 - a\nE_1 = d**2\nE_2 = (t_2 - b)**2\nE = E_1 + E_2", ()),
    ],
)  # fmt: skip
def test_passed_through(text, expected):
    assert equations(text).passed_through() == expected


def test_passed_through_of_networks():
    assert load_model("textbook").unroll().passed_through() == ("E_o1", "E_o2")
    assert network(2, [dense(3)]).unroll().passed_through() == ("E_o1", "E_o2", "E_o3")
    assert network(2, [dense(2)], penalties=["l2"]).unroll().passed_through() == ()


# ------------------------------------------------------------------ roles


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("w", "weight"), ("w_11", "weight"), ("W_out", "weight"), ("theta_1", "weight"),
        ("θ", "weight"), ("θ_1", "weight"), ("b", "bias"), ("b_2", "bias"), ("bias", "bias"),
        ("t", "target"), ("y", "target"), ("t_1", "target"), ("y_2", "target"), ("t1", "target"),
        ("target_o1", "target"), ("target", "target"), ("x_1", "input"), ("a", "input"),
        ("tau", "input"), ("yolk", "input"), ("alpha", "input"), ("lambda", "hyperparameter"),
        ("λ", "hyperparameter"), ("lambda_2", "hyperparameter"), ("출력", "input"),
    ],
)  # fmt: skip
def test_roles_by_name(name, role):
    assert infer_role(name) == Role(role)


def test_parameters():
    graph = equations("z = b + w_2*x + w_1*t\nE = z**2")
    assert graph.parameters == ("w_2", "w_1", "b")
    assert equations("u = (x + 1)**2*t").parameters == ("x",)
    assert equations("E = v*x", roles={"v": "weight"}).parameters == ("v",)


# ------------------------------------------------------------------ layered networks

TYPED = """
z_1 = w_11*x_1 + w_21*x_2 + b_1
z_2 = w_12*x_1 + w_22*x_2 + b_1
a_1 = sigmoid(z_1)
a_2 = sigmoid(z_2)
z_3 = w_31*a_1 + w_41*a_2 + b_2
z_4 = w_32*a_1 + w_42*a_2 + b_2
o_1 = sigmoid(z_3)
o_2 = sigmoid(z_4)
E_o1 = 1/2*(target_o1 - o_1)**2
E_o2 = 1/2*(target_o2 - o_2)**2
E_total = E_o1 + E_o2
"""


def test_the_textbook_network_is_the_same_as_typed():
    typed, unrolled = equations(TYPED), load_model("textbook").unroll()
    assert set(typed) == set(unrolled)
    assert typed.output == unrolled.output
    assert typed.statements == unrolled.statements
    for name in typed:
        ours, theirs = unrolled[name], typed[name]
        assert (ours.formula, ours.parents, ours.role) == (
            theirs.formula, theirs.parents, theirs.role
        )  # fmt: skip
        assert set(unrolled.children[name]) == set(typed.children[name])
    for leaf in typed.leaves:
        assert set(unrolled.paths(leaf)) == set(typed.paths(leaf))


def test_children_of_unrolled_networks_agree_with_their_formulas():
    graph = network(3, [dense(2, "tanh"), dense(3, "softmax", bias="shared")]).unroll()
    for name in graph:
        expected = {reader for reader in graph if name in graph.nodes[reader].parents}
        assert set(graph.children[name]) == expected
    order = {name: place for place, name in enumerate(graph)}
    for name, node in graph.nodes.items():
        assert all(order[parent] < order[name] for parent in node.parents)


def test_unrolling_at_other_sizes():
    model = network(2, [dense(2), dense(1)])
    assert model.sizes == {"n_0": 2, "n_1": 2, "n_2": 1}
    graph = model.unroll({"n_1": 3})
    assert "z_4" in graph
    assert len(graph.with_role(Role.WEIGHT)) == 9
    assert print_plain(graph["z_4"].formula) == "w_31*a_1 + w_41*a_2 + w_51*a_3 + b_4"
    same = network(2, [dense(3), dense(1)]).unroll()
    assert {name: graph[name].formula for name in graph} == {
        name: same[name].formula for name in same
    }


def test_indices_of_two_digits_are_separated():
    graph = network(2, [dense(11), dense(1)]).unroll()
    assert "w_1_11" in graph
    assert "w_111" not in graph.nodes
    assert graph["w_13_1"].role is Role.WEIGHT
    assert graph["w_11"].name == "w_1_1"
    with pytest.raises(ChainruleError):
        graph["w_111"]  # w_1_11 or w_11_1
    small = network(2, [dense(2)]).unroll()
    assert small["w_1_2"].name == "w_12"


def test_mazur_and_wikidocs_names():
    mazur = network(2, [dense(2, bias="shared"), dense(2, bias="shared")], naming="mazur").unroll()
    assert print_plain(mazur["net_h2"].formula) == "w_3*x_1 + w_4*x_2 + b_1"
    assert print_plain(mazur["net_o1"].formula) == "w_5*out_h1 + w_6*out_h2 + b_2"
    assert print_plain(mazur["out_o2"].formula) == "sigmoid(net_o2)"
    wiki = network(2, [dense(2, bias="none"), dense(2, bias="none")], naming="wikidocs").unroll()
    assert print_plain(wiki["z_3"].formula) == "w_5*h_1 + w_6*h_2"


def test_nodes_are_made_when_they_are_looked_at():
    graph = network(300, [dense(300), dense(10)]).unroll()
    assert isinstance(graph, UnrolledGraph)
    made = graph.nodes._made
    assert len(graph) > 90_000
    assert len(graph.parameters) == 300 * 300 + 300 + 300 * 10 + 10
    assert made == {}
    assert graph["w_1_1"].role is Role.WEIGHT
    assert set(made) == {"w_1_1"}
    assert graph.children["w_1_1"] == ("z_1",)
    assert set(made) == {"w_1_1"}
    assert len(graph["z_1"].parents) == 601
    assert set(made) == {"w_1_1", "z_1"}


def test_limits():
    with pytest.raises(LimitError):
        shorthand("1000-1000")
    with pytest.raises(LimitError):
        network(2, [dense(2)]).unroll({"n_0": 10**6})
    assert shorthand("2-3-1").sizes == {"n_0": 2, "n_1": 3, "n_2": 1}
    assert shorthand("textbook") is None


def test_values_agree_with_the_typed_network():
    values = {leaf: 0.1 * place - 0.4 for place, leaf in enumerate(equations(TYPED).leaves)}
    found = []
    for graph in (equations(TYPED), load_model("textbook").unroll()):
        table = dict(values)
        for name in graph.statements:
            table[name] = evaluate(graph[name].formula, table)
        found.append({name: table[name] for name in sorted(table)})
    assert found[0] == found[1]


# ------------------------------------------------------------------ sympy


def test_sympy_gives_back_its_own_symbols():
    x, w, b, t = sympy.symbols("x w b t", positive=True)
    z, a, E = sympy.symbols("z a E")
    equations_ = [
        sympy.Eq(z, w * x + b), sympy.Eq(a, 1 / (1 + sympy.exp(-z))), sympy.Eq(E, (t - a) ** 2 / 2)
    ]  # fmt: skip
    graph = Graph.from_sympy(equations_, roles={"x": "input"})
    for equation in equations_:
        expr = graph[equation.lhs.name].expr
        assert expr == equation.rhs
        assert expr.free_symbols == equation.rhs.free_symbols
    assert graph["x"].expr is x
    assert graph.output == "E"
    assert graph["t"].role is Role.TARGET


def test_sympy_in_other_forms():
    x, y = sympy.symbols("x y")
    for form in ({y: x**2}, {"y": x**2}, [("y", x**2)], [(y, x**2)], iter([sympy.Eq(y, x**2)])):
        assert Graph.from_sympy(form)["y"].formula == fm.Power(fm.Name("x"), fm.Number("2"))
    assert Graph.from_sympy({y: 2, "z": y + 0.5}).output == "z"


def test_without_writes_statements_into_their_readers():
    graph = equations("u = x + 1\nv = u*w\nE = v**2 + u")
    hidden = graph.without(["u", "v"])
    assert hidden.statements == ("E",)
    assert print_plain(hidden["E"].formula) == "((x + 1)*w)**2 + x + 1"
    unrolled = load_model("textbook").unroll()
    assert "E_o1" not in unrolled.without(["E_o1", "E_o2"])
    assert unrolled.without(["E_o1", "E_o2"]).children["o_1"] == ("E_total",)
