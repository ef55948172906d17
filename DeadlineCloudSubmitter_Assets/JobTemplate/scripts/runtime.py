"""Make stmpo importable for the rest of the session: run `stmpo.worker.bootstrap` from the job's own wheel.

This file is valid Python 3.6, so that a Python which is too old gets a clear message and not a syntax error.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

if sys.version_info < (3, 10):  # noqa: UP036 - the message is for older versions
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
sys.exit(openjd_session.run_script(lambda arguments: bootstrap.main([str(HERE), *arguments])))
