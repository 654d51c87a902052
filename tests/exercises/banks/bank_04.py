"""Typical wrong answers to the exercises of lesson 04, each with a piece of its hint."""

import math

import torch
import torch.nn.functional as F

from tests.exercises.banks.common import no_return


# 04.1: the chain rule
def y(w, x):
    return math.tanh(w * x)


SLOPE = [
    (lambda w, x, t: (y(w, x) - t) ** 2, "the loss itself"),
    (lambda w, x, t: 2 * (y(w, x) - t), "how does y change with w"),
    (lambda w, x, t: 2 * (y(w, x) - t) * (1 - y(w, x) ** 2), "One step is left"),
    (lambda w, x, t: 2 * (y(w, x) - t) * x, "slope of tanh is missing"),
    (lambda w, x, t: (y(w, x) - t) * (1 - y(w, x) ** 2) * x, "factor of 2"),
    (lambda w, x, t: 2 * (t - y(w, x)) * (1 - y(w, x) ** 2) * x, "not t − y"),
    (lambda w, x, t: 2 * (y(w, x) - t) * (1 - y(w, x) ** 2) * w, "with respect to x"),
    (lambda w, x, t: 2 * (y(w, x) - t) * (1 - y(w, x)) * x, "1 − tanh²"),
    (lambda w, x, t: 2 * (y(w, x) - t) * (1 - (w * x) ** 2) * x, "not of w·x"),
    (lambda w, x, t: 2 * (w * x - t) * (1 - y(w, x) ** 2) * x, "the slope is"),
    (lambda w, x, t: 2 * (y(w, x) - t) + 1 - y(w, x) ** 2 + x, "the slope is"),
    (no_return, "returns None"),
    (0.3, "Give the function itself"),
    (lambda w, x: w, "TypeError"),
]


# 04.2: max-pooling
def spread(small):
    return small.repeat_interleave(2, 2).repeat_interleave(2, 3)


def winners(x):
    return x == spread(F.max_pool2d(x, 2))


def pool_in_place(x, g):
    x *= winners(x)
    return (x != 0) * spread(g)


def tiled(x, g):
    return winners(x) * g.repeat(1, 1, 2, 2)


POOL = [
    (lambda x, g: spread(g), "all four"),
    (lambda x, g: spread(g) / 4, "mean-pooling"),
    (lambda x, g: winners(x).float(), "with 1"),
    (lambda x, g: winners(x) * x, "the maximum itself"),
    (lambda x, g: winners(x) * x * spread(g), "not multiplied by x"),
    (lambda x, g: (x > 0) * spread(g), "ReLU's backward pass"),
    (lambda x, g: winners(-x) * spread(g), "smallest"),
    (lambda x, g: (x == x.amax((2, 3), keepdim=True)) * spread(g), "whole map"),
    (lambda x, g: winners(x) * spread(g) / 4, "Not what autograd finds"),
    (tiled, "Not what autograd finds"),
    (lambda x, g: winners(x) * -spread(g), "Not what autograd finds"),
    (lambda x, g: F.max_pool2d(x, 2) * g, "has the shape of the maps"),
    (lambda x, g: g, "has the shape of the maps"),
    (lambda x, g: (winners(x) * spread(g)).tolist(), "a tensor"),
    (pool_in_place, "changed x or g"),
    (no_return, "returns None"),
    (torch.zeros(1), "Give the function itself"),
]


# 04.3: p − q
def q(z, labels):
    return F.one_hot(labels, z.shape[1])


def p_in_place(z, labels):
    z -= z.logsumexp(1, keepdim=True)
    return (z.exp() - q(z, labels)) / len(z)


