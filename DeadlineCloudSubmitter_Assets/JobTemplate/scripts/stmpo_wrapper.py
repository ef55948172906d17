"""One run with the first version's flags; see `stmpo.deadline.wrapper`."""

import sys

from stmpo.deadline import session, wrapper

sys.exit(session.run(wrapper.main))
