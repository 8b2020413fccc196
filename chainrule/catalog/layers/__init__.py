"""Layers, one file each; found by themselves."""
