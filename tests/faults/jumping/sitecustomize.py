"""A wall clock that jumps by a day, forth and back, twice a second: first on the path, Python loads it before
all else.
"""

import time

_real, _steady = time.time, time.monotonic
DAY = 86_400.0


def _jumping() -> float:
    return _real() + DAY * (int(_steady() * 2) % 3 - 1)


time.time = _jumping
