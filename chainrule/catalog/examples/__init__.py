"""Examples, one file each; found by themselves."""
