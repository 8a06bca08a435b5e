"""What a server is sent that it cannot serve: each is refused in one form, none of it fails or tells of the inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from contracts.served import PENGUIN, Client, FixedSource, Penguins, client_of

JSON = {"Content-Type": "application/json"}
LEAKS = ("Traceback", 'File "', ".py", "site-packages", "Error(", "Exception")


def record(**changes: Any) -> dict[str, Any]:
    return {**PENGUIN, **changes}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in PENGUIN.items() if key != name}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with client_of(FixedSource(Penguins()), body_bytes=200_000, rows=100) as client:
        yield client


ROWS: dict[str, tuple[Any, int, str]] = {
    "a number as text": (record(bill_length_mm="39.1"), 0, "bill_length_mm"),
    "a number as truth": (record(bill_length_mm=True), 0, "bill_length_mm"),
    "a number in a list": (record(bill_length_mm=[39.1]), 0, "bill_length_mm"),
    "a number in an object": (record(bill_length_mm={"is": 39.1}), 0, "bill_length_mm"),
    "a missing number that never was": (record(bill_length_mm=None), 0, "bill_length_mm"),
    "a number that is too large": (record(bill_length_mm=1e300), 0, "bill_length_mm"),
    "a whole number beyond floats": (record(bill_length_mm=10**400), 0, "bill_length_mm"),
    "a label in a list": (record(island=["Biscoe"]), 0, "island"),
    "a label in an object": (record(island={"name": "Biscoe"}), 0, "island"),
    "no label": (record(island=None), 0, "island"),
    "a column missing": (without("island"), 0, "island"),
    "a number missing": (without("flipper_length_mm"), 0, "flipper_length_mm"),
    "an empty object": ({}, 0, "bill_length_mm"),
    "the third of three": ([PENGUIN, PENGUIN, record(island=7.5e400)], 2, "island"),
    "the second of two": ([PENGUIN, record(bill_depth_mm="deep")], 1, "bill_depth_mm"),
    "null": (None, 0, ""),
    "a number": (5, 0, ""),
    "a truth": (True, 0, ""),
    "a text": ("penguin", 0, ""),
    "a list of numbers": ([1, 2, 3], 0, ""),
    "a list of lists": ([[39.1, 18.7, 181.0, "Torgersen"]], 0, ""),
    "a list of null": ([None], 0, ""),
    "lists in lists": ([[[[[[[[[[[[]]]]]]]]]]]], 0, ""),
    "a record in records in records": ({"records": [{"records": [PENGUIN]}]}, 0, "bill_length_mm"),
    "an object of objects": ({"a": {"b": {"c": {}}}}, 0, "bill_length_mm"),
    "names with nothing behind": ({"__class__": "x", "__proto__": {"a": 1}}, 0, "bill_length_mm"),
    "half a character": (record(bill_length_mm="\ud800"), 0, "bill_length_mm"),
    "a null byte": (record(bill_length_mm="\x00"), 0, "bill_length_mm"),
    "markup": (record(bill_length_mm="<script>alert(1)</script>"), 0, "bill_length_mm"),
    "a template": (record(bill_length_mm="{{7*7}}${7*7}"), 0, "bill_length_mm"),
    "text from right to left": (record(bill_length_mm="\u202egnol"), 0, "bill_length_mm"),
}


@pytest.mark.parametrize("path", ["/predict", "/explain"])
@pytest.mark.parametrize("name", ROWS)
def test_a_wrong_record_is_refused_with_its_row_and_field(client: Client, path: str, name: str) -> None:
    body, row, field = ROWS[name]
    answer = client.post(path, content=json.dumps(body), headers=JSON)
    assert answer.status_code == 422, answer.text
    fault = answer.json()["error"]["faults"][0]
    assert (fault["row"], fault["field"]) == (row, field)
    assert fault["rule"]
    assert len(fault["value"]) < 100
    calm(answer)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_is_none_is_named_by_row_and_field(client: Client, number: str) -> None:
    body = json.dumps([PENGUIN, record(bill_length_mm=0.123)]).replace("0.123", number)
    answer = client.post("/predict", content=body, headers=JSON)
    assert answer.status_code == 422
    fault = answer.json()["error"]["faults"][0]
    assert (fault["row"], fault["field"]) == (1, "bill_length_mm")
    assert "finite" in fault["rule"]
    calm(answer)


WHOLE = json.dumps(PENGUIN)
BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "a space": (b" ", 400),
    "an empty list": (b"[]", 422),
    "an empty list of records": (b'{"records": []}', 422),
    "records that are no list": (b'{"records": 5}', 422),
    "cut": (WHOLE[:-9].encode(), 400),
    "cut in a text": (WHOLE[:-3].encode(), 400),
    "cut in an escape": (b'{"island": "\\u12', 400),
    "two values": (f"{WHOLE}{WHOLE}".encode(), 400),
    "a comma too many": (WHOLE.replace("}", ",}").encode(), 400),
    "single quotes": (WHOLE.replace('"', "'").encode(), 400),
    "a comment": (b"// a penguin\n" + WHOLE.encode(), 400),
    "a field twice": (WHOLE.replace("{", '{"island": "Dream", ', 1).encode(), 400),
    "UTF-16": (WHOLE.encode("utf-16"), 400),
    "UTF-16 without a mark": (WHOLE.encode("utf-16-le"), 400),
    "Latin-1": ('{"island": "Tørgersen"}'.encode("latin-1"), 400),
    "a byte order mark": (b"\xef\xbb\xbf" + WHOLE.encode(), 400),
    "overlong UTF-8": (b'{"island": "\xc0\xaf"}', 400),
    "a bare control character": (b'{"island": "a\x01b"}', 400),
    "null bytes": (b"\x00" * 64, 400),
    "a pickle": (b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07builtins\x94.", 400),
    "a form": (b"bill_length_mm=39.1&island=Torgersen", 400),
    "XML": (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 400),
    "lists 50,000 deep": (b"[" * 50_000 + b"]" * 50_000, 400),
    "objects 20,000 deep": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400),
    "lists that never close": (b"[" * 100_000, 400),
    "a number of 20,000 digits": (b'{"bill_length_mm": ' + b"9" * 20_000 + b"}", 400),
    "a number with a leading zero": (b'{"bill_length_mm": 039.1}', 400),
    "a hexadecimal number": (b'{"bill_length_mm": 0x27}', 400),
    "too large": (b'"' + b"a" * 200_000 + b'"', 413),
    "too many records": (json.dumps([PENGUIN] * 101).encode(), 413),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_records_is_refused(client: Client, name: str) -> None:
    body, status = BODIES[name]
    answer = client.post("/predict", content=body, headers=JSON)
    assert answer.status_code == status, answer.text
    assert len(answer.json()["error"]["rule"]) < 200
    calm(answer)


CONTENT = {
    "none": {},
    "text": {"Content-Type": "text/plain"},
    "a form": {"Content-Type": "application/x-www-form-urlencoded"},
    "parts": {"Content-Type": "multipart/form-data; boundary=a"},
    "a pickle": {"Content-Type": "application/octet-stream"},
    "nearly JSON": {"Content-Type": "application/json5"},
    "JSON in UTF-16": {"Content-Type": "application/json; charset=utf-16"},
    "JSON, zipped": {**JSON, "Content-Encoding": "gzip"},
    "very long": {"Content-Type": "a" * 10_000},
}


@pytest.mark.parametrize("name", CONTENT)
def test_another_kind_of_content_is_refused(client: Client, name: str) -> None:
    answer = client.post("/predict", content=WHOLE.encode(), headers=CONTENT[name])
    assert answer.status_code == 415
    calm(answer)


@pytest.mark.parametrize("length", ["999999999999", "9" * 400, "-5", "five", "1e3"])
def test_a_length_that_is_announced_is_looked_at_before_the_body(client: Client, length: str) -> None:
    answer = client.post("/predict", content=b"{}", headers={**JSON, "Content-Length": length})
    assert answer.status_code == 413
    calm(answer)


PATHS = [
    "/../../etc/passwd",
    "/assets/../app.py",
    "/assets/..%2fapp.py",
    "/assets/%2e%2e/settings.py",
    "/assets//etc/passwd",
    "/assets/try.js%00.html",
    "/assets/",
    "//predict",
    "/predict/",
    "/predict/../metrics/x",
    "/PREDICT",
    "/predict%00",
    "/%ff%fe",
    "/.git/config",
    "/docs/oauth2-redirect",
    "/redoc",
    "/a" * 2_000,
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:24])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_that_is_none_leads_nowhere(client: Client, method: str, path: str) -> None:
    answer = client.request(method, f"http://127.0.0.1:8000{path}", follow_redirects=False)
    assert answer.status_code in (404, 405), answer.text
    assert "root:" not in answer.text
    calm(answer)


@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "X" * 500]
)
def test_another_method_is_refused(client: Client, method: str) -> None:
    answer = client.request(method, "/predict", content=WHOLE)
    assert answer.status_code == 405
    calm(answer)


FEEDBACK: dict[str, tuple[Any, str]] = {
    "no id": ({"label": "Adelie"}, "request"),
    "an id that is a path": ({"request": "../../etc/passwd", "label": "Adelie"}, "request"),
    "an id that is a number": ({"request": 5, "label": "Adelie"}, "request"),
    "a row below zero": ({"request": "0" * 16, "row": -1, "label": "Adelie"}, "row"),
    "a row that is half": ({"request": "0" * 16, "row": 0.5, "label": "Adelie"}, "row"),
    "a row that is true": ({"request": "0" * 16, "row": True, "label": "Adelie"}, "row"),
    "a row of 4,000 digits": ({"request": "0" * 16, "row": 10**3999, "label": "Adelie"}, "row"),
    "no label": ({"request": "0" * 16}, "label"),
    "a list of labels": ({"request": "0" * 16, "label": ["Adelie"]}, "label"),
    "a label without end": ({"request": "0" * 16, "label": "A" * 5_000}, "label"),
    "a value to a classifier": ({"request": "0" * 16, "value": 3}, "label"),
    "a field that is none": ({"request": "0" * 16, "label": "Adelie", "admin": True}, "admin"),
    "a text": ("Adelie", ""),
    "null": (None, ""),
}


@pytest.mark.parametrize("name", FEEDBACK)
def test_a_label_that_is_none_is_refused(client: Client, name: str) -> None:
    body, field = FEEDBACK[name]
    answer = client.post("/feedback", content=json.dumps(body), headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["error"]["faults"][0]["field"] == field
    calm(answer)


def calm(answer: Any) -> None:
    """No failure, nothing of the inside, the one form of an answer, and safe to look at."""
    assert answer.status_code < 500
    assert not [leak for leak in LEAKS if leak in answer.text]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert set(answer.json()) == {"error", "request"}
    assert answer.json()["request"] == answer.headers["x-request-id"]
    assert answer.text.isascii()


def test_after_all_that_it_predicts_as_before(client: Client) -> None:
    answer = client.post("/predict", json=PENGUIN)
    assert answer.json()["predictions"][0]["label"] == "Adelie"
