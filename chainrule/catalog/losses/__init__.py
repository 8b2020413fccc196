"""Losses, one file each; found by themselves."""
