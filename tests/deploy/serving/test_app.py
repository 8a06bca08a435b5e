"""What the app answers: predictions, explanations, labels, pages, and a change of version under load."""

from __future__ import annotations

import dataclasses
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contracts.served import PENGUIN, Client, FixedSource, Penguins, client_of
from deploy.errors import DeployError, ModelError
from deploy.model import Prediction
from deploy.reference import Distribution, Reference
from deploy.schema import Column, Schema
from deploy.serving.guard import SECURITY_HEADERS

GENTOO = {
    **PENGUIN,
    "island": "Biscoe",
    "bill_length_mm": 50.0,
    "flipper_length_mm": 220.0,
    "bill_depth_mm": 15.0,
}


@pytest.fixture(scope="module")
def source() -> FixedSource:
    return FixedSource(Penguins())


@pytest.fixture(scope="module")
def client(source: FixedSource) -> Iterator[Client]:
    with client_of(source) as client:
        yield client


def test_one_record_and_many_are_answered_as_the_model_answers(client: Client, source: FixedSource) -> None:
    model = source.load().model
    raw, _ = model.schema.check([PENGUIN, GENTOO])
    expected = model.predict(raw).probabilities
    many = client.post("/predict", json=[PENGUIN, GENTOO]).json()
    assert [each["row"] for each in many["predictions"]] == [0, 1]
    assert [each["label"] for each in many["predictions"]] == ["Adelie", "Gentoo"]
    found = [[each["probabilities"][name] for name in model.schema.labels] for each in many["predictions"]]
    np.testing.assert_allclose(found, expected)
    one = client.post("/predict", json=PENGUIN).json()
    assert shares(one) == shares(many)[:1]
    assert one["version"] == "aaaaaaaa"
    enveloped = client.post("/predict", json={"records": [PENGUIN, GENTOO]}).json()
    assert shares(enveloped) == shares(many)


def shares(answer: Any) -> list[dict[str, float]]:
    """Probabilities as far as they do not depend on how many rows were computed together."""
    return [
        {name: round(share, 6) for name, share in each["probabilities"].items()}
        for each in answer["predictions"]
    ]


def test_a_missing_value_is_null_where_it_may_be(client: Client) -> None:
    answer = client.post("/predict", json={**PENGUIN, "bill_depth_mm": None})
    assert answer.status_code == 200


def test_requests_that_come_together_are_one_call_and_none_gets_another_ones_answer(
    source: FixedSource,
) -> None:
    model = Penguins()
    with client_of(FixedSource(model), batch_wait_ms=200) as client:
        bodies = [[PENGUIN] * (i % 3 + 1) if i % 2 else GENTOO for i in range(40)]
        answers = client.post_together("/predict", bodies)
    for body, answer in zip(bodies, answers, strict=True):
        labels = {each["label"] for each in answer.json()["predictions"]}
        assert labels == ({"Adelie"} if isinstance(body, list) else {"Gentoo"})
        assert len(answer.json()["predictions"]) == (len(body) if isinstance(body, list) else 1)
    assert len(model.calls) < 10
    assert sum(model.calls) == sum(len(body) if isinstance(body, list) else 1 for body in bodies)


def test_a_wrong_request_in_a_batch_spoils_no_other(source: FixedSource) -> None:
    with client_of(FixedSource(Penguins()), batch_wait_ms=200) as client:
        bodies: list[Any] = [
            PENGUIN,
            [PENGUIN, {**PENGUIN, "island": ["Dream"]}],
            GENTOO,
            "no penguin",
            PENGUIN,
        ]
        answers = client.post_together("/predict", bodies)
    assert [answer.status_code for answer in answers] == [200, 422, 200, 422, 200]
    assert answers[1].json()["error"]["faults"][0]["row"] == 1
    assert answers[3].json()["error"]["faults"][0]["row"] == 0


