"""Readers: model files, plain equations, layers and Python objects, all to the same graph."""
