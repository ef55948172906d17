"""The boundaries between the rooms, kept by reading every import and every call."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "stmpo"
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8"), str(path)) for name, path in MODULES.items()}

PURE = (
    "stmpo.model.frames", "stmpo.model.frame_bits", "stmpo.model.errors", "stmpo.model.events", "stmpo.engine.ledger", "stmpo.engine.attempt", "stmpo.model.render_job",
    "stmpo.engine.watchdog", "stmpo.engine.memory_policy", "stmpo.planning", "stmpo.scheduling", "stmpo.reporting.summary", "stmpo.machine.model",
)  # fmt: skip
"""Values in, decisions out: time and samples are arguments. (Outputs know the system's path separator, and no more.)"""

WORLD = {
    "asyncio", "concurrent", "ctypes", "datetime", "glob", "io", "logging", "multiprocessing", "os", "psutil", "random",
    "select", "shutil", "signal", "socket", "subprocess", "sys", "tempfile", "threading", "time",
}  # fmt: skip
"""What reaches outside a function's arguments."""

NOT_ON_A_WORKER = (
    "stmpo.cli", "stmpo.demo", "stmpo.reporting.board", "stmpo.renderers.lottie.renderer", "stmpo.project.model", "stmpo.deadline",
    "stmpo.fonts.opentype",
)  # fmt: skip
"""What may import more than psutil: the command line, the board, the embedded renderer and what sends jobs."""

SPEAKERS = (
    "stmpo.__main__",
    "stmpo.cli",
    "tools.demo_comp.compose",
    "stmpo.renderers.lottie.renderer",
    "stmpo.testing",
)
"""What may print: commands. Everything else tells sinks."""


def within(name: str, rooms: tuple[str, ...]) -> bool:
    """Whether a module is one of these, or inside one; `stmpo.renderers.lottie.renderer` stands for `lottie_frames` too."""
    return any(name == room or name.startswith((f"{room}.", f"{room}_")) for room in rooms)


def type_only(tree: ast.Module) -> set[ast.AST]:
    """Everything under `if TYPE_CHECKING:`, which is not imported when the program runs."""
    return {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }


def imports(name: str, *, types: bool = False) -> set[str]:
    """Full names of what a module imports, at any level; what only types need when `types` is set."""
    tree = TREES[name]
    skipped = set() if types else type_only(tree)
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                found.add(whole if whole in MODULES else base)
    return found


def ours(name: str) -> set[str]:
    return {module for module in imports(name) if module.split(".")[0] == "stmpo"}


def calls(name: str) -> list[ast.Call]:
    return [node for node in ast.walk(TREES[name]) if isinstance(node, ast.Call)]


def test_there_is_something_to_read() -> None:
    assert len(MODULES) > 60
    assert "stmpo.model.errors" in ours("stmpo.model.frames")
    assert "stmpo.processes.forkserver.wakeup" in ours("stmpo.processes.forkserver.shim")


def test_frames_know_nothing_of_ours_but_errors() -> None:
    assert ours("stmpo.model.frames") == {"stmpo.model.errors"}
    assert ours("stmpo.model.errors") == set()
    assert ours("stmpo.model.render_job") <= {
        "stmpo.model.errors",
        "stmpo.model.output_pattern",
        "stmpo.model.frames",
    }
    assert ours("stmpo.model.output_pattern") == {"stmpo.model.errors"}


@pytest.mark.parametrize("name", [name for name in MODULES if within(name, PURE)])
def test_a_pure_room_reaches_nothing_but_its_arguments(name: str) -> None:
    assert not {module.split(".")[0] for module in imports(name)} & WORLD
    assert not [
        call for call in calls(name) if isinstance(call.func, ast.Name) and call.func.id in {"open", "input"}
    ]
    touching = {
        "exists",
        "is_file",
        "is_dir",
        "mkdir",
        "open",
        "read_bytes",
        "read_text",
        "resolve",
        "stat",
        "unlink",
    }
    assert not {
        call.func.attr
        for call in calls(name)
        if isinstance(call.func, ast.Attribute) and call.func.attr in touching
    }


@pytest.mark.parametrize(
    "room", ["stmpo.planning", "stmpo.scheduling", "stmpo.engine.watchdog", "stmpo.engine.memory_policy"]
)
def test_what_a_pure_room_imports_is_pure(room: str) -> None:
    allowed = (*PURE, "stmpo.machine.cpulist", "stmpo.machine.build")
    for name in (name for name in MODULES if within(name, (room,))):
        assert all(within(module, allowed) for module in ours(name)), name


@pytest.mark.parametrize("name", [name for name in MODULES if not within(name, NOT_ON_A_WORKER)])
def test_a_worker_needs_the_standard_library_and_psutil(name: str) -> None:
    roots = {module.split(".")[0] for module in imports(name, types=True)}
    assert roots - set(sys.stdlib_module_names) <= {"stmpo", "psutil"}


@pytest.mark.parametrize("name", [name for name in MODULES if not within(name, NOT_ON_A_WORKER)])
def test_a_worker_loads_no_command_line_and_no_board(name: str) -> None:
    """Except the entry point, which is the way to the command line."""
    if name != "stmpo.__main__":
        assert not [module for module in ours(name) if within(module, ("stmpo.cli", "stmpo.reporting.board"))]


@pytest.mark.parametrize("name", list(MODULES))
def test_only_the_orchestrators_side_knows_the_orchestrator(name: str) -> None:
    """Arrows point down: rooms never import what joins them."""
    joiners = {
        "stmpo.engine.orchestrator",
        "stmpo.engine.render_run",
        "stmpo.engine.collector",
        "stmpo.engine.resume",
        "stmpo.engine.prepare",
    }
    if name not in joiners and not within(name, ("stmpo.cli", "stmpo.demo", "stmpo.__main__")):
        assert not ours(name) & joiners


@pytest.mark.parametrize("name", list(MODULES))
def test_nothing_goes_through_a_shell(name: str) -> None:
    for call in calls(name):
        shell = [word.value for word in call.keywords if word.arg == "shell"]
        assert all(isinstance(value, ast.Constant) and value.value is False for value in shell)
        assert ast.unparse(call.func) not in {"os.system", "os.popen", "subprocess.getoutput"}
        assert not ast.unparse(call.func).endswith("create_subprocess_shell")


@pytest.mark.parametrize("name", [name for name in MODULES if not within(name, SPEAKERS)])
def test_only_commands_print(name: str) -> None:
    prints = [call for call in calls(name) if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert not [call.lineno for call in prints]


def test_importing_the_package_loads_no_module_of_it() -> None:
    script = "import sys, stmpo; print(*[m for m in sys.modules if m.startswith('stmpo.')])"
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert output.split() == []


def test_the_engine_loads_neither_click_nor_rich_nor_the_embedded_renderers_libraries() -> None:
    script = "import sys, stmpo.engine.render_run, stmpo.engine.prepare, stmpo.reporting.lines, stmpo.reporting.openjd; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert not set(output.split()) & {"click", "rich", "PIL", "rlottie_python", "numpy"}


def test_no_text_names_the_place_that_this_copy_lies_in() -> None:
    texts = [path for path in ROOT.glob("*") if path.is_file()]
    for folder in ("src", "tests", "docs", "benchmarks"):
        texts += [
            path for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".md", ".json", ".txt"}
        ]
    places = (str(ROOT), str(ROOT.parent / "shared"))
    found = [
        path.relative_to(ROOT)
        for path in texts
        if path.stat().st_size < 1_000_000
        and any(place in path.read_text(encoding="utf-8", errors="replace") for place in places)
    ]
    assert not found
