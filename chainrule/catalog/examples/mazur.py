"""The worked example that most lecture notes copy, with its published numbers."""

from chainrule.catalog.types import Example

EXAMPLE = Example(
    name="mazur",
    title={
        "en": "Mazur's step by step example",
        "ko": "마주어의 단계별 역전파 예제",
    },
    source="Matt Mazur, A Step by Step Backpropagation Example (2015)",
    model="""
title = "A step by step backpropagation example"
[network]
inputs = 2
naming = "mazur"
layers = [
  {units = 2, activation = "sigmoid", bias = "shared"},
  {units = 2, activation = "sigmoid", bias = "shared"},
]
loss = "squared-error"
[notation]
profile = "mazur"
[values]
x_1 = 0.05
x_2 = 0.10
w_1 = 0.15
w_2 = 0.20
w_3 = 0.25
w_4 = 0.30
w_5 = 0.40
w_6 = 0.45
w_7 = 0.50
w_8 = 0.55
b_1 = 0.35
b_2 = 0.60
target_o1 = 0.01
target_o2 = 0.99
[training]
rate = "eta"
learning_rate = 0.5
freeze = ["b_1", "b_2"]
""",
)
