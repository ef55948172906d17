"""A renderer's environment, and secrets that stay secret."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stmpo.model.errors import BadInput
from stmpo.renderers.environment import MASK, MAX_FILE_BYTES, ChildEnvironment, Redactor, child_environment
from stmpo.renderers.line_decoder import MAX_LINE_BYTES, LineSplitter, decode

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cr3t-value-never-shown"  # noqa: S105 - it is nobody's


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """Where a test writes its env file."""
    return tmp_path / "env.json"


class TestEnvironment:
    def test_a_child_inherits_and_openmp_may_be_loaded_twice(self) -> None:
        child = child_environment({"A": "1"}, None)
        assert child.values == {"A": "1", "KMP_DUPLICATE_LIB_OK": "TRUE"}
        assert child.names_from_file == ()

    def test_a_decision_about_openmp_is_kept(self, env_file: Path) -> None:
        assert (
            child_environment({"KMP_DUPLICATE_LIB_OK": "FALSE"}, None).values["KMP_DUPLICATE_LIB_OK"]
            == "FALSE"
        )
        env_file.write_text('{"KMP_DUPLICATE_LIB_OK": "no"}')
        assert child_environment({}, env_file).values["KMP_DUPLICATE_LIB_OK"] == "no"

    def test_the_file_adds_and_overrides_and_its_names_are_told(self, env_file: Path) -> None:
        env_file.write_text(
            '\ufeff{"B": "2", "A": "zwei\\nlines", "LD_LIBRARY_PATH": "/x"}', encoding="utf-8"
        )
        base = {"A": "1", "C": "3"}
        child = child_environment(base, env_file)
        assert child.names_from_file == ("B", "A", "LD_LIBRARY_PATH")
        assert (child.values["A"], child.values["B"], child.values["C"]) == ("zwei\nlines", "2", "3")
        assert base == {"A": "1", "C": "3"}

    @pytest.mark.parametrize(("ignore_case", "names"), [(True, {"Path"}), (False, {"Path", "PATH"})])
    def test_case_counts_as_it_does_for_the_system(
        self, env_file: Path, ignore_case: bool, names: set[str]
    ) -> None:
        env_file.write_text('{"Path": "new"}')
        child = child_environment({"PATH": "old"}, env_file, names_ignore_case=ignore_case)
        assert set(child.values) - {"KMP_DUPLICATE_LIB_OK"} == names

    def test_two_spellings_of_one_windows_name_are_refused(self, env_file: Path) -> None:
        env_file.write_text('{"Path": "a", "PATH": "b"}')
        with pytest.raises(BadInput, match="'PATH' is set twice"):
            child_environment({}, env_file, names_ignore_case=True)
        assert child_environment({}, env_file, names_ignore_case=False).names_from_file == ("Path", "PATH")

    def test_values_are_not_in_the_repr(self, env_file: Path) -> None:
        env_file.write_text(json.dumps({"TOKEN": SECRET}))
        child = child_environment({}, env_file)
        assert SECRET not in repr(child)
        assert "TOKEN" in repr(child)
        assert SECRET not in repr(child.redactor())


class TestRefusals:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("", "not JSON"),
            (f'["{SECRET}"]', "not a JSON object"),
            (f'[["NAME", "{SECRET}"]]', "not a JSON object"),
            (f'"{SECRET}"', "not a JSON object"),
            ("null", "not a JSON object"),
            (f'{{"A": "{SECRET}"', "not JSON"),
            (f'{{"A": "{SECRET}" x}}', "not JSON"),
            (f'{{"A": ["{SECRET}"]}}', "'A' is not a string"),
            (f'{{"A": {{"B": "{SECRET}"}}}}', "'A' is not a string"),
            ('{"A": 417417417}', "'A' is not a string"),
            ('{"A": NaN}', "'A' is not a string"),
            ('{"A": null}', "'A' is not a string"),
            (f'{{"A": "{SECRET}", "A": "{SECRET}"}}', "'A' is set twice"),
            (f'{{"": "{SECRET}"}}', "not a valid variable name"),
            (f'{{"A=B": "{SECRET}"}}', "not a valid variable name"),
            (f'{{"A B": "{SECRET}"}}', "not a valid variable name"),
            (f'{{"A\\u0000": "{SECRET}"}}', "not a valid variable name"),
            (f'{{"A\\nopenjd_fail: x": "{SECRET}"}}', "not a valid variable name"),
            (f'{{"A": "{SECRET}\\u0000"}}', "NUL"),
            (f'{{"A": "{SECRET}\\ud800"}}', "lone surrogate"),
            (f'{{"OPENJD_X": "{SECRET}"}}', "reserved"),
            (f'{{"stmpo_scratch_dir": "{SECRET}"}}', "reserved"),
            (f'{{"DEADLINE_TOKEN": "{SECRET}"}}', "reserved"),
            (f'{{"LD_PRELOAD": "{SECRET}"}}', "code"),
            (f'{{"Dyld_Insert_Libraries": "{SECRET}"}}', "code"),
            (f'{{"PYTHONSTARTUP": "{SECRET}"}}', "code"),
            (f'{{"PythonPycachePrefix": "{SECRET}"}}', "code"),
            (f'{{"BASH_FUNC_ls%%": "{SECRET}"}}', "code"),
            (f'{{"CORECLR_PROFILER_PATH_64": "{SECRET}"}}', "code"),
            (f'{{"ComSpec": "{SECRET}"}}', "code"),
            (f'{{"A": {"[" * 200_000}', "JSON"),
            (f'{{"A": {"9" * 5_000}}}', ""),
            (f'{{"A": "{SECRET}{"x" * MAX_FILE_BYTES}"}}', "larger than"),
        ],
        ids=range(33),
    )
    def test_one_line_names_file_and_variable_and_never_a_value(
        self, env_file: Path, content: str, words: str
    ) -> None:
        env_file.write_text(content)
        with pytest.raises(BadInput) as caught:
            child_environment({}, env_file)
        text = str(caught.value)
        assert words in text
        assert str(env_file) in text
        assert SECRET not in text
        assert "417417417" not in text
        assert len(text.splitlines()) == 1
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__

    def test_bytes_that_are_no_utf8_are_not_quoted(self, env_file: Path) -> None:
        env_file.write_bytes(b'{"A": "' + SECRET.encode() + b'\xff"}')
        with pytest.raises(BadInput, match="not UTF-8") as caught:
            child_environment({}, env_file)
        assert SECRET not in str(caught.value)

    @pytest.mark.parametrize("where", ["missing.json", "."])
    def test_a_file_that_cannot_be_read_is_named(self, tmp_path: Path, where: str) -> None:
        with pytest.raises(BadInput, match="cannot be read"):
            child_environment({}, tmp_path / where)


class TestRedactor:
    def test_nothing_to_hide_leaves_the_line_itself(self) -> None:
        line = "a line"
        assert Redactor(())(line) is line
        assert ChildEnvironment({"A": "value"}).redactor()("value") == "value"

    def test_the_longest_value_goes_first(self) -> None:
        assert Redactor(["pass", "password1"])("use password1, not pass") == f"use {MASK}, not {MASK}"

    def test_short_values_stay(self) -> None:
        assert Redactor(["1", "on", "yes", "    "])("1 on yes     ") == "1 on yes     "

    def test_values_are_no_patterns(self) -> None:
        assert Redactor(["a.*b"])("a.*b axxb") == f"{MASK} axxb"

    def test_each_line_of_a_value_and_its_escaped_form_are_masked(self) -> None:
        mask = Redactor(["first line\nsecond line\n", "esc\x1bape", "\u2028abcd", "  padded  "])
        for line in ("first line", "second line", "esc\\x1bape", "abcd", "\\u2028abcd", "padded"):
            assert mask(line).strip() == MASK

    def test_only_values_of_the_file_are_masked(self, env_file: Path) -> None:
        env_file.write_text(json.dumps({"TOKEN": SECRET}))
        mask = child_environment({"HOME": "/home/farm"}, env_file).redactor()
        assert mask(f"/home/farm {SECRET}") == f"/home/farm {MASK}"

    @given(
        st.lists(
            st.text(min_size=4).filter(lambda text: len(text.strip()) >= 4 and "*" not in text), max_size=5
        ),
        st.text(),
    )
    def test_no_value_is_left_whole(self, values: list[str], around: str) -> None:
        mask = Redactor(values)
        for value in values:
            assert value not in mask(around + value + around)

    @given(
        st.text(st.characters(codec="cp1252", exclude_characters="*"), min_size=4),
        st.binary(),
        st.binary(),
        st.sampled_from(["utf-8", "cp1252", "utf-16-le"]),
    )
    def test_no_value_is_left_whole_whatever_bytes_are_around_it(
        self, value: str, before: bytes, after: bytes, encoding: str
    ) -> None:
        """A single odd byte has the whole line read in another encoding."""
        assume(len(value.strip()) >= 4)
        written = value.encode(encoding)
        masked = Redactor([value]).mask_bytes(before + written + after)
        assert written not in masked
        assert value not in decode(masked)

    def test_letters_beyond_ascii_stay_hidden_in_a_line_that_is_no_text(self) -> None:
        mask = Redactor(["Gr\u00f6\u00dfe-4711"])
        line = b"\xfftoken Gr\xc3\xb6\xc3\x9fe-4711 \x81"
        assert decode(mask.mask_bytes(line)).count(MASK) == 1
        for text in (decode(line), decode(line, ["cp1252"]), decode(line[:-1], ["cp1252", "latin-1"])):
            assert "4711" not in mask(text)
        assert mask.mask_bytes(b"Gro\xcc\x88\xc3\x9fe-4711") == MASK.encode()  # as macOS writes it

    def test_the_beginning_of_a_value_at_the_cut_of_a_long_line_is_masked(self) -> None:
        mask = Redactor(["secret-secret"])
        splitter = LineSplitter()
        (line,) = splitter.feed(b"x" * (MAX_LINE_BYTES - 9) + b"secret-secret\n")
        assert b"secret-se" in line
        assert b"sec" not in mask.mask_bytes(line)

    def test_bytes_without_a_value_are_left_alone(self) -> None:
        line = b"a line"
        assert Redactor(["value"]).mask_bytes(line) is line
        assert Redactor(()).mask_bytes(line) is line

    def test_a_large_file_of_values_does_not_hold_up_a_run(self) -> None:
        values = [f"value-{number:010}-\u00e4" for number in range(3000)]
        began = time.monotonic()
        mask = Redactor(values)
        assert mask.mask_bytes(b"is value-0000002999-\xc3\xa4") == b"is ***"
        assert time.monotonic() - began < 20
