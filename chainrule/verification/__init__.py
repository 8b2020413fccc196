"""Is a formula right, and if not, what exactly is wrong with it?

Claims are read (`chainrule.read.claims`), their names resolved to those of the model (`names`),
both sides turned into terms in which every derivative is replaced by its expression from the graph
(`building`), and judged (`judge`): by an exact normal form (PROVED), by an enclosure of the
difference at a rational point (REFUTED), or by agreement to many digits (AGREES); otherwise the
verdict is UNDECIDED with the reason.
`diagnose` then looks for the smallest edit that makes a refuted claim true; each kind of slip is
one file in `checks`.
"""