class Dated(Penguins):
    """Reads the day, too, and says which it was by its one label."""

    def __init__(self) -> None:
        super().__init__()
        self.schema = dataclasses.replace(self.schema, columns=(*self.schema.columns, Column("day", "date")))


def test_how_a_date_is_spelt_follows_from_its_own_request_alone(tmp_path: Path) -> None:
    model = Dated()
    with client_of(FixedSource(model), batch_wait_ms=200, log=tmp_path / "log") as client:
        days = ("25/04/2026", "04/25/2026", "2026-04-25", "03/04/2026")
        answers = client.post_together("/predict", [{**PENGUIN, "day": day} for day in days])
        together = client.post(
            "/predict", json=[{**PENGUIN, "day": day} for day in ("25/04/2026", "03/04/2026")]
        )
    assert [answer.status_code for answer in answers] == [200, 200, 200, 422]  # the last may be two dates
    assert answers[3].json()["error"]["faults"][0]["row"] == 0
    assert together.status_code == 200
    assert model.calls == [3, 2], "one batch for all that could be read"
    (kept,) = (tmp_path / "log").glob("predictions-*.parquet")
    read = pd.read_parquet(kept)["in.day"].dropna().tolist()
    day = pd.Timestamp("2026-04-25").toordinal() - pd.Timestamp("1970-01-01").toordinal()
    assert read[:3] == [day] * 3
    assert len(set(read[3:])) == 2


class Failing(Penguins):
    """Fails on penguins of one island: a bug of a model, not a wrong record."""

    def predict(self, raw: Any) -> Any:
        if "Dream" in set(raw["island"]):
            raise RuntimeError("secret: /home/somebody/weights.bin")
        return super().predict(raw)


def test_a_model_that_fails_is_a_failure_of_that_request_alone_and_tells_nothing() -> None:
    with client_of(FixedSource(Failing()), batch_wait_ms=200) as client:
        answers = client.post_together("/predict", [PENGUIN, {**PENGUIN, "island": "Dream"}, GENTOO])
        assert [answer.status_code for answer in answers] == [200, 500, 200]
        failed = answers[1]
        assert "secret" not in failed.text
        assert "Traceback" not in failed.text
        assert failed.headers["x-request-id"] in failed.json()["error"]["rule"]
        assert failed.headers["x-frame-options"] == "DENY"


def test_an_explanation_is_what_putting_one_field_to_its_typical_value_changes(
    client: Client, source: FixedSource
) -> None:
    model = source.load().model
    told = client.post("/explain", json=GENTOO).json()
    only = told["explanations"][0]
    assert only["of"] == "probability of Gentoo"
    assert "do not add up" in told["method"]
    sizes = [abs(each["difference"]) for each in only["differences"]]
    assert sizes == sorted(sizes, reverse=True)
    assert {each["field"] for each in only["differences"]} == set(PENGUIN)
    for each in only["differences"]:
        changed = {**GENTOO, each["field"]: each["typical"]}
        raw, faults = model.schema.check([GENTOO, changed])
        assert not faults
        here, there = model.predict(raw).probabilities[:, model.schema.labels.index("Gentoo")]
        assert each["difference"] == pytest.approx(here - there, abs=1e-12)
    typical = {each["field"]: each["typical"] for each in only["differences"]}
    assert typical["island"] == "Biscoe", "the most frequent one"


def test_more_records_than_are_explained_at_once_are_refused(client: Client) -> None:
    assert client.post("/explain", json=[PENGUIN] * 17).status_code == 413


