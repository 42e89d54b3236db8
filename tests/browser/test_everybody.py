"""For everybody: axe-core's rules on every tab, and a whole removal without a mouse, by the names a screen reader says.

axe-core is an npm file that nothing else here uses: `npm install --no-save axe-core`, or its folder in INPAINT_AXE.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import visited
from driver import Studio
from PIL import Image as PillowImage

from inpaint_app.backends.registry import DEFAULT, find
from tests.conftest import ROOT

DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
TABS = ("Test on this photo", "Evaluate", "Batch", "Models", "Help")


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core's script; skips in a plain clone, never under CI."""
    folders = (os.environ.get("INPAINT_AXE", ""), str(ROOT / "node_modules" / "axe-core"))
    for folder in folders:
        script = Path(folder) / "axe.min.js"
        if folder and script.is_file():
            return script.read_text(encoding="utf-8")
    if os.environ.get("CI"):
        pytest.fail("axe-core is missing: npm install --no-save axe-core")
    pytest.skip("needs axe-core: npm install --no-save axe-core")


@pytest.fixture(
    params=[(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")],
    ids=["desk light", "desk dark", "phone light", "phone dark"],
)
def page(request: Any, server: Any, browser: Any) -> Iterator[Studio]:
    """A fresh page of each size and shade."""
    size, shade = request.param
    yield from visited(server, browser, color_scheme=shade, reduced_motion="reduce", **size)


def complaints(studio: Studio, where: str) -> list[str]:
    """What axe-core finds on the page as it is now, by all its rules, those that it still tries out too.

    A dark page differs from the light one by its colours alone: there by the rules of colour.
    """
    found = studio.page.evaluate(
        """async () => {
            const dark = matchMedia("(prefers-color-scheme: dark)").matches;
            const rules = axe.getRules(dark ? ["cat.color"] : undefined).map((rule) => rule.ruleId)
                .filter((rule) => rule !== "color-contrast-enhanced" && rule !== "identical-links-same-purpose");
            const options = { runOnly: { type: "rule", values: rules }, resultTypes: ["violations"] };
            const result = await axe.run(document, options);
            const where = (one) => one.nodes.map((node) => node.html.slice(0, 160)).slice(0, 4);
            return result.violations.map((one) => [one.id, where(one)]);
        }"""
    )
    return [f"{where}: {rule}: {html}" for rule, html in found]


def go(studio: Studio, name: str) -> None:
    """To a tab; where the screen is narrow some stand in a menu."""
    tab = studio.page.get_by_role("tab", name=name)
    if not tab.count():
        studio.page.get_by_role("button", name="More tabs").click()
        tab = studio.page.locator(".overflow-dropdown button", has_text=name)
    tab.click()
    studio.page.locator(".sheet:visible h1").wait_for()


def test_axe_finds_nothing_on_any_tab(page: Studio, axe: str, small: Path, bus: Path) -> None:
    page.page.evaluate(axe)
    found = complaints(page, "start")
    page.open(bus)
    page.only("telea")
    page.page.keyboard.press("f")
    page.page.wait_for_selector(".chip")
    page.rest()
    page.page.locator(".group[data-label=person]").click()
    page.page.evaluate("document.querySelectorAll('.st details').forEach((one) => { one.open = true; })")
    found += complaints(page, "found")
    page.remove()
    found += complaints(page, "compared")
    page.page.keyboard.press("g")
    page.page.wait_for_selector(".st-gallery figure >> nth=1")
    found += complaints(page, "side by side")
    page.page.keyboard.press("n")
    page.page.wait_for_selector(".st[data-step='1'][data-mode='edit']")
    page.rest()
    found += complaints(page, "next step")
    for name in TABS:
        go(page, name)
        found += complaints(page, name)
    assert found == []


def pressed(studio: Studio, matches: Callable[[Any], bool], key: str, back: bool = False) -> None:
    """Go from control to control as the Tab key does until one matches, and press a key there."""
    for _ in range(120):
        studio.page.keyboard.press("Shift+Tab" if back else "Tab")
        if matches(studio.page.locator(":focus")):
            studio.page.keyboard.press(key)
            return
    raise AssertionError("no such control is reached by the Tab key")


def named(studio: Studio, role: str, name: str) -> Callable[[Any], bool]:
    """Whether the control that has the focus has this role and says this name."""
    wanted = studio.page.get_by_role(role, name=re.compile(name))

    def matches(focused: Any) -> bool:
        if focused.count() != 1:
            return False
        here = focused.element_handle()
        return any(here.evaluate("(here, one) => here === one", one) for one in wanted.element_handles())

    return matches


def focus_is(studio: Studio, role: str, name: str) -> None:
    """Wait until the focus is on the control of that role and name."""
    studio.wait_until(lambda: named(studio, role, name)(studio.page.locator(":focus")))


def test_a_whole_removal_by_keyboard_alone(server: Any, browser: Any, bus: Path, tmp_path: Path) -> None:
    for studio in visited(server, browser, **DESK):
        page = studio.page
        with page.expect_file_chooser() as chooser:
            pressed(studio, named(studio, "button", "Open a photo"), "Enter")
        chooser.value.set_files(str(bus))
        page.wait_for_selector(".st[data-mode='edit']")
        studio.rest()
        page.get_by_role("heading", level=1, name="Take things out of bus.jpg").wait_for()
        pressed(studio, named(studio, "button", "Find objects"), "Enter")
        page.wait_for_selector(".chip")
        studio.rest()
        assert page.get_by_role("status").filter(has_text="Found 4 people, 1 bus").count() == 1
        focus_is(studio, "button", "^people")
        pressed(studio, named(studio, "button", "^person 2 "), "Space")
        assert page.get_by_role("button", name="person 2").get_attribute("aria-pressed") == "true"
        pressed(studio, named(studio, "checkbox", "^Telea"), "Space")
        pressed(studio, named(studio, "checkbox", f"^{find(DEFAULT).title}"), "Space", back=True)
        pressed(studio, named(studio, "button", "^Remove$"), "Enter", back=True)
        page.wait_for_selector(".st[data-mode='compare']")
        studio.rest()
        assert page.get_by_role("status").filter(has_text="0 known pixels changed").count() == 1
        focus_is(studio, "slider", "Before and after")
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        assert page.get_by_role("slider", name="Before and after").get_attribute("aria-valuenow") == "60"
        with page.expect_download() as download:
            pressed(studio, named(studio, "button", "^Download$"), "Enter")
        target = tmp_path / download.value.suggested_filename
        download.value.save_as(target)
        assert target.name == "bus-removed.jpg"
        before, after = (np.asarray(PillowImage.open(path).convert("RGB")) for path in (bus, target))
        changed = (before != after).any(axis=2)
        assert 0 < changed.mean() < 0.2
