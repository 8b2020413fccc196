"""Formula printers: one module per format, each a table from node types to functions.

`layout` holds what all of them decide alike (precedence, what counts as a number or as a chain of
derivatives), `characters` the letters and their escapes. A new format is a new module with a
`print_…(formula, notation)`.
"""
