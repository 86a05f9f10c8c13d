"""The results of a check: one finding per field, and the report of all findings. Reads no files."""

from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["pass", "fail", "skip"]
_FIELD_WIDTH = 34
WIDTH = 100  # of a value of a spec; figures of a run may be longer
FIGURES_WIDTH = 400


@dataclass(frozen=True)
class Finding:
    """The result for one field.

    Attributes:
        field: Its path in a front-end spec, such as ``model.sha256``; ``graph.*`` is about the ONNX itself.
        status: ``skip`` where nothing can be compared, as without a graph.
        found: The value found.
        expected: The value expected.
        todo: How to fix it.
        note: More information on a pass.
    """

    field: str
    status: Status
    found: str = ""
    expected: str = ""
    todo: str = ""
    note: str = ""

    def __str__(self) -> str:
        if self.status == "skip":
            text = f"not checked: {self.note}"
        elif self.status == "pass":
            text = self.found + (f" ({self.note})" if self.note else "")
        else:
            text = f"found {self.found}"
            text += f", expected {self.expected}" if self.expected else ""
            text += f"; {self.todo}" if self.todo else ""
        status = "FAIL" if self.status == "fail" else self.status
        return f"{status}  {self.field:<{_FIELD_WIDTH}} {' '.join(text.split())}"

    def as_json(self) -> dict[str, str]:
        """Give all attributes; the empty ones too, so that every finding has the same keys."""
        return {
            "field": self.field,
            "status": self.status,
            "found": self.found,
            "expected": self.expected,
            "todo": self.todo,
            "note": self.note,
        }


def passed(field: str, found: object, note: str = "", limit: int = WIDTH) -> Finding:
    """Make a passed finding; `found` is cut after `limit` characters."""
    return Finding(field, "pass", found=shorten(found, limit), note=note)


def failed(field: str, found: object, expected: object, todo: str, limit: int = WIDTH) -> Finding:
    """Make a failed finding; `todo` says how to fix it."""
    return Finding(field, "fail", found=shorten(found, limit), expected=shorten(expected, limit), todo=todo)


def skipped(field: str, reason: str) -> Finding:
    """Make a finding for a field that was not checked."""
    return Finding(field, "skip", note=reason)


def shorten(value: object, limit: int = WIDTH) -> str:
    """Write a value in one line of at most `limit` characters."""
    text = " ".join(str(value).split())
    # A spec may come from anywhere: control characters are shown escaped.
    text = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
    return text if len(text) <= limit else text[: limit - 3] + "..."


@dataclass(frozen=True)
class Report:
    """All findings about one spec.

    Attributes:
        spec: The spec's file.
        model: The ONNX that it was compared with, if there is one.
        findings: In the order of the spec's fields.
    """

    spec: str
    model: str | None
    findings: tuple[Finding, ...]

    def count(self, status: Status) -> int:
        """Count the findings of a status."""
        return sum(finding.status == status for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """0 if no field fails."""
        return 1 if self.count("fail") else 0

    def as_text(self) -> str:
        """List a line a field, and the sum."""
        lines = [str(finding) for finding in self.findings]
        skips = f", {self.count('skip')} not checked" if self.count("skip") else ""
        verdict = "refused" if self.exit_code else "accepted"
        lines.append(f"{self.spec}: {verdict}; {self.count('pass')} pass, {self.count('fail')} fail{skips}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything, each finding with the same keys."""
        return {
            "spec": self.spec,
            "model": self.model,
            "passed": self.exit_code == 0,
            "n_pass": self.count("pass"),
            "n_fail": self.count("fail"),
            "n_skip": self.count("skip"),
            "findings": [finding.as_json() for finding in self.findings],
        }
