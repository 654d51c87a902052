"""Typical wrong answers to the exercises of lesson 07, each with a piece of its hint."""

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
        return model.second(model.act(model.first(images)))


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


RECORD = [
    (in_try(lambda x, y: x.detach().clone()), "third argument"),
    (in_try(lambda x, y: y.detach()), "overwritten"),
    (in_try(lambda x, y: y), "overwritten"),
    (in_try(lambda x, y: y.clone()), "whole graph"),
    (in_try(lambda x, y: y.detach().clone().mean((2, 3))), "something other"),
    (in_try(lambda x, y: [y.detach().clone()]), "a list"),
    (recorder(copied, remove=False), "still there"),
    (recorder(copied), "`finally`"),
    (straight, "straight into the layer"),
    (always_second, "another layer"),
    (lambda model, layer, images: model(images).detach(), "whole network"),
    (no_return, "returns None"),
    (torch.zeros(2), "Give the function itself"),
]


# 07.2: the patch that a unit sees
def ends(u, size, jump, start, _=0):
    first = start + jump * u - (size - 1) / 2
    return int(first), int(first) + size


def cut(first, end, n):
    return max(first, 0), min(end, n)


def both(one):
    return lambda row, column, *rest: (*one(row, *rest), *one(column, *rest))


right_patch = both(lambda u, *rest: cut(*ends(u, *rest), rest[-1]))


def pushed(u, size, jump, start, n):
    first = min(max(ends(u, size, jump, start)[0], 0), n - size)
    return first, first + size


PATCH = [
    (both(ends), "counts from its other end: cut the patch"),
    (both(lambda u, *r: (max(0, ends(u, *r)[0]), ends(u, *r)[1])), "far side as well"),
    (both(lambda u, *r: (ends(u, *r)[0], min(ends(u, *r)[1], r[-1]))), "cut off at 0"),
    (both(lambda u, *r: cut(ends(u, *r)[0], ends(u, *r)[1] - 1, r[-1] - 1)), "leaves out its end"),
    (both(lambda u, s, j, t, n: cut(*ends(u, s, 1, t), n)), "`jump` pixels apart"),
    (both(lambda u, s, j, t, n: cut(*ends(u, s, j, 0), n)), "centre is at `start`"),
    (both(lambda u, s, j, t, n: cut(int(t + j * u), int(t + j * u) + s, n)), "not its edge"),
    (lambda r, c, *rest: right_patch(c, r, *rest), "you swapped them"),
    (lambda *case: tuple(right_patch(*case)[i] for i in (0, 2, 1, 3)), "order is top, bottom"),
    (both(pushed), "pushed the patch"),
    (lambda *case: tuple(map(float, right_patch(*case))), "needs integers"),
    (both(lambda u, s, j, t, n: cut(int(t + j * u) - s, int(t + j * u) + s, n)), "should be"),
    (lambda *case: right_patch(*case)[:2], "Return four numbers"),
    (no_return, "returns None"),
    ((0, 4, 0, 4), "Give the function itself"),
]


# 07.3: occlusion
def covered(
    change=lambda whole, left: whole - left,
    channels=slice(None),
    pixels=None,
    fresh=True,
    grey=None,
):
    """Return an answer that is right as it is; each argument spoils one thing."""

    def occlusion(score, image, side, fill):
        rows, columns = image.shape[1] // side, image.shape[2] // side
        left, copy = torch.zeros(rows, columns), image.clone()
        for i in range(rows):
            for j in range(columns):
                if fresh:
                    copy = image.clone()
                extent = pixels or side
                window = copy[channels, i * side : i * side + extent, j * side : j * side + extent]
                window.fill_(fill if grey is None else grey)
                left[i, j] = score(copy[None])[0]
        return change(score(image[None])[0], left)

    return occlusion


