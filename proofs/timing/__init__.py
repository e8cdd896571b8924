"""For which delays and time-outs does a promise hold?

``parameters.py`` says which times are unknown, ``inequality.py`` what is linear in them; ``feasibility.py`` for which
of them a schedule can happen, ``danger.py`` which worlds matter, ``region.py`` for which times the promise can be
broken, and ``boundary.py`` looks at both sides of the border.
"""
