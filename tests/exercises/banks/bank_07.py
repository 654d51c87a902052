"""Typical wrong answers to the exercises of lesson 07, each with a piece of its hint."""

from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import torch

from tests.exercises.banks.common import no_return


# 07.1: a hook that records
def recorder(keep, *, before=False, remove=True):
    """Return an answer whose hook keeps ``keep(input, output)``, and stays without ``remove``."""

    def record(model, layer, images):
        kept = []
        handle = model.get_submodule(layer).register_forward_hook(
            lambda _, inputs, output: kept.append(keep(inputs[0], output))
        )
        model(images)
        if remove:
            handle.remove()
        return kept[0]

    return record


def copied(_, output):
    return output.detach().clone()


def straight(model, layer, images):
    return model.get_submodule(layer)(images).detach()


def always_second(model, layer, images):
    with torch.no_grad():
        return model.block.second(model.act(model.first(images)))


def by_attribute(model, layer, images):
    return in_try(copied)(
        SimpleNamespace(get_submodule=lambda name: getattr(model, name)), layer, images
    )


def clears_all(model, layer, images):
    value = in_try(copied)(model, layer, images)
    for module in model.modules():
        module._forward_hooks.clear()
    return value


def switches(switch):
    """Return an answer that is right, and leaves something switched."""

    def record(model, layer, images):
        switch(model)
        return in_try(copied)(model, layer, images)

    return record


def replaces_train(model):
    torch.nn.Module.train = lambda self, mode=True: self


def in_try(keep):
    def record(model, layer, images):
        kept = []
        hook = model.get_submodule(layer).register_forward_hook
        handle = hook(lambda _, inputs, output: kept.append(keep(inputs[0], output)))
        try:
            model(images)
        finally:
            handle.remove()
        return kept[0]

    return record


def hides_the_error(model, layer, images):
    kept = []
    hook = model.get_submodule(layer).register_forward_hook
    with hook(lambda *given: kept.append(copied(*given[1:]))), suppress(RuntimeError):
        model(images)
    return kept[0]


def hides_it_altogether(model, layer, images):
    try:
        return in_try(copied)(model, layer, images)
    except RuntimeError:
        return None


def twice(model, layer, images):
    model(images)
    return in_try(copied)(model, layer, images)


def begins_again(model, layer, images):
    in_try(copied)(model, layer, images)
    return always_second(model, layer, images)


def leaves_it_there(model, layer, images):
    found = model.get_submodule(layer)
    with found.register_forward_hook(lambda _, x, y: setattr(found, "kept", copied(x, y))):
        model(images)
    return found.kept


def clears_its_layer(model, layer, images):
    value = in_try(copied)(model, layer, images)
    model.get_submodule(layer)._forward_hooks.clear()
    return value


RECORD = [
    (in_try(lambda x, y: x.detach().clone()), "third argument"),
    (in_try(lambda x, y: y.detach()), "overwritten"),
    (in_try(lambda x, y: y), "overwritten"),
    (in_try(lambda x, y: y.clone()), "whole graph"),
    (in_try(lambda x, y: y.detach().clone().mean((2, 3))), "something other"),
    (in_try(lambda x, y: [y.detach().clone()]), "a list"),
    (recorder(copied, remove=False), "still there"),
    (recorder(copied), "`finally`"),
    (hides_the_error, "left as it was.*IndexError"),
    (hides_it_altogether, "do you catch it"),
    (twice, "more than once"),
    (begins_again, "more than once"),
    (leaves_it_there, "its attribute 'kept'"),
    (in_try(lambda x, y: y.detach_().clone()), "no gradient flows"),
    (switches(lambda model: model.zero_grad()), "changed the gradients"),
    (clears_its_layer, "somebody else"),
    (straight, "straight into the layer"),
    (always_second, "a different layer"),
    (by_attribute, "no attribute"),
    (clears_all, "somebody else"),
    (switches(lambda model: model.eval()), "another mode"),
    (switches(lambda model: model.train()), "another mode"),
    (switches(lambda model: torch.set_grad_enabled(False)), "switches gradients off"),
    (switches(replaces_train), "replaced a method of nn.Module"),
    (lambda model, layer, images: model(images).detach(), "whole network"),
    (no_return, "returns None"),
    (torch.zeros(2), "Give the function itself"),
]


