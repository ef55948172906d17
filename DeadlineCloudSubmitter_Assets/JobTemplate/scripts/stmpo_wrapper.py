"""One run with the first version's flags, outside a job; see `stmpo.worker.legacy_wrapper`.

It needs psutil. stmpo is taken from where it is installed, the wheel beside this script, or the repository it is part of.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += sorted(str(wheel) for wheel in HERE.glob("wheels/stmpo-*.whl"))
sys.path += [str(place / "src") for place in HERE.parents if (place / "src" / "stmpo").is_dir()]
try:
    from stmpo.system import signals

    signals.from_the_start()  # it may be cancelled while the rest is loaded
    import psutil  # noqa: F401 - first of all, so that its absence is one line

    from stmpo.worker import legacy_wrapper, openjd_session
except ImportError as error:
    print(f"openjd_fail: stmpo_wrapper.py needs {error.name}: python -m pip install {error.name}")
    sys.exit(2)
sys.exit(openjd_session.run(legacy_wrapper.main))
