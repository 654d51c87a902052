"""Ten images: what Python hands over, and a head that is the same in JavaScript."""

from __future__ import annotations

import io
import json
import re
from base64 import b64decode

import numpy as np
import pytest
import torch
from PIL import Image

from catdog_lib.course import pace
from catdog_lib.data import ImageSet
from catdog_lib.errors import CatdogError
from catdog_lib.explore import TenImages
from catdog_lib.explore.ten_images.inputs import LIMIT, check_chosen
from catdog_lib.explore.ten_images.widget import percent
from catdog_lib.training.metrics import wilson_interval
from catdog_lib.transfer.linear_probe import linear_probe
from tests.explore.javascript import in_javascript, run_javascript

MATH = "ten_images/math.js"


def image_set(count: int) -> ImageSet:
    """Return images of one colour each, cats and dogs in turn."""
    colours = (torch.arange(3 * count) * 37 % 256).to(torch.uint8).view(count, 3, 1, 1)
    images = colours.expand(-1, -1, 64, 64).contiguous()
    names = tuple(map(str, range(count)))
    return ImageSet(images, torch.arange(count), torch.arange(count) % 2, names)


def features_for(count: int, size: int) -> torch.Tensor:
    """Return features that part the classes, but not all images of them."""
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(count, size, generator=generator)
    features[1::2, :3] += 1.2
    return features


def ten(count: int = 40, size: int = 64, **options) -> TenImages:
    return TenImages(image_set(count), features_for(count, size), **options)


def newton(points: np.ndarray, labels: np.ndarray, decay: float) -> tuple[np.ndarray, float]:
    """Solve the head as its formula says it, for all coordinates: the weights and the bias."""
    mean = points.mean(0)
    spread = np.sqrt(((points - mean) ** 2).mean())
    x = np.column_stack([(points - mean) / spread, np.ones(len(points))])
    pull = np.diag([0.5 * decay] * points.shape[1] + [0.0])

    def gradient(w):
        return x.T @ (1 / (1 + np.exp(-x @ w)) - labels) / len(x) + pull @ w

    def loss(w):
        logits = x @ w
        return np.mean(np.logaddexp(0, logits) - labels * logits) + 0.5 * w @ pull @ w

    w = np.zeros(x.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-x @ w))
        step = np.linalg.solve(x.T * (p * (1 - p)) @ x / len(x) + pull, gradient(w))
        share = 1.0
        while share > 1e-9 and loss(w - share * step) > loss(w) + 1e-14:
            share /= 2
        w = w - share * step
    assert abs(gradient(w)).max() < 1e-12
    weights = w[:-1] / spread
    return weights, w[-1] - weights @ mean


def taught(widget: TenImages, choices: list[list[int]], tmp_path) -> list[dict | None]:
    """Return what the page computes for each choice of images."""
    state = json.dumps([widget.coordinates, widget.labels])
    code = f"chosen => js.teach(...{state}, chosen, {widget.decay!r})"
    return in_javascript(MATH, code, choices, tmp_path)


@pytest.mark.parametrize("size", [8, 64])
@pytest.mark.parametrize("weight_decay", [0.1, 1e-4])
def test_the_page_teaches_the_head_that_the_formula_says(size, weight_decay, tmp_path):
    widget = ten(size=size, weight_decay=weight_decay)
    choices = [[0, 1], [1, 0, 5], [0, 2, 4, 6, 8, 11], list(range(10)), [30, 29, 3, 18, 7, 12]]
    points, labels = np.array(widget.coordinates, float), np.array(widget.labels)
    for chosen, head in zip(choices, taught(widget, choices, tmp_path), strict=True):
        weights, bias = newton(points[chosen], labels[chosen], widget.decay)
        dog = 1 / (1 + np.exp(-(points @ weights + bias)))
        np.testing.assert_allclose(head["dog"], dog, atol=1e-6)
        np.testing.assert_allclose(head["weights"], weights, rtol=1e-5, atol=1e-12)


def test_it_is_the_linear_probe_on_all_features_that_lie_in_the_directions_kept(tmp_path):
    """Check the weight decay, too: features in 32 of 64 directions lose nothing by PCA."""
    generator = torch.Generator().manual_seed(3)
    rotation = torch.linalg.qr(torch.randn(64, 64, generator=generator))[0]
    features = torch.nn.functional.pad(features_for(40, 32), (0, 32)) @ rotation
    widget = TenImages(image_set(40), features, weight_decay=0.3)
    assert widget.spread_kept == pytest.approx(1)
    chosen = [0, 1, 2, 3, 4, 5, 7]
    head = linear_probe(features[chosen], torch.tensor(widget.labels)[chosen], weight_decay=0.3)
    with torch.no_grad():
        expected = head(features).softmax(1)[:, 1]
    np.testing.assert_allclose(taught(widget, [chosen], tmp_path)[0]["dog"], expected, atol=2e-3)
    widget.chosen = chosen
    np.testing.assert_allclose(widget.probabilities(), expected, atol=2e-3)


