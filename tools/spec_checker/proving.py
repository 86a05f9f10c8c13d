"""The whole proof of a hand-off: the checks on files, then a real browser, then browser_proof.json beside the spec.

A folder that fails a check is not opened in a browser, and its proof stays as it is. All results of the browser are
written, passed or failed.
  spec-checker --browser --model demo
"""

import time
from dataclasses import dataclass
from typing import Any

from shared import contracts, paths
from tools.spec_checker.browser.proof import Proof, prove_in_browser
from tools.spec_checker.browser.writing import write_proof
from tools.spec_checker.config import SpecCheckConfig
from tools.spec_checker.findings import Finding, Report
from tools.spec_checker.static.check import check_file


@dataclass(frozen=True)
class ProofReport:
    """The proof's result: the static report, then the browser's findings.

    Attributes:
        static: The static checks.
        proof: None if they failed.
        proof_file: Where it was written.
        providers: Those that are proven now.
        seconds: How long it took.
    """

    static: Report
    proof: Proof | None
    proof_file: str
    providers: tuple[str, ...]
    seconds: float

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, the static ones first."""
        return (*self.static.findings, *(self.proof.findings if self.proof else ()))

    @property
    def exit_code(self) -> int:
        """0 if nothing fails."""
        return 1 if any(finding.status == "fail" for finding in self.findings) else 0

    def as_text(self) -> str:
        """List the static failures, the browser's findings, and a summary."""
        static = self.static.findings
        lines = [str(finding) for finding in static if finding.status == "fail"]
        if self.proof is None:
            lines.append(f"{self.static.spec}: refused before any browser; nothing is written")
            return "\n".join(lines)
        n_passed = sum(finding.status == "pass" for finding in static)
        lines.append(f"pass  {n_passed} static checks")
        lines += [str(finding) for finding in self.proof.findings]
        verdict = "refused" if self.exit_code else "proven"
        where = f" on {', '.join(self.providers)}" if self.providers else ""
        lines.append(f"{self.static.spec}: {verdict}{where}; {len(self.proof.tested)} runs listed in {self.proof_file}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything: the keys of a static report, and the browser's results."""
        document = self.static.as_json()
        document["findings"] = [finding.as_json() for finding in self.findings]
        for status, key in (("pass", "n_pass"), ("fail", "n_fail"), ("skip", "n_skip")):
            document[key] = sum(finding.status == status for finding in self.findings)
        document["passed"] = self.exit_code == 0
        proof = self.proof
        document["browser"] = None
        if proof is not None:
            document["written"] = [self.proof_file]
            document["browser"] = {
                "execution_providers": list(self.providers),
                "tested": proof.tested,
                "soak": proof.soak and proof.soak.as_json(),
                "same_pixels": proof.curves and proof.curves.as_json(),
                "landmarks": proof.faces and proof.faces.as_json(),
                "film": proof.film and proof.film.as_json(),
                "seconds": round(self.seconds, 1),
            }
        return document


def prove(config: SpecCheckConfig) -> ProofReport:
    """Prove a hand-off in a real browser and write the results.

    Raises:
        InvalidInput: The spec or the film cannot be read.
        MissingOutside: No browser, no npm, or no registry.
    """
    started = time.monotonic()
    static = check_file(config.spec, None, is_to_be_proven=True)
    spec = contracts.read_json(config.spec)
    proof_file = paths.shown(config.spec.with_name(paths.PROOF_FILE))
    proof, providers = None, list[str]()
    if not static.exit_code and contracts.explain(spec, "frontend_spec") is None:
        proof = prove_in_browser(config, spec)
        providers = write_proof(config.spec, proof)
    return ProofReport(static, proof, proof_file, tuple(providers), time.monotonic() - started)
