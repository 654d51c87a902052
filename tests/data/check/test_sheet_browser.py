"""The contact sheet in a real browser: names with markup are text, and no script runs."""

import shutil

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from catdog_lib.data.check.contact_sheet import write_contact_sheet
from catdog_lib.data.check.folder import check_folder
from tests.data.photo_folders import fill

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.slow]
SCRIPT = "<script>document.title='mine'</script>"
NAMES = (
    "cat.<img src=x onerror=alert(1)>.jpg",
    "cat.\"'><svg onload=alert(2)>.png",
    "cat.&lt;b&gt;.jpg",
    "cat.<script>document.title=1.jpg",
)


def test_no_script_runs_and_every_name_is_text(tmp_path):
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 2)
    for name in NAMES:
        (tmp_path / "pets" / name).write_bytes(SCRIPT.encode())  # HTML in place of a photo
    note = PngInfo()
    note.add_text("Comment", SCRIPT)
    odd = tmp_path / "pets" / "dog.<u>.png"
    Image.new("RGB", (20, 20)).save(odd, pnginfo=note)  # usable, and tiny: it is shown
    write_contact_sheet(check_folder(tmp_path / "pets", progress=False), tmp_path / "s.html")
    with playwright.sync_playwright() as control:
        browser = control.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        dialogs, asked = [], []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((tmp_path / "s.html").as_uri())
        text = page.locator("body").inner_text()
        elements = page.locator("script, svg, b, u, img:not([src^='data:'])").count()
        title = page.title()
        policy = page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')")
        browser.close()
    assert all(name in text for name in NAMES) and odd.name in text
    assert (title, dialogs, elements) == ("Suspects in pets", [], 0)
    assert policy == "refused"
    assert not [
        url for url in asked if not url.startswith(("file:", "data:", "http://127.0.0.1:9"))
    ]