def test_images_that_are_all_alike_can_be_chosen(tmp_path):
    widget = ten()
    widget.coordinates = [widget.coordinates[0]] * 40
    dog = taught(widget, [[0, 1, 3]], tmp_path)[0]["dog"]
    np.testing.assert_allclose(dog, 2 / 3, atol=1e-9)


def test_without_both_classes_there_is_no_head(tmp_path):
    widget = ten()
    assert taught(widget, [[], [0], [1, 3, 5]], tmp_path) == [None, None, None]
    assert widget.summary() == (
        "No cats and no dogs chosen: choose at least one image of each class."
    )
    widget.chosen = [1, 3, 5]
    assert widget.summary() == "No cats and 3 dogs chosen: choose at least one image of each class."
    with pytest.raises(CatdogError, match=r"^No cats and 3 dogs chosen"):
        widget.head()


def test_the_accuracy_counts_only_images_that_are_not_chosen(tmp_path):
    widget = ten(chosen=[0, 1, 2, 7])
    right = (widget.probabilities() > 0.5).long() == torch.arange(40) % 2
    others = [i for i in range(40) if i not in widget.chosen]
    hits = int(right[others].sum())
    assert 18 < hits < 36
    share, low, high = (100 * one for one in (hits / 36, *wilson_interval(hits, 36)))
    assert widget.summary() == (
        f"2 cats and 2 dogs chosen. The head gets {hits} of the 36 other images right: "
        f"{share:.1f}% (95% interval {low:.1f}% to {high:.1f}%)."
    )
    names = json.dumps(widget.names)
    dog = json.dumps(taught(widget, [widget.chosen], tmp_path)[0]["dog"])
    code = f"js.summaryText({widget.labels}, {names}, {widget.chosen}, {dog})"
    assert run_javascript("ten_images/text.js", code, tmp_path) == widget.summary()


def test_percentages_are_rounded_alike(tmp_path):
    shares = [k / 80 for k in range(81)]
    found = in_javascript("ten_images/text.js", "js.percent", shares, tmp_path)
    assert found == [percent(share) for share in shares]


def test_teaching_takes_less_than_a_frame(tmp_path):
    """Take the median over 30 choices of ten images with 32 coordinates.

    The bound is for the reference machine.
    """
    widget = ten(200, 128)
    state = json.dumps([widget.coordinates, widget.labels])
    code = f"""(() => {{
        const [x, y] = {state};
        const random = js.seededRandom(1);
        const times = js.range(30).map(() => {{
            const chosen = js.draw(y, [5, 5], random);
            const start = performance.now();
            js.sideView(x, js.teach(x, y, chosen, {widget.decay}));
            return performance.now() - start;
        }});
        return times.sort((a, b) => a - b)[15];
    }})()"""
    milliseconds = run_javascript(MATH, code, tmp_path)
    if milliseconds >= 20:
        assert milliseconds < 20 * pace.factor()


def test_the_view_along_the_boundary(tmp_path):
    widget = ten()
    points = np.array(widget.coordinates, float)
    state = json.dumps(widget.coordinates)
    (head,) = taught(widget, [[0, 1, 2, 3, 4, 5]], tmp_path)
    view = run_javascript(MATH, f"js.sideView({state}, {json.dumps(head)})", tmp_path)
    weights = np.array(head["weights"])
    length = np.linalg.norm(weights)
    distances, up = np.array(view["points"]).T
    np.testing.assert_allclose(distances, (points @ weights + head["bias"]) / length, atol=1e-6)
    assert view["length"] == pytest.approx(length)
    # what is left without the part across the boundary, along its largest spread
    normal = weights / length
    rest = points - np.outer(points @ normal, normal)
    expected = rest @ np.linalg.svd(rest)[2][0]
    assert abs(np.corrcoef(up, expected)[0, 1]) > 0.999
    assert (up**2).sum() == pytest.approx((expected**2).sum(), rel=1e-3)


def test_a_random_choice_has_so_many_of_each_class(tmp_path):
    labels = json.dumps([0] * 12 + [1] * 4)
    code = f"js.range(20).map(i => js.draw({labels}, [5, 5], js.seededRandom(i)))"
    draws = run_javascript(MATH, code, tmp_path)
    assert len({tuple(one) for one in draws}) > 15
    for one in draws:
        assert len(set(one)) == 9 and sum(i < 12 for i in one) == 5  # there are four dogs only


def test_luck_is_a_hundred_random_choices_in_order(tmp_path):
    widget = ten()
    state = json.dumps([widget.coordinates, widget.labels, widget.decay])
    found = run_javascript(MATH, f"js.luck(...{state}, [2, 2])", tmp_path)
    assert len(found) == 100 and found == sorted(found)
    assert found[0] < found[50] < found[99]
    assert {round(36 * share, 6) % 1 for share in found} == {0}


