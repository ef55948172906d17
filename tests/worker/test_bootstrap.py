"""A worker that has nothing but a Python gets stmpo from the wheels that travel with the job."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from stmpo import __version__
from stmpo.deadline.fragments import copy_scripts
from stmpo.deadline.wheels import collect_wheels
from stmpo.model.errors import BadInput
from stmpo.worker import job_fonts
from stmpo.worker.bootstrap import SITE, fits, unpack


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle's scripts with their wheels, as they stand on a worker."""
    folder = tmp_path_factory.mktemp("bundle") / "scripts"
    copy_scripts(folder)
    collect_wheels(folder / "wheels", download=False)
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without pip, without stmpo and without psutil."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def enter(
    python: Path | str, scripts: Path, session: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the environment's entry as a session does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "STMPO_"))}
    return subprocess.run(
        [str(python), str(scripts / "runtime.py"), str(session)],
        env={**kept, **environment},
        cwd=session,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_a_bare_python_imports_stmpo_and_psutil_afterwards(scripts: Path, bare: Path, tmp_path: Path) -> None:
    entered = enter(bare, scripts, tmp_path)
    assert entered.returncode == 0, entered.stdout + entered.stderr
    (line,) = [line for line in entered.stdout.splitlines() if line.startswith("openjd_env: PYTHONPATH=")]
    assert line == f"openjd_env: PYTHONPATH={tmp_path / SITE}"
    code = "import importlib, pkgutil, stmpo.worker, psutil, sys; from importlib.metadata import version; "
    code += (
        "names = [module.name for module in pkgutil.iter_modules(stmpo.worker.__path__, 'stmpo.worker.')]; "
    )
    code += "[importlib.import_module(name) for name in names]; "
    code += "print(stmpo.__file__, version('stmpo'), len(names)); print(*sys.modules)"
    done = subprocess.run(
        [str(bare), "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path / SITE)},
        capture_output=True,
        text=True,
        check=True,
    )
    place, modules = done.stdout.splitlines()
    worker = Path(job_fonts.__file__).parent
    count = len(list(worker.glob("[!_]*.py")))
    assert place == f"{tmp_path / SITE / 'stmpo' / '__init__.py'} {__version__} {count}"
    assert not {"click", "rich", "openjd", "PIL"} & set(modules.split())


def test_what_the_session_had_on_its_path_stays(scripts: Path, bare: Path, tmp_path: Path) -> None:
    entered = enter(bare, scripts, tmp_path, PYTHONPATH="/site/of/the/studio")
    assert f"PYTHONPATH={tmp_path / SITE}{os.pathsep}/site/of/the/studio" in entered.stdout


def test_an_installed_stmpo_that_fits_is_used(scripts: Path, tmp_path: Path) -> None:
    """This very environment has both."""
    entered = enter(sys.executable, scripts, tmp_path)
    assert entered.returncode == 0, entered.stdout + entered.stderr
    assert f"stmpo {__version__} is installed on this worker and fits" in entered.stdout
    assert "openjd_env: PYTHONPATH" not in entered.stdout
    assert not (tmp_path / SITE).exists()


def test_one_that_does_not_fit_is_passed_over(scripts: Path, bare: Path, tmp_path: Path) -> None:
    site = tmp_path / "old"
    (site / "stmpo-1.4.0.dist-info").mkdir(parents=True)
    (site / "stmpo-1.4.0.dist-info" / "METADATA").write_text("Name: stmpo\nVersion: 1.4.0\n")
    (site / "stmpo").mkdir()
    (site / "stmpo" / "__init__.py").write_text("")
    entered = enter(bare, scripts, tmp_path, PYTHONPATH=str(site))
    assert entered.returncode == 0, entered.stdout + entered.stderr
    assert f"stmpo {__version__} unpacked from" in entered.stdout
    assert f"PYTHONPATH={tmp_path / SITE}{os.pathsep}{site}" in entered.stdout


@pytest.mark.parametrize(
    ("installed", "wanted", "answer"),
    [
        ("2.0.0", "2.0.0", True),
        ("2.1.0", "2.0.0", True),
        ("2.0.0", "2.0.0.dev0", True),
        ("2.0.0.dev0", "2.0.0.dev0", True),
        ("2.0.0.dev0", "2.0.0", False),
        ("2.0.0", "2.1.0", False),
        ("3.0.0", "2.0.0", False),
        ("1.9", "2.0", False),
        ("2.0.0", None, True),
    ],
)
def test_which_installed_version_fits(installed: str, wanted: str | None, answer: bool) -> None:
    assert fits(installed, wanted) is answer


def test_no_psutil_for_this_worker_is_said_in_one_line(scripts: Path, bare: Path, tmp_path: Path) -> None:
    only = tmp_path / "scripts"
    copy_scripts(only)
    (only / "wheels").mkdir()
    (ours,) = (scripts / "wheels").glob("stmpo-*.whl")
    (only / "wheels" / ours.name).write_bytes(ours.read_bytes())
    (only / "wheels" / "psutil-7.0.0-cp37-abi3-win_arm64.whl").write_bytes(b"")
    entered = enter(bare, only, tmp_path)
    assert entered.returncode == 2
    (line,) = [line for line in entered.stdout.splitlines() if line.startswith("openjd_fail: ")]
    assert "has no psutil, and the job brings 7.0.0 for win_arm64" in line
    assert "openjd_env: PYTHONPATH" not in entered.stdout


def test_no_stmpo_anywhere_is_said_in_one_line(bare: Path, tmp_path: Path) -> None:
    copy_scripts(tmp_path / "scripts")
    entered = enter(bare, tmp_path / "scripts", tmp_path)
    assert entered.returncode == 2
    assert entered.stdout.startswith("openjd_fail: this worker has no stmpo, and the job brings none")


@pytest.mark.parametrize(
    "member",
    [
        *("../evil.py", "/evil.py", "a/../../evil.py", "C:evil.py", "a\\..\\evil.py", "//host/share/evil.py"),
        *(
            "a/.. /evil.py",
            "a/../evil.py",
            "a./evil.py",
            "nul",
            "psutil/con.py",
            "evil.py:stream",
            "\\\\?\\C:\\evil.py",
        ),
    ],
)
def test_a_wheel_that_would_leave_its_folder_is_refused_whole(tmp_path: Path, member: str) -> None:
    wheel = tmp_path / "psutil-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("psutil/__init__.py", "")
        archive.writestr(member, "evil")
    with pytest.raises(BadInput, match="would leave its folder"):
        unpack(wheel, tmp_path / "a" / "site")
    assert [path.name for path in tmp_path.rglob("*")] == [wheel.name]


def test_a_damaged_wheel_is_named(tmp_path: Path) -> None:
    wheel = tmp_path / "psutil-1-py3-none-any.whl"
    wheel.write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(BadInput, match=r"psutil-1-py3-none-any\.whl is damaged"):
        unpack(wheel, tmp_path / "site")


def test_a_wheel_that_would_fill_the_disk_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "psutil-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("psutil/zeros", bytes(101 << 20))
    with pytest.raises(BadInput, match="holds more than 100 MiB"):
        unpack(wheel, tmp_path / "site")


def test_so_is_one_of_very_many_files(tmp_path: Path) -> None:
    wheel = tmp_path / "psutil-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for number in range(5001):
            archive.writestr(f"psutil/{number}", "")
    with pytest.raises(BadInput, match="or 5000 files"):
        unpack(wheel, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_member_that_holds_more_than_it_says_is_damaged(tmp_path: Path) -> None:
    wheel = tmp_path / "psutil-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("psutil/zeros", bytes(8 << 20))
        archive.filelist[0].file_size = 100
    with pytest.raises(BadInput, match="is damaged"):
        unpack(wheel, tmp_path / "site")
    unpacked = [path.stat().st_size for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert sum(unpacked) <= 100
