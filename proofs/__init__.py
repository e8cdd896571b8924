"""Proofs with z3, for any number of nodes: what no enumeration of bounded instances can cover.

``language/`` holds the words that theories are written in, ``theories/`` the protocols, one file each, and
``catalogue.py`` their names. ``induction.py`` proves that the lemmas of a theory are inductive and imply its goals.
"""
