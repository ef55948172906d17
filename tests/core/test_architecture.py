"""The floor plan of `docs/architecture.md`, held by reading every import and every call.

A package may import packages of lower floors and its own modules, nothing else. Other tests hold purity, what
a worker imports, and who may print.
"""

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

FLOORS = (
    ("model",),
    ("system",),
    ("machine",),
    ("planning", "scheduling"),
    ("processes", "renderers", "delivery", "history", "project", "fonts"),
    ("reporting", "testing"),
    ("engine",),
    ("api",),
    ("worker", "deadline", "demo"),
    ("cli",),
    ("__main__",),
)
"""Lowest first. Neighbours on one floor do not import each other."""

FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}

PURE = (
    "stmpo.model.frames", "stmpo.model.frame_bits", "stmpo.model.errors", "stmpo.model.events", "stmpo.model.options",
    "stmpo.model.render_job", "stmpo.model.text", "stmpo.planning", "stmpo.scheduling", "stmpo.machine.model",
    "stmpo.reporting.summary", "stmpo.engine.ledger", "stmpo.engine.attempt", "stmpo.engine.watchdog",
    "stmpo.engine.memory_policy",
)  # fmt: skip
"""Values in, decisions out: time and samples are arguments."""

WORLD = {
    "asyncio", "concurrent", "ctypes", "datetime", "glob", "io", "logging", "multiprocessing", "os", "psutil", "random",
    "select", "shutil", "signal", "socket", "subprocess", "sys", "tempfile", "threading", "time",
}  # fmt: skip
"""Modules that reach outside a function's arguments."""

NOT_ON_A_WORKER = (
    "stmpo.cli", "stmpo.demo", "stmpo.deadline", "stmpo.project", "stmpo.reporting.board", "stmpo.renderers.lottie",
)  # fmt: skip
"""May import more than psutil: the command line, the board, the embedded renderer, and what sends jobs."""

MAY_PRINT = (
    "stmpo.__main__", "stmpo.api", "stmpo.cli", "stmpo.renderers.lottie", "stmpo.testing",
)  # fmt: skip
"""Commands print. Everything else emits events."""


def within(name: str, packages: tuple[str, ...]) -> bool:
    """Whether a module is one of these, or inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def package_of(name: str) -> str:
    """The first name below `stmpo`; empty for the package itself."""
    return name.split(".")[1] if "." in name else ""


def type_only(tree: ast.Module) -> set[ast.AST]:
    """Everything under `if TYPE_CHECKING:`, which is not imported when the program runs."""
    return {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }


def imports(name: str, *, types: bool = False) -> set[str]:
    """Full names of a module's imports, at any level; also those that only types need when `types` is set."""
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


def ours(name: str, *, types: bool = False) -> set[str]:
    return {module for module in imports(name, types=types) if module.split(".")[0] == "stmpo"}


def calls(name: str) -> list[ast.Call]:
    return [node for node in ast.walk(TREES[name]) if isinstance(node, ast.Call)]


def test_there_is_something_to_read() -> None:
    assert len(MODULES) > 60
    assert "stmpo.model.errors" in ours("stmpo.model.frames")
    assert "stmpo.processes.forkserver.wakeup" in ours("stmpo.processes.forkserver.shim")


def test_the_root_holds_packages_and_three_modules() -> None:
    files = {path.name for path in PACKAGE.iterdir() if path.is_file()}
    assert files == {"__init__.py", "__main__.py", "api.py", "py.typed"}
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(FLOOR_OF) - {"api", "__main__"}


@pytest.mark.parametrize("name", [name for name in MODULES if name != "stmpo"])
def test_no_import_runs_upwards_or_sideways(name: str) -> None:
    """Types count too: a name that a lower floor needs is defined too high."""
    package = package_of(name)
    above = {
        module
        for module in ours(name, types=True)
        if module != "stmpo" and package_of(module) != package
        if FLOOR_OF[package_of(module)] >= FLOOR_OF[package]
    }
    assert not above


