"""The table engine: worlds as rows of integers, handlers as tables, and a kernel that never calls a model.

``model_tables.py`` numbers every value that a component takes and asks the model what handlers answer; ``regions.py``
lays all tables into one array, ``codes.py`` says where what stands. ``packing.py`` packs a row into words. The kernel
(``generate.py``, ``bundles.py``, ``offers.py``, ``posts.py``, ``judge.py``, ``gather.py``, ``storage.py``) works on
integers only, and is compiled by ``compiled.py``; ``bundling.py`` plans which sources of steps it looks up together.
``store.py`` is the set of states, in arrays that ``reserve.py`` lets grow where they lie.

``expander.py`` puts rows through the kernel, on the ``lanes.py`` of all threads, and asks the model for what is
missing; ``judging.py`` looks up what properties say of rows. ``search.py`` goes breadth-first, through ``levels.py``
in batches that overlap (``overlap.py``); ``depth_first.py`` (with the kernel's ``descend.py``) and
``depth_limited.py`` go deep first, ``walks.py`` at random, as ``dice.py`` has it. ``tries.py`` keeps what properties
say, by the projections (``projections.py``) of what they look at, or, of properties that are settled
(``settled.py``), together. ``symmetry.py`` (with ``canonical.py``) knows which rows stand for others.

``worlds.py`` turns rows into worlds again, ``paths.py`` the ``links.py`` between states into runs, ``telling.py``
counts into statistics; ``deciding.py`` gives the verdicts. ``checkpoint.py`` keeps a search on disk with the digests
of its ``sources.py``, ``edges.py`` goes over all steps again. ``docs/engine.md`` tells how it all works, and why it
is right.
"""
