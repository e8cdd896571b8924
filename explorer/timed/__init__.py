"""Deciding promises under time bounds.

``zone.py`` is a set of clock values (a difference-bound matrix), ``location.py`` a world with the clocks that run in
it, ``search.py`` the breadth-first search through both; ``schedule.py`` gives each step of a counterexample its time.
What a timed system is, is said in ``models/language/timed_system.py``; why zones decide it, in ``docs/time.md``.
"""