LOSS_GRADIENT = [
    (lambda z, y: z.softmax(1) - q(z, y), "gradient of the sum"),
    (lambda z, y: (q(z, y) - z.softmax(1)) / len(z), "minus what it should say"),
    (lambda z, y: (z.softmax(1) - q(z, y)) / z.numel(), "not of all logits"),
    (lambda z, y: (z.softmax(1) - q(z, y)) / z.shape[1], "number of classes"),
    (lambda z, y: z.softmax(1) / len(z), "Subtract 1"),
    (lambda z, y: (z - q(z, y)) / len(z), "apply softmax"),
    (lambda z, y: (z.softmax(0) - q(z, y)) / len(z), "dim=1"),
    (lambda z, y: (z.log_softmax(1) - q(z, y)) / len(z), "not log p"),
    (lambda z, y: (z.sigmoid() - q(z, y)) / len(z), "each logit alone"),
    (lambda z, y: (z.softmax(1) - y[:, None]) / len(z), "Not what autograd finds"),
    (lambda z, y: F.cross_entropy(z, y), "shape of the logits"),
    (lambda z, y: (z.softmax(1)[range(len(y)), y] - 1) / len(y), "shape of the logits"),
    (lambda z, y: ((z.softmax(1) - q(z, y)) / len(z)).tolist(), "a tensor"),
    (p_in_place, "changed the logits"),
    (no_return, "returns None"),
    (torch.zeros(4, 3), "Give the function itself"),
]

# 04.4: the floor of the loss with two softmaxes
FLOOR = [
    (lambda k: 0, "With one softmax"),
    (lambda k: math.log(k), "knows nothing"),
    (lambda k: math.e / (math.e + k - 1), "the probability of the true class"),
    (lambda k: -math.log(1 + (k - 1) / math.e), "The sign"),
    (lambda k: math.log(1 + (k - 1) * math.e), "sure and wrong"),
    (lambda k: math.log(1 + k / math.e), "K − 1 of them"),
    (lambda k: math.log2(1 + (k - 1) / math.e), "natural logarithm"),
    (lambda k: math.log10(1 + (k - 1) / math.e), "natural logarithm"),
    (lambda k: math.log(1 + 1 / math.e), "for two classes"),
    (lambda k: math.log(math.e + k - 1), "left out the logit"),
    (lambda k: math.log(1 + 9 / math.e), "With 3 classes"),
    (lambda k: 1 - math.e / (math.e + k - 1), "you have"),
    (no_return, "returns None"),
    (1.4612, "Give the function itself"),
]


# 04.5: momentum
def velocity(change):
    """Return a step that is right but for the velocity."""

    def step(w, v, g, lr, mu):
        v = change(v, g, lr, mu)
        return w - lr * v, v

    return step


def moves(by):
    """Return a step whose velocity is right, but whose weights move by something else."""

    def step(w, v, g, lr, mu):
        new = mu * v + g
        return by(w, v, g, lr, mu, new), new

    return step


def classic(w, v, g, lr, mu):
    v = mu * v - lr * g
    return w + v, v


def momentum_in_place(w, v, g, lr, mu):
    v *= mu
    v += g
    return w - lr * v, v


MOMENTUM = [
    (velocity(lambda v, g, lr, mu: mu * v + (1 - mu) * g), "not a mean"),
    (velocity(lambda v, g, lr, mu: v + g), "only the share"),
    (velocity(lambda v, g, lr, mu: v + mu * g), "not to the gradient"),
    (velocity(lambda v, g, lr, mu: mu * v - g), "adds up gradients"),
    (velocity(lambda v, g, lr, mu: mu * v + lr * g), "learning rate belongs"),
    (classic, "learning rate belongs"),
    (lambda w, v, g, lr, mu: (w - lr * (mu * v + g), v), "Return the new velocity"),
    (velocity(lambda v, g, lr, mu: g), "The new v is not"),
    (moves(lambda w, v, g, lr, mu, new: w + lr * new), "against the gradient"),
    (moves(lambda w, v, g, lr, mu, new: w - lr * v), "the old velocity"),
    (moves(lambda w, v, g, lr, mu, new: w - lr * g), "moved by the gradient"),
    (moves(lambda w, v, g, lr, mu, new: w - new), "rate is missing"),
    (moves(lambda w, v, g, lr, mu, new: w - lr * (g + mu * new)), "Nesterov"),
    (moves(lambda w, v, g, lr, mu, new: w), "did not move"),
    (moves(lambda w, v, g, lr, mu, new: w - 2 * lr * new), "the weights are not"),
    (lambda w, v, g, lr, mu: (w - lr * (0.8 * v + g), 0.8 * v + g), "something fixed"),
    (lambda w, v, g, lr, mu: (w - 0.1 * (mu * v + g), mu * v + g), "something fixed"),
    (lambda w, v, g, lr, mu: w - lr * (mu * v + g), "Return 2 tensors"),
    (lambda w, v, g, lr, mu: (w.tolist(), v.tolist()), "Return 2 tensors"),
    (momentum_in_place, "changed a tensor"),
    (no_return, "returns None"),
    (0.9, "Give the function itself"),
]


