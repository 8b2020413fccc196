"""The worked example of a Korean online book: the same wiring without biases."""

from chainrule.catalog.types import Example

EXAMPLE = Example(
    name="wikidocs",
    title={
        "en": "2-2-2 network without biases (wikidocs)",
        "ko": "편향이 없는 2-2-2 신경망 (위키독스)",
    },
    source="Won Joon Yoo and Sang Kuen Ahn, Introduction to Deep Learning for Natural Language "
    "Processing, wikidocs 37406 (Understanding backpropagation)",
    model="""
title = "2-2-2 network without biases"
[network]
inputs = 2
naming = "wikidocs"
layers = [
  {units = 2, activation = "sigmoid", bias = "none"},
  {units = 2, activation = "sigmoid", bias = "none"},
]
loss = "squared-error"
[notation]
profile = "textbook"
[values]
x_1 = 0.1
x_2 = 0.2
w_1 = 0.3
w_2 = 0.25
w_3 = 0.4
w_4 = 0.35
w_5 = 0.45
w_6 = 0.4
w_7 = 0.7
w_8 = 0.6
target_o1 = 0.4
target_o2 = 0.6
[training]
rate = "alpha"
learning_rate = 0.5
""",
)
