"""Where fonts lie on this machine, by their PostScript names; see `stmpo.deadline.user_fonts`.

It needs a Python and nothing else: stmpo is taken from where it is installed, from the wheel that lies beside this
script, or from the repository that this script is part of.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

sys.path += sorted(str(wheel) for wheel in HERE.glob("wheels/stmpo-*.whl"))
sys.path += [str(place / "src") for place in HERE.parents if (place / "src" / "stmpo").is_dir()]

from stmpo.deadline import session, user_fonts  # noqa: E402

sys.exit(session.run(user_fonts.main))
