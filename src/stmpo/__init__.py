"""STMPO: one task of a render farm, many aerender processes, every frame accounted for.

Importing the package costs nothing: no module of it is loaded until it is used (`docs/architecture.md` is the map).
"""

__version__ = "2.0.0.dev0"
