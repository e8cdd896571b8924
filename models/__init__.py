"""The protocols that come with everyway, one file each, and the words they are written in (``language/``).

``specifications.py`` has what they are to implement.

``catalogue.py`` knows them by the names of the command line.
"""
