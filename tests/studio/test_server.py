"""The studio's server: whom it lets in, what it starts, and what it never does."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.dataset.reader import Dataset
from tests.studio.conftest import Studio
from tools.studio import jobs, server


def test_the_state_holds_documents_links_and_what_is_next(studio: Studio, people: Dataset) -> None:
    state = studio.ask("/api/state").json()
    assert [item["name"] for item in state["items"]] == ["people"]
    assert [each["reason"] for each in state["suggestions"]] == ["never_suspected", "never_compared"]
    assert set(state["suggestions"][0]["text"]) == {"en", "ko"}
    assert state["suggestions"][1]["starts"] == {"task": "ab", "values": {"--dataset": "people", "--epochs": "10"}}


def test_every_task_that_can_be_started_is_a_task_with_flags(described: list[dict[str, object]]) -> None:
    assert set(jobs.STARTABLE) - {"baseline"} <= {str(each["task"]) for each in described}


def test_nothing_that_publishes_or_takes_away_can_be_started(studio: Studio, people: Dataset) -> None:
    for task in ("publish-dataset", "withdraw", "consent", "lock", "test", "nothing", "../inv"):
        answer = studio.ask("/api/jobs", {"task": task, "values": {"--dataset": "people"}})
        assert answer.status_code == 422, task
    assert studio.ask("/api/state").json()["jobs"] == []


@pytest.mark.parametrize("body", [[], {}, {"task": "ab"}, {"task": "ab", "values": []}, {"task": 3, "values": {}}])
def test_nonsense_starts_nothing(studio: Studio, body: object) -> None:
    assert studio.ask("/api/jobs", body).status_code in (400, 422)
    assert studio.ask("/api/state").json()["jobs"] == []


def test_a_job_is_queued_and_its_log_read(studio: Studio, people: Dataset) -> None:
    answer = studio.ask("/api/jobs", {"task": "verify", "values": {"--dataset": "no_such"}})
    assert answer.json()["words"] == ["verify", "--dataset=no_such"]
    job = answer.json()["job_id"]
    assert studio.ask(f"/api/jobs/{job}/log").status_code == 200
    assert studio.ask("/api/jobs/nobody/log").status_code == 404
    assert studio.ask(f"/api/jobs/{job}/cancel", {}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": ""},
        {"Cookie": "studio_1=wrong"},
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_who_is_not_the_page_gets_nothing(studio: Studio, people: Dataset, headers: dict[str, str]) -> None:
    for path in ("/api/state", "/api/start", "/page/page.js", "/open/reports/x"):
        assert studio.ask(path, **headers).status_code == 403, path
    assert studio.ask("/api/jobs", {"task": "verify", "values": {"--dataset": "people"}}, **headers).status_code == 403
    assert studio.desk.queue.jobs() == []


def test_a_form_of_another_site_is_refused(studio: Studio) -> None:
    answer = studio.ask("/api/jobs", {"task": "demo", "values": {}}, **{"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert studio.ask("/api/jobs", {"task": "demo", "values": {}}, Origin="").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/open/reports/..%2f..%2fdatasets",
        "/open/reports/%2e%2e",
        "/open/models/ours",
        "/open/reports/linked",
        "/open/../../etc/passwd",
        "/page/..%2fserver.py",
    ],
)
def test_no_other_file_is_served(studio: Studio, home: Path, path: str) -> None:
    outside = home / "outside"
    outside.mkdir()
    (outside / "report.html").write_text("secret")
    (home / "artifacts/reports").mkdir(parents=True)
    (home / "artifacts/reports/linked").symlink_to(outside)
    answer = studio.ask(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_a_report_is_shown_in_a_sandbox(studio: Studio, home: Path) -> None:
    place = home / "artifacts/reports/one"
    place.mkdir(parents=True)
    (place / "report.html").write_text("<p>here</p>")
    answer = studio.ask("/open/reports/one")
    assert answer.text == "<p>here</p>"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert "script-src 'self'" in studio.ask("/api/state").headers["content-security-policy"]


def test_the_page_has_words_for_everything_in_both_languages(studio: Studio) -> None:
    begun = studio.ask("/api/start").json()
    assert set(begun["words"]["en"]) == set(begun["words"]["ko"])
    page = Path(server.__file__).parent / "page"
    source = "".join(path.read_text(encoding="utf-8") for path in page.glob("*.js"))
    kinds = json.dumps(list(begun["words"]["en"]))
    for status in (*jobs.OVER, "waiting", "running"):
        assert f'"job_{status}"' in kinds
    assert "innerHTML" not in source  # names of files and people are text


def test_a_second_studio_of_the_workspace_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import filelock

    from tools.studio import cli

    jobs.folder().mkdir(parents=True)
    with filelock.FileLock(jobs.folder() / ".open.lock"):
        assert cli.main(["serve", "--no-open"]) == 1
    assert "open already" in capsys.readouterr().err


def test_values_of_a_suggestion_are_those_of_the_form(studio: Studio, record: Callable[[int], Dataset]) -> None:
    assert studio.desk.overview.starts("./inv validate-spec --browser --model m") == {
        "task": "validate-spec", "values": {"--browser": True, "--model": "m"},
    }  # fmt: skip
    assert studio.desk.overview.starts("./inv withdraw --dataset people --subject s03") is None
