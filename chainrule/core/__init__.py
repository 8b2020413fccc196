"""The types of chainrule and their invariants: formulas, graphs, steps, errors. No algebra."""
