"""Proofs with z3: what no enumeration of bounded instances can cover.

``timing/`` finds for which relation of delays and time-outs a promise holds.
"""
