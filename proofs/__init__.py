"""Proofs with z3: what no enumeration of bounded instances can cover.

``language/`` holds the words that theories are written in, ``theories/`` the protocols, one file each, and
``catalogue.py`` their names. ``induction.py`` proves, for any number of nodes, that the lemmas of a theory are
inductive and imply its goals; ``houdini.py`` finds lemmas. ``bridge.py``, with ``bridges/``, compares what was explored
of a model with the theory. ``synthesis/`` asks for any strategy that a theorem says there is none of. ``symbolic/``
decides promises of models from the tables of their nodes. ``timing/`` finds for which relation of delays and time-outs
a promise holds.
"""
