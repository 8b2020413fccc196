"""Languages in which a program is written out, one file each; found by themselves."""

from chainrule.numeric.targets.base import Options, Target, targets

__all__ = ["Options", "Target", "targets"]
