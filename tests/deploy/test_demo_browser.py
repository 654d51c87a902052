"""The demo page in a real chromium: the answers of Python, offline, and nothing that leaves it."""

from __future__ import annotations

import base64
import json
import os
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from catdog_lib.classes import CLASSES
from catdog_lib.data.loading import load, load_image
from catdog_lib.training.evaluate import predict_tta
from tests.course.page_audit import WINDOWS, cut_off, violations
from tests.course.test_site import CHROMIUM, FLAGS, Reader, served
from tests.deploy.demo_run import draw_photos, small_demo, small_run

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CAMERA = "--use-fake-device-for-media-stream --use-fake-ui-for-media-stream"
SAME_PIXELS, SAME_FILE = 1e-4, 0.05  # largest differences of a logit from Python's
DONE = "#status.answer, #status.problem"


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[Path]:
    return draw_photos(tmp_path_factory.mktemp("photos"), 64)


@pytest.fixture(scope="module")
def run(photos):
    return small_run(photos[0].parents[1])


@pytest.fixture(scope="module")
def demo(run, tmp_path_factory) -> Path:
    return small_demo(run, tmp_path_factory.mktemp("demo") / "page")


@pytest.fixture(scope="module")
def address(demo):
    with served(demo) as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as control:
        flags = [*FLAGS.split(), *CAMERA.split()]
        browser = control.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def reader(request, chromium, address):
    """The page, ready; at the end no request went elsewhere, and no policy was violated."""
    width, scheme = getattr(request, "param", (1440, "light"))
    reader = Reader(chromium, address, width, scheme)
    reader.open("index.html").locator("#intake").wait_for()
    yield reader
    reader.context.close()
    assert reader.outside == []
    assert reader.complaints == []


def choose(page, *files) -> str:
    """Choose a file, wait for the answer, and return what the page says."""
    page.locator("#file").set_input_files(*files)
    page.locator(DONE).wait_for()
    return page.locator("#status").inner_text()


def logits(page) -> np.ndarray:
    return np.array(page.locator("#result").get_attribute("data-logits").split(), float)


def expected(run, path: Path) -> np.ndarray:
    data, recipe = run.config["data"], run.recipe
    image = load_image(path, data["size"], data["resize"])
    with torch.no_grad():
        found = predict_tta(run.model, image[None], flip=recipe.test_flip, sizes=recipe.test_sizes)
    return found[0].numpy()


def test_the_same_pixels_give_the_same_logits(reader, run, photos, tmp_path):
    for number, path in enumerate(photos[:10]):
        png = tmp_path / f"{number}.png"
        with Image.open(path) as image:
            image.convert("RGB").save(png, exif=b"")
        choose(reader.page, png)
        assert np.abs(logits(reader.page) - expected(run, png)).max() < SAME_PIXELS


def test_jpeg_files_of_every_orientation_get_the_same_answers(reader, run, photos):
    for path in photos[:16]:
        said = choose(reader.page, path)
        ours = expected(run, path)
        assert np.abs(logits(reader.page) - ours).max() < SAME_FILE, path.name
        assert f"a {CLASSES[ours.argmax()]}, with a probability of" in said.lower()


@pytest.mark.parametrize(("width", "height"), [(300, 140), (90, 80), (520, 390), (40, 60)])
def test_a_large_jpeg_is_reduced_while_it_is_decoded(width, height, reader, tmp_path):
    """Compare pixels of noise: without the reduction they differ by 1.5 to 8 grey levels."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    path = tmp_path / "noise.jpg"
    Image.fromarray(noise).save(path, quality=95, subsampling=0)
    found = reader.page.evaluate(
        """async (content) => {
            const { readPhoto } = await import("./js/photo.js");
            const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
            return Array.from((await readPhoto(new Blob([bytes]), 32)).square.values);
        }""",
        base64.b64encode(path.read_bytes()).decode(),
    )
    pixels = load_image(path, 32).permute(1, 2, 0).numpy().astype(float)
    assert np.abs(np.reshape(found, (32, 32, 3)) - pixels).mean() < 0.7


@pytest.mark.photos
def test_real_photos_get_the_same_answers(reader, run):
    found = sorted(Path(os.environ["CATDOG_DATA"]).rglob("*.jpg"))
    for path in random.Random(0).sample(found, 10):
        choose(reader.page, path)
        assert np.abs(logits(reader.page) - expected(run, path)).max() < SAME_FILE, path.name


def test_what_is_transparent_lies_on_white(reader, run, tmp_path):
    pixels = np.zeros((90, 120, 4), np.uint8)
    pixels[20:70, 30:90] = (200, 40, 90, 255)
    path = tmp_path / "cut out.png"
    Image.fromarray(pixels).save(path)
    choose(reader.page, path)
    assert np.abs(logits(reader.page) - expected(run, path)).max() < SAME_PIXELS


def test_colours_are_taken_as_they_are_stored(reader, run, photos, tmp_path):
    """Python ignores colour profiles and gammas, so the page has to ignore them, too."""
    linear, path = PngInfo(), tmp_path / "linear.png"
    linear.add(b"gAMA", (100_000).to_bytes(4, "big"))
    with Image.open(photos[1]) as image:
        image.convert("RGB").save(path, pnginfo=linear, exif=b"")
    choose(reader.page, path)
    assert np.abs(logits(reader.page) - expected(run, path)).max() < SAME_PIXELS


def hand_over(page, path: Path, event: str) -> bool:
    """Drop or paste a file on the page, as a browser reports it.

    Return whether the browser is then to do what it does by itself: to open the file.
    """
    return page.evaluate(
        """([content, event]) => {
            const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "photo.jpg"));
            return document.body.dispatchEvent(event === "paste"
                ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
                : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        [base64.b64encode(path.read_bytes()).decode(), event],
    )


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_photo_can_be_dropped_and_pasted(event, reader, run, photos):
    opens = hand_over(reader.page, photos[3], event)
    assert opens == (event == "paste")
    reader.page.locator(DONE).wait_for()
    assert np.abs(logits(reader.page) - expected(run, photos[3])).max() < SAME_FILE


