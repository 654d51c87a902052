"""What the page computes by itself is what Python computes: each script, in node, against it."""

import io

import numpy as np
import PIL
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from catdog_lib.data.decode import to_square
from catdog_lib.trust.neighbours import nearest
from tests.deploy.demo_scripts import run_script

RANDOM = np.random.default_rng(0)


def noise(width: int, height: int) -> np.ndarray:
    """Return an image with edges as hard as can be: bicubic kernels overshoot at them."""
    return RANDOM.choice([0, 3, 128, 255], (height, width, 3)).astype(np.uint8)


def as_case(pixels: np.ndarray) -> dict:
    height, width, _ = pixels.shape
    return {"width": width, "height": height, "values": pixels.ravel().tolist()}


def test_it_resizes_exactly_as_pillow_does(tmp_path):
    shapes = [(61, 47, 32), (200, 31, 24), (9, 13, 32), (32, 32, 32), (64, 64, 32)]
    shapes += [(60, 88, 32), (20, 32, 32), (40, 9, 16)]
    if int(PIL.__version__.split(".")[0]) >= 13:  # older ones resize a tall image in another order
        shapes += [(33, 300, 17), (60, 89, 32), (20, 33, 32)]
    images = [(noise(width, height), size) for width, height, size in shapes]
    code = "([image, size]) => Array.from(js.toSquare(image, size).values)"
    found = run_script("resize.js", code, [[as_case(p), size] for p, size in images], tmp_path)
    for (pixels, size), values in zip(images, found, strict=True):
        expected = np.asarray(to_square(Image.fromarray(pixels), size))
        assert np.array_equal(np.reshape(values, (size, size, 3)), expected)


