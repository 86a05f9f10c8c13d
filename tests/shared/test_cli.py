"""What every tool's command line does with what can go wrong."""

import argparse
import dataclasses
import errno
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from shared import cli
from shared.errors import CheckFailed, InvalidInput, MissingOutside, SmilebenchError, WrongUsage


@dataclass(frozen=True)
class Result:
    exit_code: int = 0

    def as_text(self) -> str:
        return "forty-two"

    def as_json(self) -> dict[str, Any]:
        return {"answer": 42, "name": "웃음"}


def raise_it(error: BaseException) -> Callable[[], Result]:
    def work() -> Result:
        raise error

    return work


def run(work: Callable[[], Result], *flags: str) -> int:
    parser = cli.Parser("tool", "Does it.", "tool --json")
    cli.add_json(parser)
    return cli.run("tool", parser.parse_args(flags), work)


def test_the_result_alone_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lambda: Result()) == 0
    assert capsys.readouterr() == ("forty-two\n", "")


def test_json_is_one_document_with_hangul_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lambda: Result(1), "--json") == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == {"answer": 42, "name": "웃음"}
    assert "웃음" in out
    assert err == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("a.csv", found="x", expected="y", todo="mend it"), 1),
        (CheckFailed("a.csv", found="x", expected="y", todo="mend it"), 1),
        (WrongUsage("a.csv", found="x", expected="y", todo="mend it"), 2),
        (MissingOutside("a.csv", found="x", expected="y", todo="mend it"), 3),
    ],
)
def test_an_expected_error_is_one_line_and_its_own_exit_code(
    error: SmilebenchError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(raise_it(error)) == code
    assert capsys.readouterr() == ("", "tool: a.csv: found x, expected y; mend it\n")


def test_an_error_with_line_breaks_in_it_is_still_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raise_it(InvalidInput("a\nb", found="x\n\n  y"))) == 1
    assert capsys.readouterr().err == "tool: a b: found x y\n"


def test_an_interruption_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raise_it(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_a_missing_extra_is_3_and_says_what_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raise_it(ModuleNotFoundError("No module named 'cv2'", name="cv2"))) == 3
    err = capsys.readouterr().err
    assert "'cv2'" in err
    assert "pip install 'smilebench[tool]'" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["shared.nothing", "tools.x.y", "schemas"])
def test_a_missing_module_of_our_own_is_a_bug_and_keeps_its_traceback(name: str) -> None:
    with pytest.raises(ModuleNotFoundError):
        run(raise_it(ModuleNotFoundError("No module", name=name)))


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "no space left on the disk"),
        (errno.EDQUOT, "no space left on the disk"),
        (errno.EACCES, "no permission"),
        (errno.EROFS, "no permission"),
        (errno.ENOTDIR, "choose another path"),
        (errno.EISDIR, "choose another path"),
        (errno.ENAMETOOLONG, "choose a shorter folder or name"),
    ],
)
def test_what_the_system_refuses_is_one_line_that_names_the_place(
    number: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(raise_it(OSError(number, "words of the system", "/some/place"))) == 1
    err = capsys.readouterr().err
    assert "/some/place" in err
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("error", [ValueError("x"), OSError(errno.EIO, "the disk is dying"), AssertionError()])
def test_anything_else_is_a_bug_and_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)):
        run(raise_it(error))


def test_a_reader_that_stops_early_ends_the_tool_in_silence() -> None:
    code = (
        "import argparse\nfrom shared import cli\n"
        "class R:\n exit_code = 0\n def as_text(self): return 'line\\n' * 1_000_000\n def as_json(self): return {}\n"
        "raise SystemExit(cli.run('tool', argparse.Namespace(json=False, quiet=False), R))"
    )
    tool = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert tool.stdout is not None
    assert tool.stderr is not None
    tool.stdout.readline()
    tool.stdout.close()
    assert tool.stderr.read() == b""
    tool.stderr.close()
    assert tool.wait() == 1


def test_wrong_flags_are_one_line_and_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leave:
        run(lambda: Result(), "--jso")  # no abbreviations: a later flag would change what they mean
    assert leave.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_help_keeps_its_examples_line_by_line() -> None:
    text = cli.Parser("tool", "Does it.", "tool a\ntool b  # 100 % of it").format_help()
    assert "examples:\n  tool a\n  tool b  # 100 % of it" in text