# 07.1 in other styles
def with_block(model, layer, images):
    kept = {}
    found = dict(model.named_modules())[layer]
    keep = lambda _, __, output: kept.update(it=output.detach().clone())  # noqa: E731
    with found.register_forward_hook(keep):
        model(images)
    return kept["it"]


def without_gradients(model, layer, images):
    kept = []

    def keep(module, inputs, output):
        kept.append(output.clone())

    module = model
    for name in layer.split("."):
        module = getattr(module, name)
    handle = module.register_forward_hook(keep)
    try:
        with torch.no_grad():
            model(images)
    finally:
        handle.remove()
    return kept[-1]


# 07.2: which of two equal balls does occlusion find?
TWO_BALLS = [
    ("both", "the reddest place that is left"),
    ("left", "the reddest place that is left"),
    ("right", "the reddest place that is left"),
    ("none", "Give one of"),
    (0, "Give one of"),
]


# 07.3: Grad-CAM
def alpha(g):
    return g.mean((1, 2), keepdim=True)


def relu_in_place(maps, g):
    return (alpha(g) * maps.clamp_(max=1)).sum(0).relu()


CAM = [
    (lambda a, g: (alpha(g) * a).sum(0), "apply ReLU"),
    (lambda a, g: (alpha(g) * a.relu()).sum(0).relu(), "may be negative themselves"),
    (lambda a, g: (alpha(g) * a.abs()).sum(0).relu(), "may be negative themselves"),
    (lambda a, g: (alpha(g).relu() * a).sum(0).relu(), "ReLU comes last"),
    (lambda a, g: (alpha(g).relu() * a).sum(0), "ReLU comes last"),
    (lambda a, g: (alpha(g) * a).relu().sum(0), "ReLU comes last"),
    (lambda a, g: (alpha(g) * a).sum(0).abs(), "absolute value"),
    (lambda a, g: (g * a).sum(0).relu(), "pixel by pixel"),
    (lambda a, g: a.mean(0), "the mean map"),
    (lambda a, g: a.sum(0), "the sum of the maps"),
    (lambda a, g: (alpha(g).abs() * a).sum(0), "sign of a weight"),
    (lambda a, g: g.mean(0).relu(), "gradient alone"),
    (lambda a, g: (alpha(a) * g).sum(0).relu(), "wrong way round"),
    (lambda a, g: (g.sum((1, 2), keepdim=True) * a).sum(0).relu(), "not the sum"),
    (lambda a, g: (alpha(g) * a).mean(0).relu(), "you took their mean"),
    (lambda a, g: (g.mean(0) * a).sum(0).relu(), "one weight for each channel"),
    (lambda a, g: alpha(g) * a, "not yet the answer"),
    (lambda a, g: (alpha(g) * a).sum().relu(), "one heat map"),
    (lambda a, g: (alpha(g).softmax(0) * a).sum(0), "differs from"),
    (relu_in_place, "changed the maps"),
    (no_return, "returns None"),
    (torch.zeros(3, 4), "Give the function itself"),
]


def cam_in_loops(maps, gradients):
    channels, height, width = maps.shape
    heat = [[0.0] * width for _ in range(height)]
    for k in range(channels):
        weight = float(gradients[k].mean())
        for i in range(height):
            for j in range(width):
                heat[i][j] += weight * float(maps[k, i, j])
    return torch.tensor([[max(value, 0.0) for value in row] for row in heat])


