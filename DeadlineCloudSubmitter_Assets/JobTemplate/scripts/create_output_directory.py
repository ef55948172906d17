"""Makes every folder that a job writes to; see `stmpo.deadline.folders`."""

import sys

from stmpo.deadline import folders, session

sys.exit(session.run(folders.main))
