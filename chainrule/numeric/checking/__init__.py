"""Parts of `chainrule.numeric.gradcheck`: evaluation, differences, drawn values, blame, pages."""
