"""Create every folder that a job writes to; see `stmpo.worker.output_folders`."""

import sys

from stmpo.worker import openjd_session, output_folders

sys.exit(openjd_session.run_script(output_folders.main))
