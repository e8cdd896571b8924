"""For which delays and time-outs does a promise hold?

``parameters.py`` says which times are unknown, ``inequality.py`` what is linear in them; ``feasibility.py`` for which of
them a schedule can happen, ``region.py`` for which any can that breaks the promise, and ``boundary.py`` looks at both sides
of the border in between.
"""