def test_the_camera_takes_a_photo_and_goes_off(reader):
    page = reader.page
    page.get_by_role("button", name="Use the camera").click()
    page.locator("#viewfinder").wait_for()
    page.evaluate("window.track = document.querySelector('video').srcObject.getTracks()[0], 0")
    page.get_by_role("button", name="Take the photo").click()
    page.locator(DONE).wait_for()
    assert "with a probability of" in page.locator("#status").inner_text()
    photo = page.locator("#photo")
    assert photo.evaluate("one => one.width / one.height") == pytest.approx(4 / 3, abs=0.01)
    assert page.locator("#viewfinder").is_hidden()
    assert page.evaluate("window.track.readyState") == "ended"


def test_a_double_click_opens_one_camera_that_goes_off(reader):
    page = reader.page
    page.evaluate(
        "(() => { const devices = navigator.mediaDevices, give = devices.getUserMedia;"
        "window.given = []; devices.getUserMedia = async (...a) => { const one = await"
        " give.apply(devices, a); window.given.push(one.getTracks()[0]); return one; }; })()"
    )
    page.get_by_role("button", name="Use the camera").dblclick()
    page.locator("#viewfinder").wait_for()
    page.locator("#stop").click()
    assert page.evaluate("window.given.map((track) => track.readyState)") == ["ended"]


@pytest.mark.parametrize(
    ("camera", "reason"),
    [
        ("{ async getUserMedia() { throw new DOMException('', 'NotAllowedError'); } }", "may not"),
        ("{ async getUserMedia() { throw new DOMException('', 'NotFoundError'); } }", "No camera"),
        ("undefined", "https"),
    ],
    ids=["refused", "none", "a page that is not secure"],
)
def test_a_camera_that_cannot_be_used_is_one_sentence(camera, reason, reader):
    page = reader.page
    page.evaluate(
        f"Object.defineProperty(navigator, 'mediaDevices', {{ value: {camera} }}); undefined"
    )
    page.get_by_role("button", name="Use the camera").click()
    page.locator(DONE).wait_for()
    said = page.locator("#status").inner_text()
    assert reason in said and said.count(".") == 1
    assert page.locator("#viewfinder").is_hidden()


def test_the_keyboard_is_enough(reader, photos):
    page = reader.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    ring = "getComputedStyle(document.querySelector('label[for=file]')).outlineStyle"
    assert page.evaluate(ring) == "solid"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(photos[0])
    page.locator(DONE).wait_for()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "strength":
            break
    drawn = "document.querySelector('#photo').toDataURL()"
    before = page.evaluate(drawn)
    page.keyboard.press("Home")
    assert page.locator("#strength").input_value() == "0"
    without = page.evaluate(drawn)
    page.keyboard.press("ArrowRight")
    assert len({before, without, page.evaluate(drawn)}) == 3
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the facts open
    assert page.locator("#facts").is_visible()


@pytest.mark.parametrize("reader", WINDOWS, indirect=True)
def test_the_page_passes_the_audit(reader, photos):
    page = reader.page
    assert (violations(page), cut_off(page)) == ([], [])  # before an answer
    choose(page, photos[0])
    assert (violations(page), cut_off(page)) == ([], [])  # with one


