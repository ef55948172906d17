"""One run with the first version's flags; see `stmpo.deadline.wrapper`."""

import sys

from stmpo import signals

signals.from_the_start()  # a task may be cancelled while the rest is loaded

from stmpo.deadline import session, wrapper  # noqa: E402

sys.exit(session.run(wrapper.main))
