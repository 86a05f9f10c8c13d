"""Writes a hand-off's package.json: the folder as an npm package, for pages that a bundler builds.

A page imports the client by the package's name, and its types with it. The version has a checksum of model and client,
so that npm never takes one hand-off for another. The package is private: `npm pack` works, `npm publish` does not.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from shared import paths
from shared.web.handoff_seal import MANIFEST_FILE, SIGNATURE_FILE

PACKAGE_FILE = "package.json"
NAME = "smile-detector"
_CLIENT = "./smile-detector.mjs"
_TYPES = "./smile-detector.d.mts"
_WORKER = "./smile-detector.worker.mjs"
_COPIER = "./copy-assets.mjs"
_KEEP, _KEEP_TYPES = "./smile-detector.keep.mjs", "./smile-detector.keep.d.mts"
_NOT_IN_VERSION = frozenset({"created_utc", "stale"})
_DIGITS = 12
_DOCUMENTS = (paths.SPEC_FILE, paths.PROOF_FILE, MANIFEST_FILE, SIGNATURE_FILE)


def describe_package(spec: Mapping[str, Any], client: Mapping[str, bytes], dependencies: Mapping[str, str]) -> bytes:
    """Describe a hand-off as an npm package.

    Args:
        spec: Its front-end spec.
        client: The client's files, by name.
        dependencies: The npm packages that a page needs, with their exact versions.

    Returns:
        The content of package.json; the same for the same model, settings and client.
    """
    package = {
        "name": NAME,
        "version": f"1.0.0-h{_checksum(spec, client)}",
        "description": f"A face classifier for web pages: {spec['spec_id']}",
        "private": True,
        "license": "UNLICENSED",
        "type": "module",
        "main": _CLIENT,
        "types": _TYPES,
        "exports": {
            ".": {"types": _TYPES, "default": _CLIENT},
            "./keep": {"types": _KEEP_TYPES, "default": _KEEP},
            "./worker": _WORKER,
            f"./{paths.SPEC_FILE}": f"./{paths.SPEC_FILE}",
            f"./{paths.PROOF_FILE}": f"./{paths.PROOF_FILE}",
            "./package.json": "./package.json",
        },
        "bin": {f"{NAME}-assets": _COPIER},
        "sideEffects": [_WORKER],
        "files": _list_files(spec, client),
        "dependencies": dict(dependencies),
    }
    return (json.dumps(package, indent=2) + "\n").encode()


def _list_files(spec: Mapping[str, Any], client: Mapping[str, bytes]) -> list[str]:
    """Name what belongs to the package, so that a stranger's files in the folder stay behind."""
    graphs = [graph["file"] for graph in spec["graphs"]]
    landmarker = [spec["input"]["landmarker"]["file"]] if "landmarker" in spec["input"] else []
    return [*sorted(client), "README.ko.md", *_DOCUMENTS, *graphs, *landmarker, "golden/"]


def _checksum(spec: Mapping[str, Any], client: Mapping[str, bytes]) -> str:
    """Give the first digits of a checksum of model, settings and client."""
    stated = {key: value for key, value in spec.items() if key not in _NOT_IN_VERSION}
    whole = hashlib.sha256(json.dumps(stated, sort_keys=True).encode())
    for name, data in sorted(client.items()):
        whole.update(f"\n{name} {hashlib.sha256(data).hexdigest()}".encode())
    return whole.hexdigest()[:_DIGITS]
