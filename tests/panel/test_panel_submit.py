"""A job reaches the client unchanged, whatever its names, and the client's answer is shown."""

from __future__ import annotations

import json
import os
import re
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stmpo.deadline.shared_bundle import kept_bundles
from tests.panel.dump_project import dump

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deadline.lot import Lot
    from tests.panel.panel_host import Answer, Panel

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the stand-in for the client is a POSIX script"
)

JOB = f"job-{'a' * 32}"
SENT = json.dumps({"status": "SUBMITTED", "jobId": JOB, "jobHistoryBundleDirectory": "/x"})
LISTENER = "{ progress: function (line) { seen.progress.push(line); }, done: function (result) { seen.result = result; } }"
BARE = "farmId: farm-" + "1" * 32 + "\\nqueueId: queue-" + "5" * 32 + "\\ndisplayName: shared only"
START = f"var seen = {{ progress: [] }}; STMPO.submission.submit(STMPO.queue.refresh(), MODE, {LISTENER})"
ODD = ["a & b", "100%", "100%41", '"x"', "it's", "^!", "ü 日本 🎬", "dots...", "-rf", "$(id)`id`", "x" * 200, "#?", "[1]{a,b}*"]  # fmt: skip


def client(panel: Panel, script: str, queue: str = "jobAttachmentSettings:") -> Path:
    """Put a fake client on PATH that records its arguments and runs `script`; return the record's path.

    `queue` is what it prints of the queue.
    """
    folder = panel.folder / "it's bin"
    folder.mkdir(exist_ok=True)
    notes = panel.folder / "words.json"
    program = folder / "deadline"
    words = f"import json, os, sys, time; open({str(notes)!r}, 'w').write(json.dumps([sys.argv[1:], sorted(os.listdir(sys.argv[-1]))]))"
    asked = f"import sys\nif sys.argv[1] == 'queue': print('{queue}'); sys.exit()"
    text = f"#!{sys.executable}\n{asked}\n{words if 'auth' not in script else 'import sys'}\n{textwrap.dedent(script)}\n"
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    panel.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return notes


def sent(panel: Panel, lot: Lot, mode: str, *before: str) -> tuple[Answer, Any]:
    """Submit the lot's queue and wait for the end; return what the listener saw."""
    panel.app = dump(lot.save())
    answer = panel.run(*before, START.replace("MODE", json.dumps(mode)), "tick", "seen")
    return answer, answer.values[-1]


@pytest.mark.parametrize("mode", ["gui", "direct"])
def test_a_sent_job_is_told_by_its_id(panel: Panel, lot: Lot, mode: str) -> None:
    notes = client(panel, f"print('Hashing...'); print({SENT!r}); time.sleep(0.2)")
    lot.queue(lot.comp("Main"))
    answer, seen = sent(
        panel, lot, mode, "STMPO.settings.set('priority', '70')", "STMPO.settings.set('farm', 'farm-1')"
    )
    assert answer.values[-2] == ""
    assert seen["result"]["ok"]
    assert seen["result"]["jobId"] == JOB
    words, files = json.loads(notes.read_text())
    assert files == ["asset_references.json", "parameter_values.json", "scripts", "template.json"]
    assert words[:4] == [
        "bundle",
        "gui-submit" if mode == "gui" else "submit",
        "--known-asset-path",
        str(lot.folder),
    ]
    assert (words[words.index("--priority") + 1] == "70") if mode == "direct" else ("--priority" not in words)
    assert not list(panel.temp.iterdir())
    assert "sent as job-a" in (panel.user_data / "STMPO" / "panel.log").read_text(encoding="utf-8")


def test_no_name_reaches_a_command_line_unquoted(panel: Panel, lot: Lot) -> None:
    """Each odd name of a project, comp, folder or setting is one argument for the client, and no command."""
    notes = client(panel, f"print({SENT!r})")
    lot.folder = lot.folder / "/".join(name[:60] for name in ODD)
    lot.folder.mkdir(parents=True)
    for number, name in enumerate(ODD):
        lot.queue(lot.comp(name), f"out/{name}/{number}_[####].[fileExtension]")
    nasty = "p'; touch \"$HOME/x\"; '"
    answer, seen = sent(panel, lot, "direct", f"STMPO.settings.set('awsProfile', {json.dumps(nasty)})")
    assert seen["result"]["ok"], seen
    words = json.loads(notes.read_text())[0]
    assert words[words.index("--known-asset-path") + 1] == str(lot.folder)
    assert words[words.index("--profile") + 1] == nasty
    _, command = answer.calls["system"]  # the first one asks for the queue
    assert re.fullmatch(r"/bin/sh '[^']+/stmpo-[a-z0-9]+/run\.sh' </dev/null >/dev/null 2>&1 &", command)


