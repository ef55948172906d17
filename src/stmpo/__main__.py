"""The `stmpo` command. `--version` answers at once; everything else loads the command line."""

from __future__ import annotations

import contextlib
import sys

from stmpo import __version__


def main() -> None:
    """Entry point of the console script and of `python -m stmpo`."""
    if sys.argv[1:] == ["--version"]:
        with contextlib.suppress(OSError):  # nobody reads it
            print(f"stmpo {__version__}", flush=True)
        return
    from stmpo.system import signals  # noqa: PLC0415 - `--version` needs none

    signals.install_program_handlers()
    missing = ""
    try:
        from stmpo.cli.main import main as command_line  # noqa: PLC0415 - loading it costs more than `--version` does
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        missing = error.name
    if not missing:
        command_line()
    elif sys.argv[1:2] == ["render"]:
        from stmpo.cli import bare  # noqa: PLC0415

        sys.exit(bare.main(sys.argv[2:]))
    else:
        print(f"stmpo: the command line needs {missing}: pip install 'stmpo[cli]'", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
