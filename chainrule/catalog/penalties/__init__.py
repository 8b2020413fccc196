"""Penalties, one file each; found by themselves."""