def test_folders_that_job_attachments_cannot_bring_are_warned_of(panel: Panel, lot: Lot) -> None:
    lot.queue(lot.comp("{{name}}"), "out/a }} b/[compName]_[####].[fileExtension]")
    panel.app = dump(lot.save())
    said = [one["text"] for one in panel.value("STMPO.check.all(STMPO.queue.refresh())")]
    assert any(str(lot.folder / "out/a }} b") in text and "job attachments" in text for text in said)
    assert not any("job attachments" in one["text"] for one in panel.value("STMPO.check.all([])"))


def test_places_outside_the_projects_folder_are_said_and_named_to_the_client(panel: Panel, lot: Lot) -> None:
    """Without questions, the client refuses files outside the paths that it was given."""
    notes = client(panel, f"print({SENT!r})")
    elsewhere = panel.folder / "plates"
    elsewhere.mkdir()
    comp = lot.comp("Main")
    lot.still("one.png", into=comp)
    lot.queue(comp)
    panel.app = dump(lot.save())
    (lot.folder / "one.png").rename(elsewhere / "one.png")
    panel.app["project"]["items"][-1]["mainSource"]["file"] = str(elsewhere / "one.png")
    panel.app["project"]["queue"][0]["modules"][0]["file"] = "/renders/a_[####].tif"
    answer = panel.run(
        "STMPO.check.all(STMPO.queue.refresh())", START.replace("MODE", "'direct'"), "tick", "seen.result.ok"
    )
    assert answer.values[1:] == ["", True]
    assert [finding for finding in answer.values[0] if str(elsewhere) in finding["text"]]
    words = json.loads(notes.read_text())[0]
    known = [words[at + 1] for at, word in enumerate(words) if word == "--known-asset-path"]
    assert known == [str(lot.folder), "/renders", str(elsewhere)]


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ('print(\'{"status": "CANCELED"}\')', "cancelled"),
        ("sys.stderr.write('Trace\\nno such queue\\n'); sys.exit(1)", "the job was not sent: no such queue"),
        ("sys.exit(3)", "the job was not sent: the client exited with code 3"),
        ("print('no id'); print('ü 日本')", "the job was not sent: ü 日本"),
    ],
)
def test_what_went_wrong_is_one_sentence(panel: Panel, lot: Lot, script: str, text: str) -> None:
    client(panel, script)
    lot.queue(lot.comp("Main"))
    _, seen = sent(panel, lot, "gui")
    assert not seen["result"]["ok"]
    assert seen["result"]["text"] == text
    assert not list(panel.temp.iterdir())


def test_a_client_that_is_not_there_is_named(panel: Panel, lot: Lot) -> None:
    lot.queue(lot.comp("Main"))
    shell = panel.folder / "shell"
    shell.write_text(f"#!/bin/sh\necho {shell}\n", encoding="utf-8")  # it would name another client
    shell.chmod(0o755)
    panel.environ |= {"SHELL": str(shell)}
    _, seen = sent(panel, lot, "gui", "STMPO.settings.set('client', '/no/such/deadline')")
    assert "the Deadline Cloud client is not found" in seen["result"]["text"]


def test_a_running_submission_can_be_cancelled_and_no_second_one_starts(panel: Panel, lot: Lot) -> None:
    client(panel, "print('waiting', flush=True); time.sleep(30)")
    lot.queue(lot.comp("Main"))
    panel.app = dump(lot.save())
    wait = "var end = new Date().getTime() + 10000; while (!seen.progress.length && new Date().getTime() < end) { STMPO.submission.poll(); }"
    begin = START.replace("MODE", "'gui'")
    answer = panel.run(
        begin,
        wait + "STMPO.submission.active()",
        begin.partition("; ")[2],
        "STMPO.submission.cancel()",
        "tick",
        "seen",
    )
    assert answer.values[1] is True
    assert "is running" in answer.values[2]
    assert answer.values[-1]["progress"] == ["waiting"]
    assert answer.values[-1]["result"]["text"] == "cancelled"


