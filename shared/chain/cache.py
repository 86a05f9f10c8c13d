"""A chain of tools in which a step is skipped while nothing that it depends on has changed.

Each step is one tool run with --json. What it printed is kept with a hash of its command, its input files, its tool's
source (with what that imports of shared/, and no more) and the hashes of the files that it made; as long as all of
these are the same, the kept result is used. The record is written after the step, so a step that was cut off is done
again.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shared import contracts
from shared.chain.imports import ImportGraph
from shared.chain.pace import Pace
from shared.chain.words import about, left, step_name, words_of
from shared.system import portable
from shared.text.catalogue import Lang

ToolResult = dict[str, Any]


class StepFailed(Exception):
    """A tool ended with another exit code than 0; it has printed why on stderr."""

    def __init__(self, name: str, exit_code: int) -> None:
        super().__init__(name)
        self.exit_code = exit_code


def command_of(tool: str, *arguments: object) -> str:
    """Write the shell command that runs a tool in this environment, whatever folder the user stands in."""
    words = [sys.executable, "-P", "-m", f"tools.{tool}", *map(str, arguments)]
    return portable.join_words(words)


class Chain:
    """Runs steps and remembers them.

    Args:
        record: The file that remembers; one a chain.
        execute: Runs a shell command and returns (exit code, stdout); stderr goes to the user.
        announce: Says what is going on.
        graph: The source that the tools run; None reads this checkout's.
        lang: Language of what is announced.
        state: What every step depends on beside its inputs: whom consent leaves out today.
        words: Further flags of a tool, by its folder, or of a sub-command such as ``evaluator time``.

    Attributes:
        start_weights: What trainings of this chain start from, where that was left to it: ``imagenet``, or ``none``
            where those cannot be had; empty before the first one.
    """

    def __init__(
        self,
        record: Path,
        execute: Callable[[str], tuple[int, str]],
        announce: Callable[[str], None],
        graph: ImportGraph | None = None,
        *,
        lang: Lang = "en",
        state: str = "",
        words: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.start_weights = ""
        self._record = record
        self._execute = execute
        self._announce = announce
        self._graph = graph or ImportGraph()
        self._state = [state] if state else []
        self._words = words or {}
        self._source_hashes: dict[str, str] = {}
        self._steps: dict[str, Any] = {}
        self._texts = words_of(lang)
        if record.is_file():
            try:
                self._steps = json.loads(record.read_text(encoding="utf-8"))
            except json.JSONDecodeError:
                announce(self._texts("broken", name=record.name))
        times: dict[str, list[float]] = {}
        for step in self._steps.values():
            if "seconds" in step:
                times.setdefault(step["tool"], []).append(step["seconds"])
        self._pace = Pace(times)

    def text(self, key: str, **values: object) -> str:
        """Return a text of the chains' catalogue."""
        return self._texts(key, **values)

    def open(self, key: str, **values: object) -> None:
        """Announce what is about to be done, with the number of steps and the time that they take."""
        self.say(key, n=self._pace.n_left(), time=about(self._texts, self._pace.left_s()), **values)

    def say(self, key: str, **values: object) -> None:
        """Announce a text of the chains' catalogue."""
        self._announce(self._texts(key, **values))

    def expect(self, tools: Sequence[str], training_s: float) -> None:
        """Say which tools and sub-commands are still to run; from now on each step has its place and the time left."""
        self._pace.expect(tools, training_s)

    def run(
        self,
        name: str,
        tool: str,
        arguments: Sequence[object],
        *,
        inputs: Sequence[Path],
        outputs: Callable[[ToolResult], Sequence[Path]],
    ) -> ToolResult:
        """Do a step, or reuse its last result.

        Args:
            name: What the step is called, once in the chain.
            tool: Folder under tools/.
            arguments: Its flags; --json is added.
            inputs: Files whose content it depends on.
            outputs: Names the files that it made, from its result.

        Returns:
            The JSON document that the tool printed.

        Raises:
            StepFailed: The tool failed.
        """
        is_plain = not arguments or str(arguments[0]).startswith("--")
        verb = tool if is_plain else f"{tool} {arguments[0]}"  # a sub-command has other flags than its tool
        command = command_of(tool, *arguments, *self._words.get(verb, ()), "--json")
        files = [[str(path), contracts.sha256_file(path)] for path in inputs]
        key = contracts.sha256_json([command, self._source_hash(tool), files, *self._state])
        before = self._steps.get(name)
        place = self._pace.place()
        shown = f"{place}{step_name(self._texts, name)}"
        if before and before["key"] == key and self._is_intact(before["outputs"]):
            self._announce(f"{shown}: {self._texts('unchanged')}")
            self._pace.did(verb, None)
            return dict(before["answer"])
        self._announce(f"{shown} ({left(self._texts, self._pace.left_s())})" if place else f"{shown} ...")
        start_s = time.monotonic()
        exit_code, stdout = self._execute(command)
        if exit_code:
            raise StepFailed(name, exit_code)
        result: ToolResult = json.loads(stdout)
        made = {str(path): contracts.sha256_file(path) for path in outputs(result)}
        seconds = round(time.monotonic() - start_s, 2)
        self._pace.did(verb, seconds)
        self._steps[name] = {"key": key, "answer": result, "outputs": made, "tool": verb, "seconds": seconds}
        contracts.write_bytes(self._record, json.dumps(self._steps, ensure_ascii=False, indent=1).encode("utf-8"))
        return result

    def _source_hash(self, tool: str) -> str:
        """Hash a tool's source, once a chain."""
        if tool not in self._source_hashes:
            self._source_hashes[tool] = self._graph.hash_of(tool)
        return self._source_hashes[tool]

    @staticmethod
    def _is_intact(made: dict[str, str]) -> bool:
        """Tell whether the files of a step are still there, as it made them."""
        return all(Path(path).is_file() and contracts.sha256_file(Path(path)) == sha for path, sha in made.items())
