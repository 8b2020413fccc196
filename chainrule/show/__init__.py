"""Derivations to text of all kinds: outlines, languages, notations, printers, formats."""