def test_mistakes_are_in_the_order_of_their_sureness(tmp_path):
    code = "js.mistakes([0.93, 0.2, 0.7, 0.1, 0.6, 0.99], [0, 1, 1, 1, 0, 0], [5])"
    assert run_javascript("ten_images/misjudged.js", code, tmp_path) == [0, 3, 1, 4]


def test_images_travel_as_small_jpeg_files_with_names_by_class(tmp_path):
    widget = ten()
    image = Image.open(io.BytesIO(b64decode(widget.thumbnails[5].partition(",")[2])))
    assert (image.format, image.size) == ("JPEG", (48, 48))
    np.testing.assert_allclose(np.asarray(image)[20, 20], image_set(6)[5][0][:, 0, 0], atol=4)
    assert [widget.name(i) for i in (0, 1, 2, 39)] == ["cat 1", "dog 1", "cat 2", "dog 20"]
    code = f"js.imageNames({widget.labels}, ['cat', 'dog'])"
    found = run_javascript("ten_images/text.js", code, tmp_path)
    assert found == [widget.name(i) for i in range(40)]


def test_the_state_of_two_hundred_images_stays_small():
    generator = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (200, 3, 64, 64), dtype=torch.uint8, generator=generator)
    dataset = ImageSet(images, torch.arange(200), torch.arange(200) % 2, ("",) * 200)
    widget = TenImages(dataset, features_for(200, 128))  # noise is what JPEG does worst
    assert len(json.dumps(widget.get_state())) < 700_000
    assert np.abs(widget.coordinates).max() == 10_000


def test_coordinates_keep_the_distances_between_images():
    widget = ten(size=20)
    features = features_for(40, 20).double()
    coordinates = torch.tensor(widget.coordinates).double()
    ratio = torch.pdist(coordinates) / torch.pdist(features)
    assert ratio.std() / ratio.mean() < 1e-3
    spreads = coordinates.var(0)
    assert (spreads[:-1] > spreads[1:]).all()
    assert widget.spread_kept == pytest.approx(1)
    assert ten(size=64).spread_kept == pytest.approx(0.95, abs=0.04)


def test_chosen_can_be_set_and_read():
    widget = ten(chosen=torch.tensor([4, 1]))
    assert widget.chosen == [4, 1]
    widget.chosen = (3, 2, 1)
    assert widget.chosen == [3, 2, 1]
    widget.chosen = []
    assert widget.chosen == [] and ten().chosen == []


@pytest.mark.parametrize(
    "chosen", [[1, 1], [40], [-1], [0.5], [True], "ab", 3, None, [[1]], [1, None], {"a": 1}]
)
def test_what_is_no_list_of_positions_is_refused(chosen):
    with pytest.raises(CatdogError, match=r"^chosen is .*integers from 0 to 39"):
        check_chosen(chosen, 40)
    with pytest.raises(CatdogError, match=r"^chosen is"):
        ten().chosen = chosen


def test_more_than_ten_are_refused(tmp_path):
    with pytest.raises(CatdogError, match=r"^chosen holds 11 images; the head learns from 10"):
        ten(chosen=range(11))
    assert run_javascript(MATH, "js.LIMIT", tmp_path) == LIMIT


@pytest.mark.parametrize("count", [0, 11, 301])
def test_too_few_or_too_many_images_are_refused(count):
    with pytest.raises(CatdogError, match=f"^images holds {count} images; .*12 to 300"):
        TenImages(image_set(count), torch.zeros(max(1, count), 4))


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (torch.ones(39, 8), "features has the shape 39×8; pass a row of features for each of the"),
        (torch.ones(40), "features has the shape 40; "),
        (torch.ones(40, 8, 2), "features has the shape 40×8×2; "),
        (torch.full((40, 8), float("nan")), "features holds no numbers, or infinite ones or NaN"),
        (torch.ones(40, 8), "features are the same for all images"),
        ("cat", "features is not a tensor"),
    ],
)
def test_features_that_do_not_fit_are_refused(features, words):
    with pytest.raises(CatdogError, match=r"^" + re.escape(words)):
        TenImages(image_set(40), features)


def test_one_class_alone_is_refused():
    cats = image_set(40).subset(torch.arange(0, 40, 2))
    with pytest.raises(CatdogError, match=r"^images are all of one class"):
        TenImages(cats, features_for(20, 8))


@pytest.mark.parametrize("weight_decay", [0, -1, float("nan"), float("inf")])
def test_a_weight_decay_of_nothing_is_refused(weight_decay):
    with pytest.raises(CatdogError, match=r"^weight_decay is"):
        ten(weight_decay=weight_decay)
