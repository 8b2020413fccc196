"""The 2-2-2 network of the lecture note this project grew from, with its formulas put right."""

from chainrule.catalog.types import Example

EXAMPLE = Example(
    name="textbook",
    title={"en": "2-2-2 network with shared biases", "ko": "편향을 공유하는 2-2-2 신경망"},
    source="Korean lecture note on the chain rule and backpropagation (2023), after wikidocs 37406",
    model="""
title = "2-2-2 network"
[network]
inputs = 2
layers = [
  {units = 2, activation = "sigmoid", bias = "shared"},
  {units = 2, activation = "sigmoid", bias = "shared"},
]
loss = "squared-error"
[notation]
profile = "textbook"
""",
)