def test_a_bundle_that_cannot_be_made_is_not_sent(panel: Panel, lot: Lot) -> None:
    client(panel, f"print({SENT!r})")
    answer, _ = sent(panel, lot, "gui")
    assert answer.values[0] == "no item is selected; select one in the list"
    assert answer.calls["system"] == []
    assert not list(panel.temp.iterdir())


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("AUTHENTICATED", ""),
        ("NEEDS_LOGIN", "you are not logged in"),
        ("CONFIGURATION_ERROR", "no usable credentials"),
    ],
)
def test_the_client_is_asked_who_is_logged_in(panel: Panel, lot: Lot, status: str, said: str) -> None:
    client(panel, f'print(\'{{"status": "{status}"}}\')  # auth')
    panel.wheel()
    lot.queue(lot.comp("Main"))
    panel.app = dump(lot.save())
    answer = panel.run("STMPO.check.all(STMPO.queue.refresh())", "STMPO.check.all(STMPO.queue.refresh())")
    errors = [finding["text"] for finding in answer.values[1] if finding["severity"] == "error"]
    assert len(errors) == bool(said)
    assert said in "".join(errors)
    assert len(answer.calls["system"]) == (1 if status == "AUTHENTICATED" else 2)


# Windows: what PowerShell and then the client's own start-up code make of the script's text.


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.text(alphabet="\\\" '\u2018\u2019a&%^!"), max_size=5), min_size=20, max_size=30))  # fmt: skip
def test_words_for_windows_come_back_as_they_were(panel: Panel, many: list[list[str]]) -> None:
    code = "STMPO.map({}, function (words) {{ return STMPO.submission.powershell(STMPO.map(words, STMPO.submission.windowsWord).join(' ')); }})"
    for words, text in zip(many, panel.value(code.format(json.dumps(many))), strict=True):
        assert split_as_windows(powershell_literal(text)) == words


def powershell_literal(text: str) -> str:
    """Return the value of a single-quoted PowerShell text: any of five quotes ends it, two are one."""
    quotes = "'\u2018\u2019\u201a\u201b"
    assert text[0] == text[-1] == "'"
    inner = text[1:-1]
    assert not re.search(f"(?<![{quotes}])(?:[{quotes}]{{2}})*[{quotes}](?![{quotes}])", inner)
    return re.sub(f"([{quotes}])[{quotes}]", r"\1", inner)