def test_no_modules_import_each_other() -> None:
    """Types aside: modules that import each other at run time have one subject between them."""
    graph = {name: {module for module in ours(name) if module != name} for name in MODULES}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for module in sorted(graph[name]):
                visit(module, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("name", [name for name in MODULES if within(name, ("stmpo.model",))])
def test_the_model_imports_nothing_of_ours(name: str) -> None:
    assert all(within(module, ("stmpo.model",)) for module in ours(name, types=True))


@pytest.mark.parametrize("name", [name for name in MODULES if within(name, PURE)])
def test_a_pure_module_reaches_nothing_but_its_arguments(name: str) -> None:
    assert not {module.split(".")[0] for module in imports(name)} & WORLD
    assert not [
        call for call in calls(name) if isinstance(call.func, ast.Name) and call.func.id in {"open", "input"}
    ]
    touching = {
        "exists", "is_file", "is_dir", "mkdir", "open", "read_bytes", "read_text", "resolve", "stat", "unlink",
    }  # fmt: skip
    assert not {
        call.func.attr
        for call in calls(name)
        if isinstance(call.func, ast.Attribute) and call.func.attr in touching
    }


@pytest.mark.parametrize("name", [name for name in MODULES if within(name, PURE)])
def test_what_a_pure_module_imports_is_pure(name: str) -> None:
    allowed = (
        *PURE,
        "stmpo.machine.cpulist",
        "stmpo.machine.build",
        "stmpo.model.output_pattern",
        "stmpo.renderers.protocol",
        "stmpo.renderers.reasons",
        "stmpo.engine.doubtful_frames",
    )
    assert all(within(module, allowed) for module in ours(name))


@pytest.mark.parametrize("name", [name for name in MODULES if not within(name, NOT_ON_A_WORKER)])
def test_a_worker_needs_the_standard_library_and_psutil(name: str) -> None:
    roots = {module.split(".")[0] for module in imports(name, types=True)}
    assert roots - set(sys.stdlib_module_names) <= {"stmpo", "psutil"}


@pytest.mark.parametrize(
    "name", [name for name in MODULES if within(name, ("stmpo.deadline", "stmpo.worker"))]
)
def test_the_artists_side_and_the_workers_side_do_not_meet(name: str) -> None:
    other = "stmpo.worker" if within(name, ("stmpo.deadline",)) else "stmpo.deadline"
    assert not [module for module in ours(name) if within(module, (other,))]


@pytest.mark.parametrize("name", list(MODULES))
def test_nothing_goes_through_a_shell(name: str) -> None:
    for call in calls(name):
        shell = [word.value for word in call.keywords if word.arg == "shell"]
        assert all(isinstance(value, ast.Constant) and value.value is False for value in shell)
        assert ast.unparse(call.func) not in {"os.system", "os.popen", "subprocess.getoutput"}
        assert not ast.unparse(call.func).endswith("create_subprocess_shell")


@pytest.mark.parametrize("name", [name for name in MODULES if not within(name, MAY_PRINT)])
def test_only_commands_print(name: str) -> None:
    prints = [call for call in calls(name) if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert not [call.lineno for call in prints]


def test_no_two_classes_share_a_name() -> None:
    """A search for a class finds one."""
    places: dict[str, list[str]] = {}
    for name, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_importing_the_package_loads_no_module_of_it() -> None:
    script = "import sys, stmpo; print(*[m for m in sys.modules if m.startswith('stmpo.')])"
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert output.split() == []


def test_the_engine_loads_no_library_but_psutil() -> None:
    script = "import sys, stmpo.api, stmpo.worker.render_task; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert not set(output.split()) & {
        "click",
        "rich",
        "PIL",
        "rlottie_python",
        "numpy",
        "py_aep",
        "fontTools",
    }


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