def test_a_new_version_takes_over_without_a_failed_request() -> None:
    source = FixedSource(Penguins())
    with client_of(source, reload=0.02) as client:
        stop, answers = threading.Event(), []

        def ask() -> None:
            while not stop.is_set():
                answers.append(client.post("/predict", json=GENTOO))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        source.promote(Penguins("bbbbbbbb", weight=0.5))
        while client.get("/readyz").json()["version"] != "bbbbbbbb":
            pass
        after = len(answers)
        while len(answers) < after + 20:
            pass
        stop.set()
        for thread in threads:
            thread.join()
        metrics = client.get("/metrics").text
    assert {answer.status_code for answer in answers} == {200}
    versions = [answer.json()["version"] for answer in answers]
    assert set(versions) == {"aaaaaaaa", "bbbbbbbb"}
    by_version = {
        version: {str(shares(answer.json())) for answer in answers if answer.json()["version"] == version}
        for version in set(versions)
    }
    assert all(len(told) == 1 for told in by_version.values()), "no answer is half of each"
    assert 'tuneyard_model_loaded{model="penguins",version="bbbbbbbb"} 1.0' in metrics
    assert 'tuneyard_model_loaded{model="penguins",version="aaaaaaaa"} 0.0' in metrics


def test_a_new_version_that_cannot_be_loaded_leaves_the_old_one() -> None:
    source = FixedSource(Penguins())
    with client_of(source, reload=0.02) as client:
        source.promote(ModelError("weights.safetensors was changed"))
        while not client.get("/readyz").json()["newer_version_failed"]:
            pass
        assert client.post("/predict", json=PENGUIN).json()["version"] == "aaaaaaaa"
        assert "weights" not in client.get("/readyz").text
        assert 'tuneyard_reloads_total{outcome="failed"} 1.0' in client.get("/metrics").text


class Away(FixedSource):
    """Its storage is away where `gone` says so."""

    gone = False

    def state(self) -> tuple[int, ...]:
        if self.gone:
            self.gone = False
            raise OSError(5, "Input/output error")
        return super().state()


def test_a_storage_that_is_away_for_a_moment_is_looked_at_again() -> None:
    source = Away(Penguins())
    with client_of(source, reload=0.02) as client:
        source.gone = True
        while source.gone:
            pass
        source.promote(Penguins("bbbbbbbb"))
        deadline = time.monotonic() + 60
        while client.get("/readyz").json()["version"] != "bbbbbbbb":
            assert time.monotonic() < deadline


def test_what_was_served_is_logged_but_for_what_shall_not_be(tmp_path: Path) -> None:
    with client_of(FixedSource(Penguins()), log=tmp_path / "log", log_without=("island",)) as client:
        request = client.post("/predict", json=[PENGUIN, GENTOO]).json()["request"]
        client.post("/predict", json={**PENGUIN, "bill_length_mm": "secret"})
        client.post("/predict", content=b"{", headers={"Content-Type": "application/json"})
        answer = client.post("/feedback", json=[{"request": request, "row": 1, "label": "Gentoo"}])
        assert (answer.status_code, answer.json()["kept"]) == (202, 1)
    (served,) = (tmp_path / "log").glob("predictions-*.parquet")
    frame = pd.read_parquet(served)
    assert list(frame["status"]) == [200, 200, 422, 400]
    assert list(frame["request"][:2]) == [request, request]
    assert list(frame["row"][:2]) == [0, 1]
    assert list(frame["label"][:2]) == ["Adelie", "Gentoo"]
    assert frame["in.bill_length_mm"][0] == PENGUIN["bill_length_mm"]
    assert frame["field"][2] == "bill_length_mm"
    assert (frame["ms"] > 0).all()
    assert set(frame["version"]) == {"aaaaaaaa"}
    assert "in.island" not in frame
    everything = b"".join(path.read_bytes() for path in (tmp_path / "log").iterdir())
    assert b"secret" not in everything
    (labels,) = (tmp_path / "log").glob("labels-*.parquet")
    assert pd.read_parquet(labels).iloc[0][["request", "row", "label"]].tolist() == [request, 1, "Gentoo"]


