"""Parts stand behind their owner and come and go with it; bystanders are marked before anything goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PRESSED = "aria-pressed"


def test_a_part_goes_with_its_owner_and_can_be_kept_alone(studio: Any, bus: Path) -> None:
    studio.open(bus)
    studio.do("find")
    studio.page.wait_for_selector(".owned")
    studio.rest()
    part = next(one for one in studio.visit().step().found if one.of)
    owner, its = (studio.page.locator(f".chip[data-number='{number}']") for number in (part.of, part.number))
    assert part.label in its.inner_text()
    owner.click()
    assert (owner.get_attribute(PRESSED), its.get_attribute(PRESSED)) == ("true", "true")
    its.click()
    assert (owner.get_attribute(PRESSED), its.get_attribute(PRESSED)) == ("true", "false")
    owner.click()
    assert owner.get_attribute(PRESSED) == "false"


def test_bystanders_are_marked_the_subjects_outlined_and_a_click_changes_it(studio: Any, bus: Path) -> None:
    studio.open(bus)
    studio.only("navier-stokes")
    studio.do("bystanders")
    studio.page.wait_for_selector(".chip[aria-pressed=true]")
    studio.rest()
    subjects = studio.app("s.app.subjects")
    marked = studio.app("s.app.found.filter(f => document.querySelector(`.chip[data-number='${f.number}']`)"
        ".getAttribute('aria-pressed') === 'true').map(f => f.number)")  # fmt: skip
    people = {one.number: one for one in studio.visit().step().found if one.label == "person"}
    assert subjects
    assert set(subjects) | set(marked) >= set(people)
    assert not set(subjects) & set(marked)
    assert not studio.visit().step().made, "nothing is removed before it was seen"
    studio.remove()
    (made,) = studio.visit().step().made.values()
    hole = made.whole(studio.visit().pixels()).mask
    assert hole.any()
    for number in subjects:
        box = people[number].box
        assert not (hole[box.slices] & people[number].mask).any(), "the hole does not grow into who stays"


def test_all_four_buttons_are_whole_on_a_phone(phone: Any, bus: Path) -> None:
    phone.open(bus)
    edges = phone.page.evaluate("[...document.querySelectorAll('.st-actions .b')].map((b) => b.getBoundingClientRect())"
        ".flatMap((b) => [b.left, b.right])")  # fmt: skip
    assert len(edges) == 8
    assert min(edges) >= 0
    assert max(edges) <= 390
