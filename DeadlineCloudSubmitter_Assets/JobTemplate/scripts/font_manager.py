"""Fonts that travel with a job come and go; see `stmpo.deadline.font_manager`."""

import sys
from pathlib import Path

from stmpo.deadline import font_manager, session

HERE = str(Path(__file__).resolve().parent)

sys.exit(session.run(lambda arguments: font_manager.main([HERE, *arguments])))
