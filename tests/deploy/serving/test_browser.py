"""The page to try a model by hand, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from contracts.browsed import CHROMIUM, PATIENCE, playwright
from contracts.exported_penguins import Server, exported, serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="needs a Chromium: apt-get install chromium, or set CHROMIUM"
    ),
]

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("penguins")
    token = folder / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    with serving(
        exported(folder), "--runner", "uvicorn", "--no-log", "--token-file", token, cwd=folder
    ) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE)
        yield browser
        browser.close()


class Visitor:
    """A page that was opened and given the token; `said`: everything on its console; `asked`: every address."""

    def __init__(self, page: Any, url: str, path: str) -> None:
        self.page, self.said, self.asked = page, [], set()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: self.asked.add(request.url.removeprefix(url)))
        page.goto(f"{url}{path}")
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Use it").click()
        page.wait_for_selector("html[data-ready]", state="attached")
        self.said.clear()  # Chromium notes the 401 that the page asks for the token after

    def answered(self) -> None:
        """Press Predict and wait for what comes."""
        before = int(self.page.evaluate("document.documentElement.dataset.answered || 0"))
        self.page.get_by_role("button", name="Predict").click()
        self.page.wait_for_selector(f'html[data-answered="{before + 1}"]', state="attached")


@pytest.fixture(params=[("light", 1280), ("dark", 390)], ids=lambda each: each[0])
def visitor(request: pytest.FixtureRequest, browser: Any, server: Server) -> Iterator[Visitor]:
    scheme, width = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    yield Visitor(context.new_page(), server.url, "/")
    context.close()


def test_a_record_is_filled_in_and_answered(visitor: Visitor) -> None:
    page = visitor.page
    assert page.locator("#name").inner_text() == "penguins"
    assert page.get_by_label("island").input_value() != ""
    page.get_by_label("island").select_option("Biscoe")
    page.get_by_label("flipper_length_mm").fill("228")
    page.get_by_label("bill_depth_mm").fill("14.2")
    page.get_by_label("body_mass_g").fill("5800")
    visitor.answered()
    assert page.locator("#label").inner_text() == "Gentoo"
    assert page.locator("#answer tbody tr").count() == 3
    page.get_by_role("button", name="Explain").click()
    page.wait_for_selector("#answer h3")
    assert "Gentoo" in page.locator("#answer h3").inner_text()
    assert page.locator("#answer .table-box").nth(1).locator("tbody tr").count() == 7
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visitor.said == []
    assert all(path.startswith(("/", "data:")) and "//" not in path for path in visitor.asked), visitor.asked


def test_what_is_wrong_stands_at_its_field_and_markup_stays_text(visitor: Visitor) -> None:
    page = visitor.page
    evil = "<img src=x onerror=alert(1)>"
    page.get_by_label("year").fill(evil)
    visitor.answered()
    field = page.get_by_label("year")
    assert field.get_attribute("aria-invalid") == "true"
    assert "number" in page.locator(f"#{field.get_attribute('id')}-fault").inner_text()
    assert page.locator("img").count() == 0
    page.get_by_role("button", name="Typical values").click()
    assert field.get_attribute("aria-invalid") is None
    visitor.answered()
    assert page.locator("#label").inner_text() in ("Adelie", "Chinstrap", "Gentoo")
    assert all("422" in each for each in visitor.said), visitor.said


def test_the_api_is_described_with_calls_to_copy(browser: Any, server: Server) -> None:
    context = browser.new_context()
    visitor = Visitor(context.new_page(), server.url, "/docs")
    assert visitor.page.locator("h2").all_inner_texts()[:3] == [
        "POST /predict",
        "POST /explain",
        "POST /feedback",
    ]
    assert f"curl {server.url}/predict" in visitor.page.locator("pre").first.inner_text()
    assert visitor.said == []
    context.close()


def test_a_wrong_token_is_asked_for_again(browser: Any, server: Server) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(server.url)
    page.get_by_label("Token").fill("not the token at all")
    page.get_by_role("button", name="Use it").click()
    playwright.expect(page.locator("#problem")).to_have_text("The server does not know this token.")
    assert not page.locator("#record").is_visible()
    context.close()