def overlapping(score, image, side, fill):
    left = torch.zeros(image.shape[1] // side, image.shape[2] // side)
    for i in range(left.shape[0]):
        for j in range(left.shape[1]):
            copy = image.clone()
            copy[:, i : i + side, j : j + side] = fill
            left[i, j] = score(copy[None])[0]
    return score(image[None])[0] - left


def in_place(score, image, side, fill):
    image[:, :side, :side] = fill
    return covered()(score, image, side, fill)


OCCLUSION = [
    (covered(lambda whole, left: left), "the score that is left"),
    (covered(lambda whole, left: left - whole), "The sign"),
    (covered(lambda whole, left: (whole - left).abs()), "Keep the sign"),
    (covered(lambda whole, left: (whole - left).relu()), "negative values"),
    (covered(lambda whole, left: (whole - left) / whole), "not its share"),
    (covered(lambda whole, left: (whole - left).T), "Rows come first"),
    (covered(lambda whole, left: (whole - left).flatten()), "one number for each square"),
    (covered(lambda whole, left: whole - left - 1), "The first square"),
    (covered(fresh=False), "fresh copy"),
    (covered(grey=0), "not with 0"),
    (covered(channels=slice(2, None)), "one colour only"),
    (covered(pixels=1), "one pixel of each"),
    (overlapping, "squares overlap"),
    (lambda score, image, side, fill: score(image), "takes a batch"),
    (in_place, "changed the image"),
    (no_return, "returns None"),
    (torch.zeros(2, 3), "Give the function itself"),
]


# 07.4: Grad-CAM
def alpha(g):
    return g.mean((1, 2), keepdim=True)


def relu_in_place(maps, g):
    return (alpha(g) * maps.clamp_(max=1)).sum(0).relu()


CAM = [
    (lambda a, g: (alpha(g) * a).sum(0), "ReLU, please"),
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


# 07.5: the share of heat on a mask
def total(values):
    return values.sum((1, 2))


def in_place_heat(heat, mask):
    heat.clamp_(min=0)
    return total(heat * mask) / total(heat)


SHARE = [
    (lambda h, m: total(h * m) / total(h), "set it to 0 first"),
    (lambda h, m: total(h.abs() * m) / total(h.abs()), "do not turn it round"),
    (lambda h, m: total(h.relu() * m) / total(h), "Divide by the positive heat"),
    (lambda h, m: total(h.relu() * m), "divide by all the heat"),
    (lambda h, m: m.float().mean((1, 2)), "share of the area"),
    (lambda h, m: total(h.relu() * m) / total(m), "mean heat on the mask"),
    (lambda h, m: (h.relu() * m).mean((1, 2)) / total(h.relu()), "a mean in the numerator"),
    (lambda h, m: total(h.relu() * ~m) / total(h.relu()), "beside the mask"),
    (lambda h, m: 100 * total(h.relu() * m) / total(h.relu()), "not a percentage"),
    (lambda h, m: total(h.relu() * m) / h.relu().sum(), "of the same image"),
    (lambda h, m: total((h > 0) & m) / total(h > 0), "counted hot pixels"),
    (lambda h, m: (h.relu() * m).sum() / h.relu().sum(), "One number for each image"),
    (lambda h, m: 0.5, "One number for each image"),
    (lambda h, m: (h.relu() * m) / h.relu().sum((1, 2), keepdim=True), "one share for each image"),
    (lambda h, m: total(h.relu() * m) / total(h.relu()) / 2, "The shares should be"),
    (lambda h, m: total(h.relu() * m) / total(h.relu()), "avoid dividing 0 by 0"),
    (lambda h, m: total(h.relu() * m / h.relu()), "NaN"),
    (in_place_heat, "changed the heat"),
    (no_return, "returns None"),
    (0.5, "Give the function itself"),
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


DELETION = [
    (taken(lambda heat: heat.flatten().argsort()), "coldest pixels first"),
    (taken(swap=True), "That is insertion"),
    (taken(so_far=False), "stays away"),
    (taken(grey=0), "not by 0"),
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
    (lambda score, image, *_: score(image), "takes a batch"),
    (in_place_deletion, "changed the image"),
    (no_return, "returns None"),
    ([1.0, 0.5], "Give the function itself"),
]

BANKS = {
    "07.1": RECORD,
    "07.2": PATCH,
    "07.3": OCCLUSION,
    "07.4": CAM,
    "07.5": SHARE,
    "07.6": DELETION,
}