# 04.6: Adam
def adam(m_of=None, s_of=None, move=None):
    """Return a step that is right but for the arguments: how m and s change, what w moves by."""

    def step(w, m, s, g, t, lr):
        m = m_of(m, g) if m_of else 0.9 * m + 0.1 * g
        s = s_of(s, g) if s_of else 0.999 * s + 0.001 * g**2
        m_hat, s_hat = m / (1 - 0.9**t), s / (1 - 0.999**t)
        by = move(m, s, m_hat, s_hat, t, g) if move else m_hat / (s_hat.sqrt() + 1e-8)
        return w - lr * by, m, s

    return step


def keeps_the_hats(w, m, s, g, t, lr):
    w, m, s = adam()(w, m, s, g, t, lr)
    return w, m / (1 - 0.9**t), s / (1 - 0.999**t)


def keeps_one_hat(w, m, s, g, t, lr):
    w, m, s = adam()(w, m, s, g, t, lr)
    return w, m, s / (1 - 0.999**t)


def adam_in_place(w, m, s, g, t, lr):
    new_w, *_ = adam()(w, m, s, g, t, lr)
    m *= 0.9
    m += 0.1 * g
    return new_w, m, 0.999 * s + 0.001 * g**2


def next_t(m, s, m_hat, s_hat, t, g):
    t += 1
    return m / (1 - 0.9**t) / ((s / (1 - 0.999**t)).sqrt() + 1e-8)


ADAM = [
    (keeps_the_hats, "without bias correction"),
    (keeps_one_hat, "without bias correction"),
    (adam(m_of=lambda m, g: m + g), "a running mean"),
    (adam(m_of=lambda m, g: 0.9 * m + g), "not a velocity"),
    (adam(m_of=lambda m, g: 0.1 * m + 0.9 * g), "swapped the shares"),
    (adam(m_of=lambda m, g: 0.99 * m + 0.01 * g), "m is not"),
    (adam(s_of=lambda s, g: 0.999 * s + 0.001 * g.abs()), "s is not"),
    (adam(s_of=lambda s, g: 0.999 * s + 0.001 * g), "squared gradient"),
    (adam(s_of=lambda s, g: 0.9 * s + 0.1 * g**2), "remembers for longer"),
    (adam(s_of=lambda s, g: s + g**2), "s is not"),
    (adam(move=lambda m, s, mh, sh, t, g: m / (s.sqrt() + 1e-8)), "correction is missing"),
    (adam(move=lambda m, s, mh, sh, t, g: mh / (s.sqrt() + 1e-8)), "s, too"),
    (adam(move=lambda m, s, mh, sh, t, g: m / (sh.sqrt() + 1e-8)), "m, too"),
    (adam(move=lambda m, s, mh, sh, t, g: mh / (sh + 1e-8)), "the root of"),
    (adam(move=lambda m, s, mh, sh, t, g: mh / (sh + 1e-8).sqrt()), "outside of the root"),
    (adam(move=lambda m, s, mh, sh, t, g: mh / sh.sqrt()), "missing from the divisor"),
    (adam(move=lambda m, s, mh, sh, t, g: -mh / (sh.sqrt() + 1e-8)), "Downhill"),
    (adam(move=lambda m, s, mh, sh, t, g: g / (sh.sqrt() + 1e-8)), "not by the gradient"),
    (adam(move=lambda m, s, mh, sh, t, g: 0 * m), "did not move"),
    (adam(move=next_t), "counts from 1"),
    (adam(move=lambda m, s, mh, sh, t, g: 2 * mh / (sh.sqrt() + 1e-8)), "the weights are not"),
    (lambda w, m, s, g, t, lr: adam()(w, m, s, g, t, lr)[0], "Return 3 tensors"),
    (lambda w, m, s, g, t, lr: adam()(w, m, s, g, 1, lr), "At t = 7"),
    (adam_in_place, "changed a tensor"),
    (no_return, "returns None"),
    (1e-3, "Give the function itself"),
]

BANKS = {
    "04.1": SLOPE,
    "04.2": POOL,
    "04.3": LOSS_GRADIENT,
    "04.4": FLOOR,
    "04.5": MOMENTUM,
    "04.6": ADAM,
}
