"""Who may ask: hosts, origins, tokens and rates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.served import PENGUIN, Client, FixedSource, Penguins, client_of
from deploy.errors import DeployError
from deploy.serving import Settings, is_loopback, read_token
from deploy.serving.guard import RateLimit

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def local() -> Iterator[Client]:
    with client_of(FixedSource(Penguins()), allow_hosts=("penguins.internal",)) as client:
        yield client


@pytest.fixture(scope="module")
def public() -> Iterator[Client]:
    with client_of(FixedSource(Penguins()), host="0.0.0.0", token=TOKEN) as client:
        yield client


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000", "127.9.9.9", "penguins.internal:80"]
)
def test_on_loopback_its_own_names_are_answered(local: Client, host: str) -> None:
    assert local.post("/predict", json=PENGUIN, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "192.168.1.5:8000",
        "0.0.0.0",
        "",
        "[",
        "a b",
    ],
)
@pytest.mark.parametrize("path", ["/", "/schema", "/healthz"])
def test_on_loopback_a_name_that_was_rebound_is_refused(local: Client, host: str, path: str) -> None:
    assert local.get(path, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8000", "", "http://["],
)
def test_pages_of_other_origins_are_refused(local: Client, origin: str) -> None:
    answer = local.post("/predict", json=PENGUIN, headers={"Origin": origin, "Host": "127.0.0.1:8000"})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_its_own_page_is_answered(local: Client) -> None:
    headers = {"Origin": "http://127.0.0.1:8000", "Host": "127.0.0.1:8000"}
    assert local.post("/predict", json=PENGUIN, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/schema", "/openapi.json", "/metrics", "/nowhere"])
@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer",
        "Bearer \xe9\xe9",
    ],
)
def test_without_the_token_nothing_is_told(public: Client, path: str, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given.encode("latin-1")}
    answer = public.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in answer.text


@pytest.mark.parametrize("path", ["/", "/docs", "/healthz", "/readyz", "/assets/try.js"])
def test_probes_and_empty_pages_need_no_token(public: Client, path: str) -> None:
    assert public.get(path).status_code == 200


def test_with_the_token_it_is_answered_under_any_name(public: Client) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "penguins.example"}
    assert public.post("/predict", json=PENGUIN, headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "penguins.example"])
def test_off_loopback_a_token_is_needed(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(DeployError, match="--token-file"):
        Settings(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_known(host: str) -> None:
    assert is_loopback(host)


def test_a_token_file_is_read_if_it_is_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    assert read_token(path) == TOKEN
    for mode in (0o644, 0o640, 0o602, 0o604):
        path.chmod(mode)
        with pytest.raises(DeployError, match=f"chmod 600 {path}"):
            read_token(path)


def test_a_token_is_not_shown_with_the_settings() -> None:
    assert TOKEN not in repr(Settings(host="0.0.0.0", token=TOKEN))


@pytest.mark.parametrize("text", ["", "short", "two words are no token", "ü" * 20])
def test_a_token_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(DeployError, match="openssl rand"):
        read_token(path)


def test_no_token_file(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="cannot be read"):
        read_token(tmp_path / "none")


def test_a_bucket_lets_twice_the_rate_through_at_once_and_then_the_rate() -> None:
    limit = RateLimit(rate=10.0)
    passed = [limit.wait("a", now=0.0) == 0 for _ in range(30)]
    assert passed == [True] * 20 + [False] * 10
    assert limit.wait("b", now=0.0) == 0, "another address has its own"
    assert limit.wait("a", now=0.0) == pytest.approx(0.1)
    assert limit.wait("a", now=0.1) == 0
    assert sum(limit.wait("a", now=1.0 + i / 100) == 0 for i in range(100)) == pytest.approx(18, abs=2)


def test_a_bucket_remembers_a_bounded_number_of_addresses() -> None:
    limit = RateLimit(rate=1.0, clients=100)
    for number in range(10_000):
        limit.wait(str(number), now=0.0)
    assert len(limit._buckets) == 100


def test_more_than_the_rate_is_refused_and_told_when(tmp_path: Path) -> None:
    with client_of(FixedSource(Penguins()), rate=0.01) as client:
        statuses = [client.post("/predict", json=PENGUIN).status_code for _ in range(3)]
        assert statuses == [200, 429, 429]
        assert int(client.get("/schema").headers["retry-after"]) > 1
        assert client.get("/healthz").status_code == 200
        assert client.get("/metrics").status_code == 200