def test_quiet_silences_notes_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> Result:
        cli.note("reading")
        assert list(cli.progress(range(3), what="count")) == [0, 1, 2]
        return Result()

    run(work, "--quiet")
    assert capsys.readouterr() == ("forty-two\n", "")
    run(work)
    assert capsys.readouterr() == ("forty-two\n", "reading\n")


def test_quiet_ends_with_its_run(capsys: pytest.CaptureFixture[str]) -> None:
    run(Result, "--quiet")
    cli.note("from whoever called the tool")
    assert "from whoever called the tool" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (cli.positive_int, "7", 7),
        (cli.fraction, "0", 0.0),
        (cli.fraction, "1", 1.0),
        (cli.fraction, "0.25", 0.25),
        (cli.int_list, "30, 7,10,7", (7, 10, 30)),
    ],
)
def test_numbers_are_read(parse: Callable[[str], Any], text: str, value: Any) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        *((cli.positive_int, text) for text in ("0", "-1", "1.5", "", "x", "٣", "²", "1_000", " 1")),
        *((cli.fraction, text) for text in ("-0.1", "1.1", "nan", "inf", "", "half")),
        *((cli.int_list, text) for text in ("", "1,,2", "1;2", "0")),
    ],
)
def test_what_is_no_such_number_is_refused(parse: Callable[[str], Any], text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected"):
        parse(text)


def make_tool(work: cli.Work, *, has_default: bool = True) -> cli.Parser:
    """A tool of two commands; without one it asks for --dataset."""
    parser = cli.Parser("tool", "Does it.", "tool --json", work if has_default else None)
    cli.add_dataset(parser) if has_default else None
    cli.add_json(parser)
    for name in ("pool", "time"):
        command = parser.add_command(name, f"{name.title()} it. And more.", f"tool {name}", work)
        command.add_argument("file")
        cli.add_json(command)
    return parser


def test_a_tool_does_its_usual_work_without_a_command_and_another_one_with_it() -> None:
    seen: list[dict[str, Any]] = []

    def work(arguments: argparse.Namespace) -> Result:
        seen.append(vars(arguments))
        return Result()

    assert cli.entry(lambda: make_tool(work))(["--dataset", "people", "--quiet"]) == 0
    assert cli.entry(lambda: make_tool(work))(["pool", "a.json", "--quiet"]) == 0
    assert (seen[0]["dataset"], seen[0]["command"]) == ("people", None)
    assert (seen[1]["file"], seen[1]["command"]) == ("a.json", "pool")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "tool: the following arguments are required: --dataset; see tool --help\n"),
        (["pool"], "tool pool: the following arguments are required: file; see tool pool --help\n"),
        (["pol", "--dataset", "people"], "tool: argument COMMAND: invalid choice: 'pol' (choose from 'pool', 'time')"),
    ],
)
def test_what_a_command_needs_is_asked_for_in_its_own_name(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leave:
        cli.entry(lambda: make_tool(lambda arguments: Result()))(words)
    assert leave.value.code == 2
    assert capsys.readouterr().err.startswith(message)


def test_a_tool_without_a_usual_work_asks_for_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leave:
        cli.entry(lambda: make_tool(lambda arguments: Result(), has_default=False))([])
    assert leave.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_a_command_is_listed_by_its_first_sentence() -> None:
    assert "Pool it\n" in make_tool(lambda arguments: Result()).format_help()


@pytest.mark.parametrize("text", ["", "-1", "1.5", "65536", "٣", "ten"])
def test_a_number_beyond_its_limits_is_refused_with_them(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected a port from 0 to 65535"):
        cli.whole(0, 65_535, "a port")(text)


@pytest.mark.parametrize("text", ["", "0", "1", "nan", "-0.1", "5", "little"])
def test_a_margin_is_a_fraction_above_0_and_below_1(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="above 0 and below 1"):
        cli.margin(text)
    assert cli.margin("0.05") == 0.05


@dataclasses.dataclass(frozen=True)
class Settings:
    seed: int
    out: str | None = None


def test_a_config_is_filled_by_the_flags_of_its_fields_names() -> None:
    arguments = argparse.Namespace(seed=3, out="x", json=False)
    assert cli.fill(Settings, arguments) == Settings(3, "x")
    assert cli.fill(Settings, arguments, out=None) == Settings(3, None)


def test_a_field_without_a_flag_is_an_error_even_where_it_has_a_default() -> None:
    with pytest.raises(AttributeError, match="out"):
        cli.fill(Settings, argparse.Namespace(seed=3))
    with pytest.raises(TypeError, match="colour"):
        cli.fill(Settings, argparse.Namespace(seed=3, out=None), colour="red")
