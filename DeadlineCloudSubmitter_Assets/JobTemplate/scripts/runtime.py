"""Makes stmpo importable for what the session runs next, by `stmpo.worker.bootstrap` out of the wheel that travels along.

In words that Python 3.6 reads, so that a Python that is too old is named instead of failing on syntax.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

if sys.version_info < (3, 10):  # noqa: UP036 - said in words
    print(f"openjd_fail: stmpo needs Python 3.10 or later; this worker runs {sys.version.split()[0]}")
    sys.exit(2)
sys.path[:0] = sorted(str(wheel) for wheel in HERE.glob("wheels/stmpo-*.whl"))
try:
    from stmpo.worker import bootstrap, openjd_session
except ImportError:
    print(
        "openjd_fail: this worker has no stmpo, and the job brings none in scripts/wheels; install it or submit again"
    )
    sys.exit(2)
sys.exit(openjd_session.run(lambda arguments: bootstrap.main([str(HERE), *arguments])))
