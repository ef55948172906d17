"""Fonts that travel with a job come and go; see `stmpo.deadline.font_manager`."""

import sys

from stmpo.deadline import font_manager, session

sys.exit(session.run(font_manager.main))
