"""Wrong and right answers to the exercises of lesson 04; the wrong ones with their hints."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.exercises.banks.common import no_return

# 04.1: gates
GATES = [
    ((2, 3, 4), "is its gate open"),
    ((-2, 3, 1), "is its gate open"),
    ((3, 0, 4), "exchanges its inputs"),
    ((0, 0, 0), "stops one path only"),
    ((4, 3, 3), "b reaches L only through"),
    ((4, 1, 3), "b reaches L only through"),
    ((4, 0), "three numbers"),
    ((4, 0, -3), "other numbers"),
    (4, "three numbers"),
]


# 04.2: the gradient of the kernels
def patches(x, g):
    k = x.shape[2] - g.shape[2] + 1
    return x.unfold(2, k, 1).unfold(3, k, 1)


def right_kernel(x, g):
    return torch.einsum("norq,ncrqij->ocij", g, patches(x, g))


def kernel_by_conv2d(x, g):
    return F.conv2d(x.transpose(0, 1), g.transpose(0, 1)).transpose(0, 1)


def kernel_by_pytorch(x, g):
    k = x.shape[2] - g.shape[2] + 1
    return torch.nn.grad.conv2d_weight(x, (g.shape[1], x.shape[1], k, k), g)


def kernel_by_loops(x, g):
    """Use NumPy and loops, and return nested lists."""
    x, g = x.numpy(), g.numpy()
    (_, c, high, _), (_, o, rows, columns) = x.shape, g.shape
    k = high - rows + 1
    w = np.zeros((o, c, k, k))
    for i in range(k):
        for j in range(k):
            seen = x[:, :, i : i + rows, j : j + columns]
            for a in range(o):
                for b in range(c):
                    w[a, b, i, j] = (g[:, a] * seen[:, b]).sum()
    return w.tolist()


def kernel_by_autograd(x, g):
    k = x.shape[2] - g.shape[2] + 1
    w = torch.zeros(g.shape[1], x.shape[1], k, k, requires_grad=True)
    (F.conv2d(x, w) * g).sum().backward()
    return w.grad


def kernel_in_place(x, g):
    x *= 1.5
    return right_kernel(x, g)


KERNEL = [
    (lambda x, g: right_kernel(x, g).flip(2, 3), "flipped"),
    (lambda x, g: right_kernel(x, g) / len(x), "averaged over the images"),
    (lambda x, g: right_kernel(x, g) / g[0, 0].numel(), "averaged over the places"),
    (lambda x, g: (g.mean(), right_kernel(x, g) / g[:, 0].numel())[1], "averaged over the places"),
    (lambda x, g: -right_kernel(x, g), "The sign is wrong"),
    (lambda x, g: 2 * right_kernel(x, g), "Not what autograd finds"),
    (lambda x, g: right_kernel(x[:1], g[:1]), "only the first image"),
    (lambda x, g: right_kernel(x, torch.ones_like(g)), "added up the pixels"),
    (lambda x, g: right_kernel(x, g).transpose(0, 1), "swap the first two axes"),
    (lambda x, g: right_kernel(x, g).transpose(2, 3), "are transposed"),
    (lambda x, g: right_kernel(x, g).sum(1), "have the shape"),
    (lambda x, g: F.conv2d(x, torch.ones(1, x.shape[1], 3, 3)), "have the shape"),
    (lambda x, g: right_kernel(x, g)[..., :3, :3], "have the shape"),
    (lambda x, g: g, "have the shape"),
    (kernel_in_place, "changed x or g"),
    (no_return, "returns None"),
    (torch.zeros(1, 1, 3, 3), "Give the function itself"),
]


# 04.3: a gradient check
def differences(loss, x, h=1e-5, centred=True):
    found = torch.zeros_like(x)
    for i in range(x.numel()):
        step = torch.zeros_like(x)
        step.view(-1)[i] = h
        if centred:
            found.view(-1)[i] = (loss(x + step) - loss(x - step)) / (2 * h)
        else:
            found.view(-1)[i] = (loss(x + step) - loss(x)) / h
    return found


def relative(a, b):
    return (a - b).norm() / max(a.norm(), b.norm())


def checks(same, h=1e-5, centred=True):
    """Return a check that compares in its own way."""

    def is_right(loss, gradient, x):
        return same(differences(loss, x, h, centred), gradient(x))

    return is_right


def along_one_direction(loss, gradient, x):
    direction = torch.ones_like(x)
    slope = (loss(x + 1e-5 * direction) - loss(x - 1e-5 * direction)) / 2e-5
    return bool(abs(slope - (gradient(x) * direction).sum()) < 1e-3 * abs(slope))


def random_directions(loss, gradient, x):
    for _ in range(20):
        d = torch.randn_like(x)
        slope = (loss(x + 1e-5 * d) - loss(x - 1e-5 * d)) / 2e-5
        if abs(slope - (gradient(x) * d).sum()) > 1e-4 * gradient(x).norm() * d.norm() + 1e-30:
            return False
    return True


def seeded_directions(loss, gradient, x):
    torch.manual_seed(0)
    return random_directions(loss, gradient, x)


def moves_x(loss, gradient, x):
    x += 1e-5
    return relative(differences(loss, x), gradient(x)) < 1e-4


def by_autograd(loss, gradient, x):
    x = x.clone().requires_grad_()
    return relative(torch.autograd.grad(loss(x), x)[0], gradient(x)) < 1e-6


def by_func(loss, gradient, x):
    return relative(torch.func.grad(loss)(x), gradient(x)) < 1e-6


def one_number_a_row(loss, gradient, x):
    found = []
    for i in range(len(x)):
        step = torch.zeros_like(x)
        step[i] = 1e-5
        found.append((loss(x + step) - loss(x - step)) / 2e-5)
    return relative(torch.stack(found), gradient(x)) < 1e-4


CHECKS = [
    (
        checks(lambda a, b: min(relative(a, b), relative(a, 2 * b), relative(2 * a, b)) < 1e-4),
        "accepts a gradient that is twice as large",
    ),
    (lambda loss, gradient, x: True, "accepts a gradient with the wrong sign"),
    (lambda loss, gradient, x: False, "rejects the right gradient"),
    (checks(lambda a, b: bool((a - b).norm() < 1e-4)), "rejects the right .* in the billions"),
    (checks(lambda a, b: bool(torch.allclose(a, b, 1e-3, 1e-3))), "accepts .* a tiny loss"),
    (checks(lambda a, b: bool(relative(a, b) < 1e-4), h=1), "rejects the right gradient"),
    (checks(lambda a, b: bool(relative(a, b) < 1e-6), h=1e-14), "rejects the right gradient"),
    (checks(lambda a, b: bool(relative(a, b) < 1e-8), h=1e-3), "rejects the right gradient"),
    (checks(lambda a, b: bool(relative(a.sum(), b.sum()) < 1e-4)), "in the wrong places"),
    (checks(lambda a, b: bool(relative(a.abs(), b.abs()) < 1e-4)), "with the wrong sign"),
    (checks(lambda a, b: bool(relative(a, b) < 0.3)), "2% off"),
    (checks(lambda a, b: bool(relative(a / a.norm(), b / b.norm()) < 1e-4)), "twice as large"),
    (checks(lambda a, b: bool(relative(a.view(-1)[0], b.view(-1)[0]) < 1e-4)), "2% off"),
    (along_one_direction, "in the wrong places"),
    (checks(relative), "True or False"),
    (checks(lambda a, b: (a - b).abs() < 1e-4 * a.norm()), "one True or False"),
    (checks(lambda a, b: torch.allclose(a, b)), "accepts .* a tiny loss"),
    (checks(lambda a, b: bool(((a - b) / b).abs().max() < 1e-4)), "divided by 0"),
    (checks(lambda a, b: str(bool(relative(a, b) < 1e-4))), "Return one True or False"),
    (by_autograd, "without autograd"),
    (by_func, "without autograd"),
    (one_number_a_row, "through all 9 numbers"),
    (moves_x, "changed x"),
    (no_return, "returns None"),
    (True, "Give the function itself"),
]


def from_the_library(loss, gradient, x):
    from catdog_lib.from_scratch import numeric_gradient, relative_error

    return 1e8 * relative_error(1e8 * numeric_gradient(loss, x), 1e8 * gradient(x)) < 1e4


# 04.4: the curve with two softmaxes
STUCK = [
    ("A", "label smoothing"),
    ("C", "hardly left"),
    ("D", "goes on towards 0"),
    ("E", "Give one of"),
    (2, "Give one of"),
]


# 04.5: AdamW
def adamw(
    decay_inside=False, hand_on_hats=False, power=True, move=None, order=True, changed=(1, 1, 1)
):
    """Return a step that is right but for what the arguments say."""

    def step(w, m, s, g, t, lr, decay):
        if decay_inside:
            g = g + decay * w
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
        b1, b2 = (0.9**t, 0.999**t) if power else (0.9 * t, 0.999 * t)
        mh, sh = m / (1 - b1), s / (1 - b2)
        by = move(m, s, mh, sh, w, lr, decay) if move else mh / (sh.sqrt() + 1e-8) + decay * w
        if decay_inside:
            by = mh / (sh.sqrt() + 1e-8)
        if hand_on_hats:
            m, s = mh, sh
        new = tuple(factor * x for factor, x in zip(changed, (w - lr * by, m, s), strict=True))
        return new if order else (m, s, w - lr * by)

    return step


def as_given(w, m, s, g, t, lr, decay):
    g = g + decay * w
    m = 0.9 * m + 0.1 * g
    s = 0.999 * s + 0.001 * g**2
    m = m / (1 - 0.9 * t)
    s = s / (1 - 0.999 * t)
    return w - lr * m / (s.sqrt() + 1e-8), m, s


def by_torch(w, m, s, g, t, lr, decay):
    """Let torch.optim.AdamW take the step."""
    p = torch.nn.Parameter(w.clone())
    p.grad = g.clone()
    optimizer = torch.optim.AdamW([p], lr=lr, weight_decay=decay)
    optimizer.state[p] = {
        "step": torch.tensor(float(t - 1)),
        "exp_avg": m.clone(),
        "exp_avg_sq": s.clone(),
    }
    optimizer.step()
    state = optimizer.state[p]
    return p.detach(), state["exp_avg"], state["exp_avg_sq"]


def in_numpy(w, m, s, g, t, lr, decay):
    w, m, s, g = (tensor.numpy() for tensor in (w, m, s, g))
    m = 0.9 * m + 0.1 * g
    s = 0.999 * s + 0.001 * g * g
    step = (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    return [w * (1 - lr * decay) - lr * step, m, s]


def swapped_betas(w, m, s, g, t, lr, decay):
    m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
    adam = m / (1 - 0.999**t) / ((s / (1 - 0.9**t)).sqrt() + 1e-8)
    return w - lr * (adam + decay * w), m, s


def decay_in_the_squares(w, m, s, g, t, lr, decay):
    new_w, m, _ = adamw()(w, m, s, g, t, lr, decay)
    return new_w, m, 0.999 * s + 0.001 * (g + decay * w) ** 2


def product_for_one(beta):
    """Return a step that takes β·t for βᵗ where β is this one."""

    def step(w, m, s, g, t, lr, decay):
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
        b1, b2 = (b * t if b == beta else b**t for b in (0.9, 0.999))
        return w - lr * (m / (1 - b1) / ((s / (1 - b2)).sqrt() + 1e-8) + decay * w), m, s

    return step


def adamw_in_place(w, m, s, g, t, lr, decay):
    m *= 0.9
    m += 0.1 * g
    return adamw()(w, m, s, g, t, lr, decay)


ADAMW = [
    (as_given, "still inside the gradient"),
    (adamw(decay_inside=True), "still inside the gradient"),
    (adamw(decay_inside=True, hand_on_hats=True), "still inside the gradient"),
    (decay_in_the_squares, "still inside the gradient"),
    (adamw(hand_on_hats=True), "corrected m"),
    (adamw(hand_on_hats=True, power=False), "corrected m"),
    (
        lambda *a: (lambda w, m, s: (w, m, s / (1 - 0.999 ** a[4])))(*adamw()(*a)),
        "corrected s",
    ),
    (
        lambda *a: (lambda w, m, s: (w, m, s / (1 - 0.999 * a[4])))(*adamw()(*a)),
        "corrected s",
    ),
    (adamw(power=False), "the power"),
    (product_for_one(0.9), "the power"),
    (product_for_one(0.999), "the power"),
    (adamw(move=lambda m, s, mh, sh, w, lr, d: mh / (sh.sqrt() + 1e-8)), "decay is missing"),
    (
        adamw(move=lambda m, s, mh, sh, w, lr, d: mh / (sh.sqrt() + 1e-8) + d * w / lr),
        "not multiplied by the learning rate",
    ),
    (adamw(move=lambda m, s, mh, sh, w, lr, d: mh / (sh.sqrt() + 1e-8) - d * w), "same sign"),
    (adamw(move=lambda m, s, mh, sh, w, lr, d: m / (s.sqrt() + 1e-8) + d * w), "gone altogether"),
    (
        adamw(move=lambda m, s, mh, sh, w, lr, d: mh / (sh + 1e-8).sqrt() + d * w),
        "outside the root",
    ),
    (adamw(move=lambda m, s, mh, sh, w, lr, d: mh / (sh + 1e-8) + d * w), "the root of"),
    (adamw(move=lambda m, s, mh, sh, w, lr, d: (mh + d * w) / (sh.sqrt() + 1e-8)), "√ŝ, too"),
    (adamw(order=False), "The new m is not|is the new s"),
    (adamw(move=lambda m, s, mh, sh, w, lr, d: mh / sh.sqrt() + d * w), "ε is missing"),
    (adamw(move=lambda m, s, mh, sh, w, lr, d: -mh / (sh.sqrt() + 1e-8) - d * w), "downhill"),
    (
        adamw(move=lambda m, s, mh, sh, w, lr, d: (1 - lr * d) * mh / (sh.sqrt() + 1e-8) + d * w),
        "the old w",
    ),
    (swapped_betas, "its own β"),
    (adamw(changed=(1, 2, 1)), r"The new m is not 0\.9 · m"),
    (adamw(changed=(1, 1, 2)), r"The new s is not 0\.999 · s"),
    (adamw(changed=(2, 1, 1)), "m and s are right, but w should lose"),
    (lambda w, m, s, *rest: (adamw()(w, m, s, *rest)[0], m, s), "the old m"),
    (lambda w, m, s, *rest: (*adamw()(w, m, s, *rest)[:2], s), "the old s"),
    (lambda *given: adamw()(*given)[0], "three tensors"),
    (adamw_in_place, "changed a tensor"),
    (no_return, "returns None"),
    (0.9, "Give the function itself"),
]


# 04.6: the scale of the first weights
def of_sample(size):
    """Return what a function of φ(z) gives, for normal z."""
    return lambda function: lambda phi: function(phi(torch.randn(200_000)))


sampled = of_sample(200_000)
GAIN = [
    (lambda phi: 2**0.5, "He's √2"),
    (lambda phi: 1.0, "times the size"),
    (sampled(lambda y: 1 / y.std()), "standard deviation"),
    (sampled(lambda y: 1 / y.square().mean()), "That is the square"),
    (sampled(lambda y: y.square().mean().sqrt()), "upside down"),
    (sampled(lambda y: 1 / y.abs().mean()), "the mean of"),
    (
        lambda phi: (
            5 / 3
            if phi(torch.tensor(9.0)) < 2
            else 1 / phi(torch.randn(99999)).square().mean() ** 0.5
        ),
        "rule of thumb",
    ),
    (lambda phi: 1.6667 if phi(torch.tensor(9.0)) < 2 else by_integral(phi), "rule of thumb"),
    (sampled(lambda y: -1 / y.square().mean().sqrt()), "which is above 0"),
    (lambda phi: 1.333 if phi(torch.tensor(-2.0)) == -1 else 1.0, "With 1.333 for F.leaky_relu"),
    (lambda phi: 2.0, "times the size"),
    (lambda phi: float("nan"), "your gain is"),
    (lambda phi: phi(torch.randn(5)), "one number"),
    (no_return, "returns None"),
    (1.4, "Give the function itself"),
]


def by_integral(phi):
    z = np.linspace(-8, 8, 4001)
    y = phi(torch.from_numpy(z)).numpy()
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return 1 / np.sqrt(np.sum(density * y**2) * (z[1] - z[0]))


def by_a_network(phi):
    """Measure what one wide layer does."""
    z = torch.randn(100, 1000)
    after = phi(z) @ torch.randn(1000, 20_000) / 1000**0.5
    return [z.square().mean().sqrt().item() / after.square().mean().sqrt().item()]


BANKS = {
    "04.1": GATES,
    "04.2": KERNEL,
    "04.3": CHECKS,
    "04.4": STUCK,
    "04.5": ADAMW,
    "04.6": GAIN,
}


def kernel_by_a_layer(x, g):
    layer = nn.Conv2d(x.shape[1], g.shape[1], x.shape[2] - g.shape[2] + 1, bias=False).to(x.dtype)
    (layer(x) * g).sum().backward()
    return layer.weight.grad


RIGHT_ANSWERS = {
    "04.1": [(4, 0, 3), [4.0, 0.0, 3.0], torch.tensor([4, 0, 3]), [[4], [0], [3]]],
    "04.2": [
        kernel_by_conv2d,
        kernel_by_pytorch,
        kernel_by_loops,
        kernel_by_autograd,
        kernel_by_a_layer,
        lambda x, g: right_kernel(x.double(), g.double()).numpy(),
    ],
    "04.3": [
        checks(lambda a, b: bool(relative(a, b) < 1e-4)),
        checks(lambda a, b: relative(a, b) < 5e-3, h=1e-6, centred=False),
        random_directions,
        seeded_directions,
        checks(lambda a, b: np.allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=0)),
        from_the_library,
    ],
    "04.4": ["B", "b", " B "],
    "04.5": [adamw(), by_torch, in_numpy],
    "04.6": [sampled(lambda y: 1 / y.square().mean().sqrt()), by_integral, by_a_network],
}

# what the checker says of the notebook's solution
REPLIES = {
    "04.1": (
        "Forward, L = 12; backward, autograd finds [4.0, 0.0, 3.0]: the ReLU got -2, so its "
        "path is closed, and a·c exchanges its inputs."
    ),
    "04.4": "The floor is ln(1 + 9/e) = 1.4612; PyTorch says 1.4612.",
    "04.6": (
        "To three decimals: 1.265 for F.leaky_relu with the slope 0.5, 1.593 for torch.tanh, "
        "1.000 for torch.abs, 1.042 for F.softplus."
    ),
}