def split_as_windows(line: str) -> list[str]:
    """Split a command line after the program name as CommandLineToArgvW and the C runtime do."""
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at] in " \t":
            at += 1
            continue
        word, quoted = "", False
        while at < len(line) and (quoted or line[at] not in " \t"):
            slashes = len(line) - at - len(line[at:].lstrip("\\"))
            at += slashes
            if line[at : at + 1] == '"':
                word += "\\" * (slashes // 2)
                if slashes % 2:
                    word += '"'
                else:
                    quoted = not quoted
                at += 1
            else:
                word += "\\" * slashes
                if not slashes:
                    word += line[at]
                    at += 1
        words.append(word)
    return words


@pytest.fixture
def windows(tmp_path: Path, lot: Lot) -> Panel:
    """The panel on Windows, whose disk C: is a folder here, with the lot's project open."""
    from tests.panel.panel_host import Panel  # noqa: PLC0415

    lot.queue(lot.comp("a & b"))
    app = dump(lot.save())
    panel = Panel(tmp_path / "root" / "c" / "ae", app, platform="windows", root=str(tmp_path / "root"))
    project = app["project"]
    project["file"] = "C:\\Users\\it\u2019s 100%41\\shot.aep"
    project["queue"][0]["modules"][0]["file"] = "C:\\out\\Größe\\a & b_[####].tif"
    where = tmp_path / "root" / "c" / "Users" / "it\u2019s 100%41"
    where.mkdir(parents=True)
    (where / "shot.aep").write_bytes(b"")
    return panel


def test_on_windows_only_the_script_is_on_the_command_line(windows: Panel) -> None:
    """The panel's half of Windows: paths, script and command."""
    answer = windows.run(START.replace("MODE", "'direct'"))
    assert answer.values == [""]
    _, command = answer.calls["system"]  # the first one asks for the queue
    assert re.fullmatch(
        r"""powershell\.exe [A-Za-z -]+ -Command "& \('C:\\ae\\temp\\stmpo-[a-z0-9]+\\run\.ps1'\) start\"""",
        command,
    )
    (work,) = windows.temp.iterdir()
    script = (work / "run.ps1").read_bytes()
    assert script.startswith(b"\xef\xbb\xbf")
    line = re.search(r"-ArgumentList ('.*') `\n", script.decode("utf-8-sig"))
    assert line is not None
    words = split_as_windows(powershell_literal(line[1]))
    assert words[:4] == ["bundle", "submit", "--known-asset-path", "C:\\Users\\it\u2019s 100%41"]
    assert words[-1] == f"C:\\ae\\temp\\{work.name}\\bundle"
    template = json.loads((work / "bundle" / "template.json").read_text(encoding="utf-8"))
    assert "--output_name=a & b_[####].tif" in json.dumps(template)
    values = json.loads((work / "bundle" / "parameter_values.json").read_text(encoding="utf-8"))
    assert {item["name"]: item["value"] for item in values["parameterValues"]} == {
        "ProjectFile": "C:\\Users\\it\u2019s 100%41\\shot.aep",
        "OutputDir": "C:\\out\\Größe",
    }


def test_on_windows_every_temporary_folder_is_named_in_ascii(tmp_path: Path, windows: Panel) -> None:
    """A command line has one code page: other characters are spelled out, and PowerShell joins them."""
    odd = "it's \u2018J\u00fcrgen\u2019 \u65e5\u672c \U0001f3ac 100% & $x `y"
    windows.temp = tmp_path / "root" / "c" / odd
    windows.temp.mkdir()
    answer = windows.run(START.replace("MODE", "'direct'"))
    assert answer.values == [""]
    command = answer.calls["system"][1]
    assert command.isascii()
    text = re.search(r'-Command "& \((.*)\) start"$', command)
    assert text is not None
    parts = re.findall(r"'((?:[^']|'')*)'|\[char\](\d+)", text[1])
    units = [int(number).to_bytes(2, "little") if number else plain.replace("''", "'").encode("utf-16-le") for plain, number in parts]  # fmt: skip
    assert b"".join(units).decode("utf-16-le").startswith(f"C:\\{odd}\\stmpo-")


def test_a_client_that_never_starts_is_not_waited_for_for_ever(windows: Panel) -> None:
    """If the system forbids scripts, nothing ever appears in the folder."""
    later = "var Now = Date; Date = function () { return new Now(2100, 0); }; STMPO.submission.poll(); Date = Now; seen.result"
    answer = windows.run(START.replace("MODE", "'gui'"), "STMPO.submission.poll(); seen.result", later)
    assert answer.values[:2] == ["", None]
    assert "was not started" in answer.values[2]["text"]
    assert not list(windows.temp.iterdir())


def test_a_queue_without_job_attachments_is_refused_until_a_shared_folder_is_set(
    panel: Panel, lot: Lot
) -> None:
    """Its workers would look for scripts and fonts in a temporary folder that is gone."""
    client(panel, f"print({SENT!r})", queue=BARE)
    lot.queue(lot.comp("Main"))
    panel.app = dump(lot.save())
    (refused,) = panel.run(START.replace("MODE", "'direct'")).values
    assert "the queue shared only has no job attachments" in refused
    assert 'set "Bundle folder"' in refused
    assert not list(panel.temp.iterdir())
    shared = panel.folder / "shared"
    chosen = f"STMPO.settings.set('bundleDir', {json.dumps(str(shared))})"
    answer, seen = sent(panel, lot, "direct", chosen)
    assert seen["result"]["ok"], answer.values
    (bundle,) = shared.iterdir()
    assert (bundle / "scripts" / "runtime.py").is_file()
    (kept,) = kept_bundles(shared)
    assert (kept.folder, kept.job) == (bundle, JOB)
    client(panel, "sys.exit(1)", queue=BARE)
    _, seen = sent(panel, lot, "direct", chosen)
    assert not seen["result"]["ok"]
    assert list(shared.iterdir()) == [bundle], "what was not sent is not kept"
