"""What a reader does with ten images: mostly with the keyboard."""

from __future__ import annotations

import re

import torch

from catdog_lib.data import ImageSet
from catdog_lib.explore import TenImages
from tests.explore.explorable_pages import BOARD, FEATURES, said, settle, until, widget


def drive_ten(page) -> None:
    """Choose, fill up, take back, draw at random, clear; end with dog 1, cat 1 and cat 2."""
    box = widget(page, "Ten images")
    box.scroll_into_view_if_needed()
    images = torch.zeros(24, 3, 8, 8, dtype=torch.uint8)
    twin = TenImages(ImageSet(images, torch.arange(24), BOARD, ("",) * 24), FEATURES)

    def tile(name: str):
        return box.locator(f'.catdog-thumb[aria-label^="{name},"]')

    def agrees(chosen: list[int], note: str = "") -> None:
        """Check the sentence, the tiles, the maps and the list of mistakes against Python."""
        twin.chosen = chosen
        settle(page)
        assert said(box) == " ".join(filter(None, [twin.summary(), note]))
        wrong = set()
        if {i % 2 for i in chosen} == {0, 1}:
            right = (twin.probabilities() > 0.5).long() == BOARD
            wrong = {i for i in range(24) if not right[i]}
        for i in range(24):
            one = tile(twin.name(i))
            assert one.get_attribute("aria-pressed") == str(i in chosen).lower()
            words = "chosen" if i in chosen else "not chosen"
            words += ", misjudged" if i in wrong else ""
            assert one.get_attribute("aria-label") == f"{twin.name(i)}, {words}"
        listed = box.locator(".catdog-misjudged-row img")
        names = {one.get_attribute("alt").partition(";")[0] for one in listed.all()}
        mistakes = {twin.name(i) for i in wrong - set(chosen)}
        assert names <= mistakes and len(names) == min(12, len(mistakes))
        maps = [one for one in box.locator("svg.catdog-ground").all() if one.is_visible()]
        assert len(maps) == (2 if wrong or {i % 2 for i in chosen} == {0, 1} else 1)
        for one in maps:
            rings = one.locator(".catdog-ring").get_attribute("d")
            crosses = one.locator(".catdog-misjudged").get_attribute("d")
            assert (rings.count("M"), crosses.count("l12")) == (len(chosen), len(wrong))

    agrees([])
    tile("dog 1").focus()
    page.keyboard.press("Space")
    agrees([1])
    tile("cat 1").focus()
    for key in ("Enter", "ArrowRight", "Space", "ArrowLeft", "ArrowLeft", "End", "Space"):
        page.keyboard.press(key)
    agrees([1, 0, 2, 22])
    assert tile("cat 12").evaluate("one => one === document.activeElement && !one.tabIndex")
    assert box.locator('.catdog-thumb[tabindex="0"]').count() == 2, "one stop for Tab each"
    box.get_by_text("cat 12: the head's probability that it is a dog is ").wait_for()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")  # a row further
    assert not tile("cat 1").evaluate("one => one === document.activeElement")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    agrees([1, 2, 22])
    box.get_by_role("button", name="Undo").click()
    agrees([1, 0, 2, 22])
    more = [3, 4, 5, 6, 7, 8]
    for i in more:
        tile(twin.name(i)).click()
    until(page, box, "chosen. The head gets ")
    full = [1, 0, 2, 22, *more]
    tile("cat 8").click()
    until(page, box, "10 images are chosen: take one away before you choose cat 8.")
    note = said(box).partition("%). ")[2]
    agrees(full, note)
    box.get_by_role("button", name="Ten at random").click()
    drawn = [i for i in range(24) if tile(twin.name(i)).get_attribute("aria-pressed") == "true"]
    assert sorted(i % 2 for i in drawn) == [0] * 5 + [1] * 5
    box.get_by_role("button", name="Clear").click()
    agrees([])
    # a dot of the map does the same as its image
    tile("dog 1").click()
    tile("cat 1").click()
    ground = box.locator("svg.catdog-ground").first
    place = ground.locator(".catdog-dot").nth(2).get_attribute("transform")
    x, y = map(float, re.findall(r"[\d.]+", place))
    size = ground.bounding_box()
    ground.click(position={"x": x * size["width"] / 400, "y": y * size["height"] / 300})
    agrees([1, 0, 2], said(box).partition("%). ")[2])
