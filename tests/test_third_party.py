"""The page of third-party software is current in names and licences, and says what they ask for."""

import importlib.metadata
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def third_party() -> ModuleType:
    """The script that writes the page."""
    spec = importlib.util.spec_from_file_location("third_party", ROOT / "tests" / "third_party.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_lists_every_installed_package_with_its_licence(third_party: ModuleType) -> None:
    if not (sys.platform == "linux" and sys.version_info[:2] == (3, 11)):
        pytest.skip("the page is of Linux and Python 3.11")
    try:
        installed = third_party.find_packages()
    except importlib.metadata.PackageNotFoundError as error:
        pytest.skip(f"an extra is not installed: {error}")
    found = {name: third_party.licence_of(package) for name, package in installed.items()}
    assert third_party.read_page() == found, "write it anew: python tests/third_party.py"


def test_no_licence_is_left_open(third_party: ModuleType) -> None:
    licences = third_party.read_page()
    assert len(licences) > 50
    assert [name for name, licence in licences.items() if licence == third_party.NOT_STATED] == []


def test_what_redistributors_must_know_is_there(third_party: ModuleType) -> None:
    text = third_party.PAGE.read_text(encoding="utf-8")
    for words in (
        "| av | libx264 | x264 | GPL-2.0-or-later |",
        "| av | libx265 | x265 | GPL-2.0-or-later |",
        "| opencv-contrib-python | libQt5Core | Qt | LGPL-3.0-only |",
        "You pass the installed environment on",
    ):
        assert words in text
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
