"""What this system lets a path be: names that no file can have, and folders too deep for a plain path.

`refusal` says why files cannot be called so; `fits` whether programs can open names of some length in a folder;
`reachable` gives the folder in a form in which this program can; `remote` says whether a file lies across a network.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from stmpo.paths.windows import fits, reachable, refusal, remote
else:
    from stmpo.paths.posix import fits, reachable, refusal, remote

__all__ = ["fits", "reachable", "refusal", "remote"]
