"""The `stmpo` command. `--version` answers at once; everything else loads the command line."""

from __future__ import annotations

import sys

from stmpo import __version__


def main() -> None:
    """Entry point of the console script and of `python -m stmpo`."""
    if sys.argv[1:] == ["--version"]:
        print(f"stmpo {__version__}")
        return
    from stmpo import signals  # noqa: PLC0415 - `--version` needs none

    signals.from_the_start()
    try:
        from stmpo.cli.main import main as command_line  # noqa: PLC0415 - loading it costs more than `--version` does
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.exit(f"the command line needs {error.name}: pip install 'stmpo[cli]'")
    command_line()


if __name__ == "__main__":
    main()