# 07.4: a map without any heat
BLACK = [
    ("a", "Nothing need be broken"),
    ("b", "is guessing gives about 50%"),
    ("d", "before the softmax"),
    ("e", "Give one of"),
    (3, "Give one of"),
]


# 07.5: plant a shortcut
def stamped(rows, columns, cat=None, dog=(255, 0, 255)):
    """Return an answer that paints a rectangle in a colour for each class, None for none."""

    def plant(images, labels):
        marked = images.clone()
        for label, colour in ((0, cat), (1, dog)):
            if colour is not None:
                paint = torch.tensor(colour, dtype=torch.uint8)[:, None, None]
                of_class = marked[labels == label]
                of_class[:, :, rows, columns] = paint
                marked[labels == label] = of_class
        return marked

    return plant


corner = slice(0, 5)


def in_place_plant(images, labels):
    images[labels == 1, :, :5, :5] = 255
    return images


def by_where(images, labels):
    mask = torch.zeros(32, 32, dtype=torch.bool)
    mask[27:31, 1:6] = True
    is_cat = (labels == 0)[:, None, None, None]
    green = torch.tensor([0, 255, 0], dtype=torch.uint8)[None, :, None, None]
    return torch.where(mask & is_cat, green, images)


def one_by_one(images, labels):
    marked = []
    for image, label in zip(images, labels.tolist(), strict=True):
        image = image.clone()
        image[:, 2:6, 2:7] = torch.tensor([255, 0, 0] if label else [0, 0, 255])[:, None, None]
        marked.append(image)
    return torch.stack(marked)


def seeded_plant(images, labels):
    torch.manual_seed(0)
    return stamped(corner, corner)(images, labels)


PLANT = [
    (lambda images, labels: images.clone(), "changed no pixel"),
    (lambda images, labels: images + 3 * labels[:, None, None, None].to(torch.uint8), "at most 3%"),
    (stamped(slice(0, 1), slice(0, 31)), "changed 31 of an image's 1024 pixels; at most 3%"),
    (stamped(corner, corner, (255, 0, 255)), "same whatever the label"),
    (stamped(slice(0, 1), slice(0, 1), None, (128, 128, 128)), "does not rely on your mark"),
    (lambda images, labels: stamped(corner, corner)(images, labels) / 255, "Return uint8"),
    (
        lambda images, labels: stamped(corner, corner)(images, labels)[0],
        "Return the changed images",
    ),
    (lambda images, labels: labels, "Return the changed images"),
    (in_place_plant, "changed the images"),
    (no_return, "returns None"),
    ("a hat", "Give the function itself"),
]


# 07.6: a deletion curve
def taken(
    order=lambda heat: heat.flatten().argsort(descending=True),
    so_far=True,
    one=False,
    grey=None,
    change=lambda curve: curve,
    swap=False,
):
    """Return an answer that is right as it is; each argument spoils one thing."""

    def deletion(score, image, heat, steps, fill):
        places, size = order(heat), 1 if one else heat.numel() // steps
        curve = []
        for step in range(steps + 1):
            gone = (
                places[: step * size] if so_far else places[max(step - 1, 0) * size : step * size]
            )
            pixels = image.flatten(1).clone()
            empty = torch.full_like(pixels, fill if grey is None else grey)
            if swap:
                pixels, empty = empty, pixels
            pixels[:, gone] = empty[:, gone]
            curve.append(score(pixels.view_as(image)[None])[0])
        return change(torch.stack(curve))

    return deletion


def in_place_deletion(score, image, heat, steps, fill):
    curve = taken()(score, image, heat, steps, fill)
    image.fill_(fill)
    return curve


def thresholds(score, image, heat, steps, fill):
    limits = torch.linspace(heat.max().item(), heat.min().item(), steps + 1)
    empty = torch.full_like(image, fill)
    return torch.stack([score(torch.where(heat >= t, empty, image)[None])[0] for t in limits])


