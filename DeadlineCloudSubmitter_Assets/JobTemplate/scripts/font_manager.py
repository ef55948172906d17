"""Install or remove the fonts that travel with a job; see `stmpo.worker.job_fonts`."""

import sys
from pathlib import Path

from stmpo.worker import job_fonts, openjd_session

HERE = str(Path(__file__).resolve().parent)

sys.exit(openjd_session.run_script(lambda arguments: job_fonts.main([HERE, *arguments])))
