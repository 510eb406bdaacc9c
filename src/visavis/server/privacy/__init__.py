"""The inventory put to work: every document about privacy that a server gives out.

::

    privacy/inventory.toml      what is kept           -> server/inventory.py
    privacy/notice.LANG.toml    the words of the pages -> wording.py
    the running configuration   who operates, who else learns something
        -> pages.py (notice, table, recipients), record.py (GDPR 30), twin.py (DPV), well_known.py

Nothing is written twice: a document holds no fact of its own. Not for deciding what is kept; that
is the inventory's and the store's.
"""
