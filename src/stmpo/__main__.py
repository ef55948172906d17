"""The `stmpo` program. `--version` answers at once; everything else loads the command line."""

from __future__ import annotations

import contextlib
import os
import sys

from stmpo import __version__


def main() -> None:
    """Run the console script, or `python -m stmpo`."""
    if sys.argv[1:] == ["--version"]:
        with contextlib.suppress(OSError):  # the reader has gone
            print(f"stmpo {__version__}", flush=True)
        return
    from stmpo.system import signals  # noqa: PLC0415 - `--version` needs none

    signals.install_program_handlers()
    try:
        from stmpo.cli.main import main as command_line  # noqa: PLC0415 - costs more than `--version` does
    except MemoryError:
        os.write(2, b"stmpo: the system grants too little memory; raise the limit (ulimit -v, ulimit -d)\n")
        sys.exit(2)
    command_line()


if __name__ == "__main__":
    main()