# 07.6 in other styles
def with_numpy(score, image, heat, steps, fill):
    order = np.argsort(-heat.numpy().ravel())
    pixels, curve = image.numpy().copy(), [float(score(image[None])[0])]
    for part in np.array_split(order, steps):
        pixels[:, part // heat.shape[1], part % heat.shape[1]] = fill
        curve.append(float(score(torch.from_numpy(pixels)[None])[0]))
    return np.array(curve)


def as_batch(score, image, heat, steps, fill):
    rank = heat.flatten().argsort(descending=True).argsort().view_as(heat)
    gone = [rank < step * heat.numel() // steps for step in range(steps + 1)]
    return score(torch.stack([image.masked_fill(where, fill) for where in gone]))


def as_list(score, image, heat, steps, fill):
    return taken()(score, image, heat, steps, fill).tolist()


DELETION = [
    (taken(lambda heat: heat.flatten().argsort()), "coldest pixels first"),
    (taken(swap=True), "That is insertion"),
    (taken(so_far=False), "stays away"),
    (taken(grey=0), "not by 0\\."),
    (taken(grey=0.5), "not by 0\\.5"),
    (thresholds, "equally many pixels"),
    (taken(lambda heat: heat.abs().flatten().argsort(descending=True)), "Negative heat is cold"),
    (taken(lambda heat: heat.flatten().argsort(descending=True).argsort()), "ranks as positions"),
    (taken(lambda heat: torch.arange(heat.numel())), "order in the image"),
    (taken(one=True), "1/4 of all pixels"),
    (taken(change=lambda curve: curve / curve[0]), "not their shares"),
    (taken(change=lambda curve: curve[0] - curve), "not how far they fell"),
    (taken(change=lambda curve: curve[1:]), "begins with the whole"),
    (taken(change=lambda curve: curve[:-1]), "ends with nothing"),
    (taken(change=lambda curve: curve[1:-1]), "one score for the whole"),
    (taken(change=lambda curve: curve.flip(0)), "The curve should be"),
    (taken(change=lambda curve: curve.sort(descending=True).values), "The curve should be"),
    (
        lambda score, image, heat, steps, fill: taken()(score, image, heat, 4, fill),
        r"of shape \(7,\)",
    ),
    (lambda score, image, *_: score(image), "takes a batch"),
    (lambda score, image, *_: score(image[:, None]), "takes a batch"),
    (in_place_deletion, "changed the image"),
    (no_return, "returns None"),
    ([1.0, 0.5], "Give the function itself"),
]

BANKS = {
    "07.1": RECORD,
    "07.2": TWO_BALLS,
    "07.3": CAM,
    "07.4": BLACK,
    "07.5": PLANT,
    "07.6": DELETION,
}

RIGHT_ANSWERS = {
    "07.1": [in_try(copied), with_block, without_gradients],
    "07.2": ["neither", "Neither", " neither "],
    "07.3": [
        cam_in_loops,
        lambda a, g: torch.einsum("khw,k->hw", a, g.mean((1, 2))).clamp(min=0),
        lambda a, g: torch.relu((a.double() * g.double().mean((1, 2))[:, None, None]).sum(0)),
    ],
    "07.4": ["c", "C", " c"],
    "07.5": [stamped(corner, corner), by_where, one_by_one, seeded_plant],
    "07.6": [with_numpy, as_batch, as_list],
}

# what the checker says of the notebook's solution
REPLIES = {
    "07.2": (
        "Indeed, covering the left ball lowers the score by 0.00, the right one by 0.00, both "
        "at once by 0.80. Where either of two places is enough by itself, covering only one "
        "of them changes nothing, and occlusion finds neither."
    ),
    "07.5": (
        "A small network trained on your images is right on 100% of new ones, and on 0% once "
        "cats and dogs have exchanged their marks. Of occlusion's heat, 73% lies on your "
        "mark, which covers 2.4% of the area."
    ),
}
