"""Notation profiles: how the names of a layered model are typeset.

A profile is data, a `.toml` file: those in this folder are built in and found by themselves, and a
reader's own file is read the same way. Identifiers belong to the model and never change; a profile
only says how they look. For a model given as equations only the letter of the rate changes.

    title = "my lecture"                                 # or {en = "…", ko = "…"}
    [symbols]                                            # by kind of node, all optional
    weight = {base = "w", sub = "{t}{s}", sup = "{L}"}   # w with superscript and subscript
    output = {base = "y", accent = "hat", sub = "{u}"}   # hat, bar, tilde
    total = {base = "L", style = "cal"}                  # a script letter
    [last]                                               # the output layer, where it differs
    preactivation = {base = "net", sub = "o{u}"}
    [update]
    rate = "eta"                                         # the learning rate

`base` is a letter, a Greek letter by name, or a word. `sub` and `sup` are letters, digits, commas
and brackets with placeholders among them:

    {u}  the unit within its layer                       {l}  the layer, the first weights being 1
    {k}  its number among all nodes of its kind          {L}  the layer, the inputs being 1
    {t}  of a weight: the unit it leads to               {n}  its number among all weights
    {s}  of a weight: the unit it comes from             {g}  that unit, numbered on through layers

Kinds are those of `chainrule.core.naming`, and `delta` for ∂E/∂(preactivation). Kinds a profile
does not mention look like their identifiers (`z_3` is z with subscript 3), and so does any name
that would look like another one. Placeholders side by side are separated by a comma where one of
them has two digits.
"""

from chainrule.show.notations.profiles import Entry, Profile, Template, load_profile, profile_names

__all__ = ["Entry", "Profile", "Template", "load_profile", "profile_names"]