def test_a_large_jpeg_is_reduced_by_the_factor_that_pillow_chooses(tmp_path):
    sizes = [(500, 375, 224), (500, 375, 64), (447, 448, 224), (448, 448, 224), (4000, 3000, 224)]
    sizes += [(2000, 60, 64), (1023, 511, 64)]
    found = run_script("reduce.js", "(case_) => js.reduction(...case_)", sizes, tmp_path)
    for (width, height, size), factor in zip(sizes, found, strict=True):
        file = io.BytesIO()
        Image.new("RGB", (width, height)).save(file, "JPEG")
        image = Image.open(file)
        image.draft("RGB", (size, size))
        assert image.width == -(-width // factor) and image.height == -(-height // factor)


@pytest.mark.parametrize("factor", [1, 2, 4, 8])
def test_squares_become_their_means_also_at_the_edges(factor, tmp_path):
    pixels = noise(37, 21)
    rgba = np.concatenate([pixels, np.full((21, 37, 1), 255, np.uint8)], axis=2)
    code = "([rgba, width, rows, factor]) => Array.from(js.reduceRows(rgba, width, rows, factor))"
    (found,) = run_script("reduce.js", code, [[rgba.ravel().tolist(), 37, 21, factor]], tmp_path)
    expected = np.asarray(Image.fromarray(pixels).reduce(factor))
    assert np.array_equal(np.reshape(found, expected.shape), expected)


def test_what_is_transparent_lies_on_white(tmp_path):
    values, alphas = np.meshgrid(range(0, 256, 15), range(0, 256, 15))
    rgba = np.stack([values, values, values, alphas], axis=2).astype(np.uint8)
    code = "(rgba) => Array.from(js.reduceRows(rgba, rgba.length / 4, 1, 1))"
    (found,) = run_script("reduce.js", code, [rgba.ravel().tolist()], tmp_path)
    white = Image.new("RGBA", (rgba.shape[1], rgba.shape[0]), "white")
    expected = np.asarray(Image.alpha_composite(white, Image.fromarray(rgba)).convert("RGB"))
    assert np.abs(np.reshape(found, expected.shape) - expected).max() <= 1


@pytest.mark.parametrize("endian", "<>")
def test_it_reads_and_removes_the_orientation(endian, tmp_path):
    files = []
    for orientation in range(9):  # 0 is none of them
        exif, file = Image.Exif(), io.BytesIO()
        exif.endian = endian
        exif[0x0110], exif[0x0112] = "a camera", orientation
        Image.fromarray(noise(16, 8)).save(file, "JPEG", exif=exif)
        files.append(file.getvalue())
    code = """(bytes) => {
        const { orientation, parts } = js.takeOrientation(new Uint8Array(bytes));
        return [orientation, parts.flatMap((part) => Array.from(part))];
    }"""
    found = run_script("exif.js", code, [list(file) for file in files], tmp_path)
    for wanted, (orientation, left), file in zip(range(9), found, files, strict=True):
        assert orientation == (wanted or 1)
        with Image.open(io.BytesIO(bytes(left))) as image, Image.open(io.BytesIO(file)) as stored:
            assert not image.getexif()
            assert np.array_equal(np.asarray(image), np.asarray(stored))


def test_a_damaged_note_is_no_orientation(tmp_path):
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    Image.new("RGB", (16, 8)).save(file, "JPEG", exif=exif)
    whole = file.getvalue()
    entry = whole.index(b"Exif") + 10
    cases = [whole[:length] for length in (3, 8, 20, entry + 6)]
    cases.append(whole[:entry] + b"\xff\xff\xff\xf0" + whole[entry + 4 :])  # entries far outside
    code = "(bytes) => js.takeOrientation(new Uint8Array(bytes)).orientation"
    assert run_script("exif.js", code, [list(one) for one in cases], tmp_path) == [1] * len(cases)


def test_each_orientation_is_turned_as_python_turns_it(tmp_path):
    from catdog_lib.data.photo_file import _TRANSPOSES

    pixels = noise(5, 3)
    cases = [[as_case(pixels), orientation] for orientation in range(1, 9)]
    code = """([image, orientation]) => {
        const { width, height, values } = js.upright(image, orientation);
        return [width, height, Array.from(values)];
    }"""
    found = run_script("turn.js", code, cases, tmp_path)
    for orientation, (width, height, values) in enumerate(found, start=1):
        image = Image.fromarray(pixels)
        turned = image if orientation == 1 else image.transpose(_TRANSPOSES[orientation])
        assert (width, height) == turned.size
        assert np.array_equal(np.reshape(values, (height, width, 3)), np.asarray(turned))


def test_the_nearest_are_those_that_python_finds(tmp_path):
    torch.manual_seed(0)
    features, rows = torch.rand(4, 12), torch.randint(-127, 128, (30, 12))
    code = "([features, rows]) => js.nearest(features, Int8Array.from(rows), 5)"
    cases = [[one.tolist(), rows.flatten().tolist()] for one in features]
    found = run_script("neighbours.js", code, cases, tmp_path)
    expected = nearest(features, rows.float(), 5)
    for row, one in enumerate(found):
        assert [item["position"] for item in one] == expected.position[row].tolist()
        similarity = [item["similarity"] for item in one]
        assert similarity == pytest.approx(expected.similarity[row].tolist(), abs=1e-6)


def test_an_answer_has_the_calibrated_probability_and_knows_strangers(tmp_path):
    facts = {"temperature": 1.7, "rank": 2, "threshold": 0.6, "classes": ["cat", "dog"]}
    near = [{"similarity": 0.9}, {"similarity": 0.6}]
    far = [{"similarity": 0.9}, {"similarity": 0.59}]
    cases = [[[2.5, -1.0], near], [[-0.2, 0.1], near], [[-30.0, 40.0], near], [[0.0, 1.0], far]]
    code = f"([logits, nearest]) => js.answer(logits, nearest, {facts})".replace("'", '"')
    found = run_script("answer.js", code, cases, tmp_path)
    for (logits, _), one in zip(cases, found, strict=True):
        shares = (torch.tensor(logits) / 1.7).softmax(0)
        assert one["label"] == int(shares.argmax())
        assert one["probability"] == pytest.approx(float(shares.max()), abs=1e-6)
    assert [one["known"] for one in found] == [True, True, True, False]
    assert found[0]["words"] == "A cat, with a probability of 88.7%."
    assert found[2]["words"] == "A dog, with a probability of more than 99.9%."
    assert found[3]["words"].startswith("I don't know") and "then a dog" in found[3]["words"]


def test_the_heat_map_is_interpolated_as_pytorch_does(tmp_path):
    torch.manual_seed(0)
    maps = torch.randn(1, 1, 3, 4)
    code = """([data, dims, label]) => {
        const map = js.evidence({ data, dims }, label);
        const row = (y) => Array.from({ length: 20 }, (_, x) => js.sample(map, (x + 0.5) / 20, y));
        return Array.from({ length: 12 }, (_, y) => row((y + 0.5) / 12));
    }"""
    cases = [[maps.flatten().tolist(), [1, 3, 4], label] for label in (0, 1)]
    for label, found in enumerate(run_script("heat.js", code, cases, tmp_path)):
        evidence = (maps if label else -maps).relu()
        expected = F.interpolate(evidence, (12, 20), mode="bilinear", align_corners=False)[0, 0]
        assert torch.allclose(torch.tensor(found), expected, atol=1e-6)
