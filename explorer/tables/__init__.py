"""The table engine: worlds as rows of integers, handlers as tables, and a kernel that never calls a model.

``model_tables.py`` numbers every value that a component takes and asks the model what handlers answer; ``regions.py``
lays all tables into one array, ``codes.py`` says where what stands. ``packing.py`` packs a row into words. The kernel
(``generate.py``, ``offers.py``, ``judge.py``, ``gather.py``, ``storage.py``) works on integers only, and is compiled by
``compiled.py``; ``store.py`` is the set of states. ``search.py`` drives it batch by batch, ``tries.py`` knows what
properties say of rows, and ``deciding.py`` gives the verdicts.
"""
