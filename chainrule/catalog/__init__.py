"""The catalogue: activations, losses, penalties, layers and examples, one file per entry.

An entry is found by itself: a module in one of the folders that has the folder's attribute
(`ACTIVATION`, `LOSS`, …) is in; `chainrule.catalog.registry` lists them. Entries hold plain-syntax
text and words; nothing here imports sympy.
"""
