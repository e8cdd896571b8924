"""Liveness: promises over time, decided on the explored graph.

A run breaks a promise if an automaton for the opposite (``everyway.invariants.automaton``) accepts it. So runs are
looked for in the product of the graph and the automaton: ``graph.py`` holds the graph, ``product.py`` what of the
product can be reached, ``arena.py`` what of that may go round for ever; ``cycles.py`` finds a fair cycle that is
accepted, or makes sure that there is none, ``lasso.py`` turns it into a stem and a loop, and ``deciding.py`` into a
verdict.
"""