SCRIPT = b'<svg xmlns="http://www.w3.org/2000/svg"><script>document.title = "mine"</script></svg>'
UNUSABLE = {
    "a text": (b"meow", "holds no photo"),
    "an SVG with a script": (SCRIPT, "holds no photo"),
    "nothing": (b"", "holds no photo"),
    "a damaged photo": (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "is damaged"),
    "a JPEG that ends at once": (b"\xff\xd8\xff\xe1\xff\xff", "is damaged"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_file_that_is_no_photo_is_one_sentence(case, reader, photos):
    content, reason = UNUSABLE[case]
    page = reader.page
    choose(page, photos[0])
    said = choose(page, {"name": "<b>cat</b>.jpg", "mimeType": "image/jpeg", "buffer": content})
    assert reason in said and said.endswith(".") and said.count(".") == 1
    assert page.locator("#result").is_hidden()
    assert page.title() == "Cat or dog?" and page.locator("main b, main svg").count() == 0
    assert "with a probability of" in choose(page, photos[1])  # it goes on


def test_a_photo_that_is_cut_short_is_refused_as_in_python(reader, photos):
    half = photos[0].read_bytes()[: photos[0].stat().st_size // 2]
    file = {"name": "half.jpg", "mimeType": "image/jpeg", "buffer": half}
    assert "is damaged" in choose(reader.page, file)


def test_a_large_file_is_not_even_read(reader, tmp_path):
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(60_000_000)
    assert choose(reader.page, large) == ("This file has 60 MB; choose a photo of at most 50 MB.")


def test_a_photo_unlike_the_training_images_is_not_forced_into_a_class(reader, demo, photos):
    page, facts = reader.page, json.loads((demo / "demo.json").read_text(encoding="utf-8"))
    similar = choose(page, photos[0])
    assert similar.startswith("A ") and "at least" in page.locator("#reason").inner_text()
    page.route("**/demo.json", lambda route: route.fulfill(json={**facts, "threshold": 1.01}))
    page.reload()
    page.locator("#intake").wait_for()
    assert choose(page, photos[0]) == (
        "I don't know: this is unlike the images that I have learned from. If it shows one of the "
        f"two, then a {similar.removeprefix('A ')}"
    )
    assert "less than the 1.010" in page.locator("#reason").inner_text()


def test_a_training_image_is_its_own_nearest(reader, demo, run, tmp_path):
    data = load(**run.config["data"], progress=False)
    pixels, label = data.train[7]
    path = tmp_path / "known.png"
    Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(path)
    choose(reader.page, path)
    nearest = reader.page.locator("#neighbours li")
    assert nearest.count() == 5 and nearest.first.inner_text() == f"{CLASSES[label]} 1.00"
    drawn = nearest.first.locator("canvas").evaluate(
        "one => Array.from(one.getContext('2d').getImageData(0, 0, 64, 64).data)"
    )
    thumbnail = np.reshape(drawn, (64, 64, 4))[:, :, :3].astype(float)
    image = np.asarray(Image.open(path).resize((64, 64)), float)
    assert np.abs(thumbnail - image).mean() < 8  # JPEG


@pytest.mark.parametrize(
    "reader", [(390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")], indirect=True
)
def test_it_fits_and_is_photographed(reader, photos, tmp_path):
    page = reader.page
    choose(page, photos[2])
    page.get_by_text("About this network").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert (paper == "rgb(28, 28, 30)") == dark


def test_every_control_has_a_name_and_room_for_a_finger(reader, photos):
    page = reader.page
    choose(page, photos[0])
    for control in page.locator("main button:visible, main label.button").all():
        assert control.bounding_box()["height"] >= 44
    names = "one => one.labels?.[0]?.innerText || one.innerText || one.querySelector('img')?.alt"
    for control in page.locator("main button:visible, main input").all():
        assert control.evaluate(names), control
    assert page.locator("#photo").get_attribute("aria-label")
    assert page.locator("#status").get_attribute("role") == "status"


def test_the_policy_lets_nothing_out(chromium, address):
    """Try to send what a photo holds: the browser itself refuses, before any request."""
    reader = Reader(chromium, address, 1440, "light")
    page = reader.open("index.html")
    page.locator("#intake").wait_for()
    outcome = page.evaluate(
        """async () => {
            const tries = [fetch("http://127.0.0.2:9/", { method: "POST", body: "photo" })];
            const image = new Image();
            tries.push(new Promise((sent, refused) => {
                image.onload = sent;
                image.onerror = refused;
                image.src = "http://127.0.0.2:9/?photo";
            }));
            return (await Promise.allSettled(tries)).map((one) => one.status);
        }"""
    )
    reader.context.close()
    assert outcome == ["rejected", "rejected"]
    assert reader.outside == []
    complaints = " ".join(reader.complaints)
    assert "violates" in complaints and all(
        f'"{directive} ' in complaints for directive in ("connect-src", "img-src")
    )


def test_opened_as_a_file_it_says_what_to_do(chromium, demo):
    reader = Reader(chromium, demo.as_uri() + "/", 1440, "light")
    page = reader.open("index.html")
    said = page.locator("#status").inner_text()
    reader.context.close()
    assert "python -m http.server" in said and page is not None
