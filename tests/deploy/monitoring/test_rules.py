"""Alert rules: what a file may say, which are broken, and what is done then."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("river", reason="needs the extra deploy: pip install 'tuneyard[deploy]'")

from contracts.watched_penguins import described, penguins_asked, write_log
from deploy.monitoring import act, judge, look, read_log, read_rules
from search.errors import SettingsError

GOOD = """
webhook: https://alerts.example/hook
rules:
  - name: bills
    figure: psi
    column: bill
    above: 0.25
    actions: [log, webhook]
  - {figure: accuracy, below: 0.9, least_rows: 50}
  - {figure: latency_p99, above: 250, actions: exit}
"""


def rules_of(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    return read_rules(path, frozenset({"bill", "island"}))


def test_a_file_is_read(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, GOOD)
    assert rules.webhook == "https://alerts.example/hook"
    first, second, third = rules.rules
    assert (first.name, first.column, first.above, first.below) == ("bills", "bill", 0.25, None)
    assert first.actions == ("show", "log", "webhook")
    assert (second.name, second.below, second.least_rows) == ("accuracy", 0.9, 50)
    assert second.actions == ("show", "log", "exit")
    assert third.actions == ("show", "exit")


WRONG = {
    "empty": ("", "1:1", "a mapping with the key rules"),
    "a list": ("- psi\n", "1:1", "not a list"),
    "no rules": ("webhook: https://a.example\n", "1:1", "one or more"),
    "an unknown key": ("rules:\n  - {figure: psi, abov: 1}\n", "2:19", "did you mean above?"),
    "an unknown figure": ("rules:\n  - figure: psl\n    above: 1\n", "2:5", "did you mean psi?"),
    "no figure": ("rules:\n  - above: 1\n", "2:5", "figure is missing"),
    "no bound": ("rules:\n  - figure: psi\n", "2:5", "above or below is missing"),
    "a bound of text": ("rules:\n  - figure: psi\n    above: much\n", "3:5", "has to be a number, got text"),
    "a bound of truth": ("rules:\n  - figure: psi\n    above: true\n", "3:5", "true or false"),
    "a bound without end": ("rules:\n  - figure: psi\n    above: .inf\n", "3:12", "must be finite"),
    "an unknown column": ("rules:\n  - {figure: psi, above: 1, column: bil}\n", "2:29", "did you mean bill?"),
    "a column that is a list": (
        "rules:\n  - {figure: psi, above: 1, column: [bill]}\n",
        "2:29",
        "got a list",
    ),
    "a bound beyond all numbers": (
        f"rules:\n  - {{figure: psi, above: 1{'0' * 400}}}\n",
        "2:19",
        "not as large",
    ),
    "a webhook with a password": (
        "webhook: https://me:secret@alerts.example\nrules: [{figure: psi, above: 1}]\n",
        "1:1",
        "without a name and password",
    ),
    "a webhook with a space": (
        "webhook: https://alerts.example/a b\nrules: [{figure: psi, above: 1}]\n",
        "1:1",
        "https",
    ),
    "a column of none": ("rules:\n  - {figure: failed, above: 1, column: bill}\n", "2:32", "of no column"),
    "an unknown action": (
        "rules:\n  - {figure: psi, above: 1, actions: [mail]}\n",
        "2:29",
        "there is no action",
    ),
    "a webhook without an address": (
        "rules:\n  - {figure: psi, above: 1, actions: [webhook]}\n",
        "2:29",
        "URL",
    ),
    "a webhook in the open": (
        "webhook: http://alerts.example\nrules: [{figure: psi, above: 1}]\n",
        "1:1",
        "https",
    ),
    "a webhook to a file": (
        "webhook: file:///etc/passwd\nrules: [{figure: psi, above: 1}]\n",
        "1:1",
        "https",
    ),
    "rows below one": ("rules:\n  - {figure: psi, above: 1, least_rows: 0}\n", "2:29", "whole number"),
    "twice the same key": ("rules:\n  - {figure: psi, above: 1, above: 2}\n", "2:29", "written twice"),
    "no YAML": ("rules: [\n", "2:1", "not YAML"),
    "a tag": ("rules: !!python/object:os.system {}\n", "1:8", "is not read"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, name: str) -> None:
    text, place, said = WRONG[name]
    with pytest.raises(SettingsError) as caught:
        rules_of(tmp_path, text)
    assert f"rules.yaml:{place}" in str(caught.value)
    assert said in str(caught.value)


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        rules_of(tmp_path, "rules:\n  - {figure: psl, above: 1}\n  - {figure: failed}\n  - 5\n")
    assert len(str(caught.value).splitlines()) >= 3


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_rules(tmp_path / "none.yaml")


@pytest.fixture
def seen(tmp_path: Path) -> dict[str, Any]:
    version = described(tmp_path / "model")
    asked = [penguins_asked(500, 2), penguins_asked(500, 3, bill=56.0)]
    truth = dict.fromkeys(range(500, 700), "Emperor")
    write_log(tmp_path / "log", asked, version, truth=truth, refused=20, failed=10, ms=5.0)
    return look(tmp_path / "model", read_log(tmp_path / "log"), 500)


BROKEN = [
    ("{figure: psi, above: 0.25}", ["bill"]),
    ("{figure: psi, above: 0.25, column: island}", []),
    ("{figure: psi, above: 50}", []),
    ("{figure: prediction_psi, above: 0.25}", []),
    ("{figure: missing, above: 0.01, column: bill}", ["bill"]),
    ("{figure: unseen, above: 0.01}", []),
    ("{figure: changes, above: 0.5, column: bill}", ["bill"]),
    ("{figure: accuracy, below: 0.5}", [None]),
    ("{figure: accuracy, below: 0.5, least_rows: 201}", []),
    ("{figure: failed, above: 0.005}", [None]),
    ("{figure: refused, above: 0.5}", []),
    ("{figure: latency_p99, above: 4.9}", [None]),
    ("{figure: latency_p50, above: 5.1}", []),
    ("{figure: requests, below: 1000}", [None]),
]


@pytest.mark.parametrize(("rule", "columns"), BROKEN, ids=[rule for rule, _ in BROKEN])
def test_a_rule_is_broken_where_its_bound_is_passed(
    tmp_path: Path, seen: dict[str, Any], rule: str, columns: list[str | None]
) -> None:
    alerts = judge(seen, rules_of(tmp_path, f"rules: [{rule}]\n"))
    assert [alert.column for alert in alerts] == columns
    for alert in alerts:
        assert alert.figure in alert.sentence
        assert "rows" in alert.sentence


@contextmanager
def listening(status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    """A server on loopback that keeps what it is told."""
    told: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_alerts_are_logged_and_sent(tmp_path: Path, seen: dict[str, Any]) -> None:
    with listening() as (url, told):
        rules = rules_of(
            tmp_path,
            f"webhook: {url}\nrules:\n  - {{figure: psi, above: 0.25, actions: [log, webhook]}}\n"
            "  - {figure: failed, above: 0.001, actions: [log]}\n",
        )
        alerts = judge(seen, rules)
        assert act(alerts, rules, seen, tmp_path / "log") == []
    (body,) = told
    assert [alert["column"] for alert in body["alerts"]] == ["bill"]
    assert body["model"] == "penguins"
    lines = [json.loads(line) for line in (tmp_path / "log" / "alerts.jsonl").read_text().splitlines()]
    assert [line["figure"] for line in lines] == ["psi", "failed"]
    assert all(line["time"] and line["version"] == seen["version"] for line in lines)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_does_not_take_it_is_said_and_not_followed(
    tmp_path: Path, seen: dict[str, Any], status: int
) -> None:
    with listening(status) as (url, told):
        rules = rules_of(
            tmp_path, f"webhook: {url}\nrules: [{{figure: psi, above: 0.25, actions: [webhook]}}]\n"
        )
        (problem,) = act(judge(seen, rules), rules, seen, tmp_path / "log")
    assert str(status) in problem
    assert len(told) == 1


def test_a_webhook_that_answers_something_else_than_http_is_said_without_its_address(
    tmp_path: Path, seen: dict[str, Any]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/secret"
        rules = rules_of(
            tmp_path, f"webhook: {url}\nrules: [{{figure: psi, above: 0.25, actions: [webhook]}}]\n"
        )
        (problem,) = act(judge(seen, rules), rules, seen, tmp_path / "log")
        thread.join()
    assert problem == "the webhook could not be told: BadStatusLine"
