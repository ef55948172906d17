"""STMPO: one task of a render farm, many aerender processes, every frame accounted for.

Importing the package loads no module of it. `docs/architecture.md` is the map.
"""

__version__ = "2.0.0.dev0"
