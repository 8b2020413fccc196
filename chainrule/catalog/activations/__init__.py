"""Activations, one file each; found by themselves."""
