"""Derivatives as data: local rules, paths, deltas, and the derivation of every gradient."""
