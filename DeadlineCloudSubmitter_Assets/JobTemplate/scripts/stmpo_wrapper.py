"""Render once outside a job, with the first version's flags; see `stmpo.worker.legacy_wrapper`.

It needs psutil. stmpo is imported from where it is installed, from the wheel beside this script, or from the
repository that contains this script.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += sorted(str(wheel) for wheel in HERE.glob("wheels/stmpo-*.whl"))
sys.path += [str(place / "src") for place in HERE.parents if (place / "src" / "stmpo").is_dir()]
try:
    from stmpo.system import signals

    signals.install_program_handlers()  # the run may be cancelled while modules load
    import psutil  # noqa: F401 - imported here so that its absence gives one clear line

    from stmpo.worker import legacy_wrapper, openjd_session
except ImportError as error:
    print(f"openjd_fail: stmpo_wrapper.py needs {error.name}: python -m pip install {error.name}")
    sys.exit(2)
sys.exit(openjd_session.run_script(legacy_wrapper.main))