class Films:
    """Whether a text says that a film is good."""

    name, version = "films", "aaaaaaaa"
    schema = Schema("text", (), (), "classification", ("bad", "good"), field="review")
    reference = Reference(
        tuple(Distribution.of(name, np.arange(9.0)) for name in ("words", "characters")), ()
    )

    def predict(self, raw: Any) -> Prediction:
        good = np.array([float("good" in text) for text in raw])
        shares = np.column_stack([1 - good, good])
        return Prediction(np.array(self.schema.labels)[shares.argmax(axis=1)], shares, None)


@pytest.mark.parametrize("without", [(), ("text",)])
def test_of_a_text_model_the_text_is_logged_and_nothing_beside_it(
    tmp_path: Path, without: tuple[str]
) -> None:
    source = FixedSource(Films())
    source.check(without)
    with pytest.raises(DeployError, match="did you mean text"):
        source.check(("txt",))
    with client_of(source, log=tmp_path / "log", log_without=without) as client:
        record = {"customer": "Alice", "review": "a good film"}
        assert client.post("/predict", json=record).json()["predictions"][0]["label"] == "good"
    (served,) = (tmp_path / "log").glob("predictions-*.parquet")
    frame = pd.read_parquet(served)
    assert frame["in.words"].tolist() == [3]
    assert frame.get("in.text", pd.Series(["-"])).tolist() == (["-"] if without else ["a good film"])
    assert b"Alice" not in served.read_bytes()


def test_labels_that_cannot_be_kept_are_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client_of(FixedSource(Penguins()), log=tmp_path / "log") as client:

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("deploy.serving.request_log.LogWriter._open", full)
        answer = client.post("/feedback", json={"request": "0" * 16, "label": "Adelie"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


def test_without_a_log_labels_are_refused_rather_than_lost(client: Client) -> None:
    answer = client.post("/feedback", json={"request": "0" * 16, "label": "Adelie"})
    assert answer.status_code == 409
    assert "--log" in answer.json()["error"]["rule"]


def test_a_full_disk_stops_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with client_of(FixedSource(Penguins()), log=tmp_path / "log") as client:

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("deploy.serving.request_log.LogWriter._open", full)
        assert client.post("/predict", json=PENGUIN).status_code == 200
        assert client.post("/predict", json=PENGUIN).status_code == 200
        assert "tuneyard_log_failures_total 2.0" in client.get("/metrics").text


def test_what_it_says_of_itself(client: Client) -> None:
    schema = client.get("/schema").json()
    assert (schema["model"], schema["task"], schema["target"]) == ("penguins", "classification", "species")
    assert client.post("/predict", json=schema["example"]).status_code == 200
    told = client.get("/openapi.json").json()
    assert set(told["paths"]) >= {"/predict", "/explain", "/feedback", "/healthz", "/readyz", "/metrics"}
    body = told["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    record, _ = body["schema"]["oneOf"]
    assert set(record["required"]) == set(PENGUIN)
    assert record["properties"]["bill_depth_mm"]["type"] == ["number", "null"]
    assert body["example"] == schema["example"]


def test_probes_and_figures(client: Client) -> None:
    assert client.get("/healthz").json() == {"alive": True}
    assert client.get("/readyz").json()["ready"] is True
    client.post("/predict", json={**PENGUIN, "island": None})
    client.get("/a/path/that/somebody/made/up")
    text = client.get("/metrics").text
    assert re.search(r'tuneyard_requests_total\{path="/predict",status="200"\} \d', text)
    assert 'tuneyard_rows_refused_total{field="island"}' in text
    assert "somebody" not in text


@pytest.mark.parametrize("path", ["/", "/docs", "/assets/try.js", "/assets/serve.css", "/assets/report.css"])
def test_pages_say_nothing_of_the_model_and_ask_nobody_else(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "penguin" not in answer.text.lower()
    assert "style=" not in answer.text
    assert not re.findall(r"<script(?! src)|\son\w+=", answer.text)
    assert not [url for url in re.findall(r"https?://[^\s\"']+", answer.text) if "w3.org" not in url]
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
