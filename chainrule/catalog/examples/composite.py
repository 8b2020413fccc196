"""The chain rule itself, with functions that are only declared."""

from chainrule.catalog.types import Example

EXAMPLE = Example(
    name="composite",
    title={"en": "composite function h = g(f(x))", "ko": "합성함수 h = g(f(x))"},
    source="Stewart, Calculus: Early Transcendentals (2015), section 3.4",
    model="""
title = "Composite function"
[functions]
f = 1
g = 1
[model]
equations = '''
u = f(x)
h = g(u)
'''
""",
)
