"""Print the files of fonts on this machine, by PostScript name; see `stmpo.worker.find_fonts`.

It needs only a Python. stmpo is imported from where it is installed, from the wheel beside this script, or
from the repository that contains this script.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

sys.path += sorted(str(wheel) for wheel in HERE.glob("wheels/stmpo-*.whl"))
sys.path += [str(place / "src") for place in HERE.parents if (place / "src" / "stmpo").is_dir()]

from stmpo.worker import find_fonts, openjd_session  # noqa: E402

sys.exit(openjd_session.run_script(find_fonts.main))
