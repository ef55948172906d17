"""Where a font lies on this machine, by its PostScript name; see `stmpo.deadline.font_manager`."""

import sys

from stmpo.deadline import font_manager, session

sys.exit(session.run(font_manager.find_main))
