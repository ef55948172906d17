"""Where fonts lie on this machine, by their PostScript names; see `stmpo.worker.find_fonts`.

It needs a Python and nothing else: stmpo is taken from where it is installed, from the wheel that lies beside this
script, or from the repository that this script is part of.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

sys.path += sorted(str(wheel) for wheel in HERE.glob("wheels/stmpo-*.whl"))
sys.path += [str(place / "src") for place in HERE.parents if (place / "src" / "stmpo").is_dir()]

from stmpo.worker import find_fonts, openjd_session  # noqa: E402

sys.exit(openjd_session.run(find_fonts.main))
