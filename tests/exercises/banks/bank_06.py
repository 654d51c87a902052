"""Wrong answers to the exercises of lesson 06, each with a piece of its hint, and right ones."""

import numpy as np
import torch
from torch import nn

from tests.exercises.banks.common import no_return


# 06.1: prepare as the network was trained
def column(numbers):
    return torch.tensor(numbers).view(3, 1, 1)


def prepare(images, mean, std):
    return (images / 255 - column(mean)) / column(std)


def prepare_in_place(images, mean, std):
    images //= 2
    return images / 255


def prepare_in_numpy(images, mean, std):
    x = images.numpy().transpose(0, 2, 3, 1) / 255
    return ((x - np.array(mean)) / np.array(std)).transpose(0, 3, 1, 2)


def prepare_by_loops(images, mean, std):
    out = images.float() / 255
    for c in range(3):
        out[:, c] = (out[:, c] - mean[c]) / std[c]
    return out


def normalised_by_itself(images, mean, std):
    x = images.float() / 255
    return (x - x.mean((0, 2, 3), keepdim=True)) / x.std((0, 2, 3), keepdim=True)


def only_if_bright(images, mean, std):
    x = images.float()
    x = x / 255 if x.max() > 1 else x
    return (x - column(mean)) / column(std)


PREPARE = [
    (lambda x, m, s: (x - column(m)) / column(s) / 255, "That is the code as it was"),
    (lambda x, m, s: (x - column(m)) / column(s), "have not been divided by 255"),
    (lambda x, m, s: x / 255, "These are in"),
    (lambda x, m, s: x / 255 - column(m), "Divide by the standard deviation as well"),
    (lambda x, m, s: x / 255 / column(s), "Subtract the mean as well"),
    (lambda x, m, s: x / 255 / column(s) - column(m), "Subtract the mean before"),
    (lambda x, m, s: (x / 255 - column(m)) * column(s), "you multiply"),
    (normalised_by_itself, "of its own training"),
    (lambda x, m, s: (x / 256 - column(m)) / column(s), "goes up to 255"),
    (
        lambda x, m, s: (x / 255 - torch.tensor(m)) / torch.tensor(s),
        "lines up with the last axis",
    ),
    (lambda x, m, s: (x / 255 - column(s)) / column(m), "swapped the two"),
    (lambda x, m, s: prepare(x, m, s) + 1, "yours is 1.70588"),
    (lambda x, m, s: (x / 255 - m[0]) / s[0], "channel 1, row 0, column 0 the byte"),
    (lambda x, m, s: prepare(x, m, s)[0], "keep their shape"),
    (lambda x, m, s: prepare(x / 255 if x.max() <= 1 else x, m, s), "yours is"),
    (only_if_bright, "have not been divided by 255"),
    (prepare_in_place, "changed the images"),
    (no_return, "returns None"),
    (torch.zeros(3), "Give the function itself"),
]
PREPARE_RIGHT = [
    prepare,
    prepare_in_numpy,
    prepare_by_loops,
    lambda x, m, s: ((x.double() / 255 - column(m)) / column(s)).tolist(),
    lambda x, m, s: (x - 255 * column(m)) / (255 * column(s)),
]


# 06.2: swap a head
def swap(network, classes):
    network.requires_grad_(False)
    network.fc = nn.Linear(network.fc.in_features, classes)
    return network


def swap_then_freeze(network, classes):
    return swap(network, classes).requires_grad_(False)


def swap_unfrozen(network, classes):
    network.fc = nn.Linear(network.fc.in_features, classes)
    return network


def swap_a_number(network, classes):
    network.requires_grad_(False)
    network.fc.out_features = classes
    network.fc.requires_grad_(True)
    return network


def swap_on_logits(network, classes):
    network.requires_grad_(False)
    network.fc = nn.Sequential(network.fc, nn.Linear(10, classes))
    return network


def swap_for_two(network, classes):
    return swap(network, 2)


def swap_deep(network, classes):
    width = network.fc.in_features
    network.requires_grad_(False)
    network.fc = nn.Sequential(nn.Linear(width, 4), nn.Linear(4, classes))
    return network


def swap_freezing_convolutions(network, classes):
    swap_unfrozen(network, classes)
    network.body["conv"].requires_grad_(False)
    return network


def swap_freezing_children(network, classes):
    for child in network.children():
        child.requires_grad_(False)
    return swap_unfrozen(network, classes)


def swap_freezing_by_name(network, classes):
    swap_unfrozen(network, classes)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_("fc" in name)
    return network


def swap_fresh_body(network, classes):
    swap(network, classes)
    network.body["conv"].reset_parameters()
    return network


def swap_from_2048(network, classes):
    network.requires_grad_(False)
    network.fc = nn.Linear(2048, classes)
    return network


def swap_with_dropout(network, classes):
    network.requires_grad_(False)
    network.fc = nn.Sequential(nn.Dropout(), nn.Linear(network.fc.in_features, classes))
    return network


def swap_around(network, classes):
    network.requires_grad_(False)
    return nn.Sequential(network, nn.Linear(10, classes))


def swap_for_nan(network, classes):
    swap(network, classes)
    nn.init.constant_(network.fc.bias, float("nan"))
    return network


def swap_half_frozen(network, classes):
    swap(network, classes)
    network.fc.bias.requires_grad_(False)
    return network


def swap_without_bias(network, classes):
    network.requires_grad_(False)
    network.fc = nn.Linear(network.fc.in_features, classes, bias=False)
    return network


def swap_only_the_head(network, classes):
    return swap(network, classes).fc


SWAP = [
    (swap_then_freeze, "Nothing is left to learn"),
    (swap_unfrozen, "scale still has requires_grad"),
    (swap_a_number, "changes a number"),
    (swap_on_logits, "should be one nn.Linear; yours is something of type Sequential"),
    (swap_for_two, r"should have the shape \(5, 7\); yours have \(2, 7\)"),
    (swap_deep, "should be one nn.Linear"),
    (swap_freezing_convolutions, "scale still has requires_grad"),
    (swap_freezing_children, "scale still has requires_grad"),
    (swap_freezing_by_name, "body.fc.weight still has requires_grad"),
    (swap_fresh_body, "The backbone has changed"),
    (swap_from_2048, "reads 12 features"),
    (swap_with_dropout, "should be one nn.Linear"),
    (swap_around, "Return the network itself"),
    (swap_for_nan, "not finite"),
    (swap_half_frozen, "The new layer's bias does not learn"),
    (swap_without_bias, "no bias"),
    (lambda network, classes: swap(network, classes).eval(), "changed the mode of the network"),
    (lambda network, classes: swap(network, classes).train(), "changed the mode of the network"),
    (swap_only_the_head, "you return something of type Linear"),
    (lambda network, classes: classes, "Return the network"),
    (no_return, "returns None"),
    (nn.Linear(2, 2).bias, "Give the function itself"),
]


def swap_by_loop(network, classes):
    for parameter in network.parameters():
        parameter.requires_grad = False
    network.fc = nn.Linear(network.fc.weight.shape[1], classes)
    return network


def swap_then_freeze_the_rest(network, classes):
    swap_unfrozen(network, classes)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.startswith("fc."))
    return network


def swap_in_place(network, classes):
    network.requires_grad_(False)
    network.fc.weight = nn.Parameter(torch.randn(classes, network.fc.in_features) * 0.01)
    network.fc.bias = nn.Parameter(torch.zeros(classes))
    return network


def swap_with_weight_norm(network, classes):
    swap(network, classes)
    nn.utils.parametrizations.weight_norm(network.fc)
    return network


SWAP_RIGHT = [
    swap,
    swap_by_loop,
    swap_then_freeze_the_rest,
    swap_in_place,
    swap_with_weight_norm,
]

# 06.3: what moves
MOVES = [
    (["weights", "running mean", "running variance", "output"], "the convolution's weights"),
    (["scale", "running mean", "running variance", "output"], "BatchNorm's scale to move"),
    ([], "did not expect BatchNorm's running mean"),
    (["running mean", "running variance"], "did not expect the output"),
    ("running mean", "did not expect BatchNorm's running variance"),
    (["everything"], "'everything' is not one of"),
    (3, "Give a list"),
]
MOVES_RIGHT = [
    ["running mean", "running variance", "output"],
    {"output", "Running Mean", "running variance"},
    ("output", "running variance", "running mean "),
    np.array(["running mean", "running variance", "output"]),
    dict.fromkeys(["running mean", "running variance", "output"]).keys(),
]


# 06.5: rates for the stages
def groups(stages, head, lr, decay, frozen, rate=None, first=None, with_head=True):
    rate = rate or (lambda up: lr * decay**up)
    first = frozen if first is None else first
    parts = [*stages, head] if with_head else stages
    return [
        {"params": list(part.parameters()), "lr": rate(len(stages) - number)}
        for number, part in enumerate(parts)
        if number >= first
    ]


def groups_without_batchnorm(stages, head, lr, decay, frozen):
    return groups([stage[0] for stage in stages], head, lr, decay, frozen)


def groups_of_copies(*arguments):
    return [
        group | {"params": [parameter.detach().clone() for parameter in group["params"]]}
        for group in groups(*arguments)
    ]


def groups_uneven(stages, head, lr, decay, frozen):
    found = groups(stages, head, lr, decay, frozen)
    last = found[0]["params"].pop()
    return [*found, {"params": [last], "lr": lr}]


RATES = [
    (lambda s, h, lr, d, f: groups(s, h, lr, d, f, rate=lambda up: lr), "all parts one rate"),
    (
        lambda s, h, lr, d, f: groups(s, h, lr, d, f, rate=lambda up: lr * d ** (4 - up)),
        "upside down",
    ),
    (
        lambda s, h, lr, d, f: groups(
            s, h, lr, d, f, rate=lambda up: lr * d ** (5 - up - f) if up else lr
        ),
        "upside down",
    ),
    (lambda s, h, lr, d, f: groups(s, h, lr, d, f, rate=lambda up: lr * d ** (up + 1)), "at lr "),
    (
        lambda s, h, lr, d, f: groups(s, h, lr, d, f, rate=lambda up: lr * d ** max(up - 1, 0)),
        "as fast as the head",
    ),
    (
        lambda s, h, lr, d, f: groups(s, h, lr, d, f, rate=lambda up: lr * d if up else lr),
        "the factors multiply",
    ),
    (lambda s, h, lr, d, f: groups(s, h, lr, d, f, rate=lambda up: lr / d**up), "You divide"),
    (
        lambda s, h, lr, d, f: groups(s, h, lr, d, f, rate=lambda up: lr - up * 0.01),
        "the rates should be",
    ),
    (lambda s, h, lr, d, f: groups(s, h, lr, d, f, first=0), "stage 1 is frozen: leave it out"),
    (lambda s, h, lr, d, f: groups(s, h, lr, d, f, first=f + 1), "stage 1 should learn"),
    (lambda s, h, lr, d, f: groups(s, h, lr, d, f, with_head=False), "the head should learn"),
    (groups_without_batchnorm, "Some parameters of stage 1 are in no group"),
    (groups_of_copies, "no parameter of the network"),
    (lambda s, *rest: (groups(s, *rest), s.reverse())[0], "changed the stages"),
    (lambda s, h, lr, d, f: groups(s[-(4 - f) :], h, lr, d, 0), "stage 1 is frozen"),
    (lambda s, h, lr, d, f: [{"params": h, "lr": lr}], "not modules or names"),
    (lambda s, h, lr, d, f: [{"params": s[0], "lr": lr}], "not modules or names"),
    (groups_uneven, "of stage 1 do not all have the same"),
    (lambda *a: groups(*a) + groups(*a)[:1], "in two groups"),
    (lambda s, h, lr, d, f: [{"params": s, "lr": lr}], "holds parameters"),
    (lambda s, h, lr, d, f: [{"params": h.parameters()}], "one has"),
    (lambda s, h, lr, d, f: [lr, lr * d], "a list of dictionaries"),
    (no_return, "returns None"),
    ([], "Give the function itself"),
]


def groups_from_the_top(stages, head, lr, decay, frozen):
    found = [{"params": head.parameters(), "lr": lr}]
    for stage in stages[frozen:][::-1]:
        lr *= decay
        found.append({"params": stage.parameters(), "lr": lr})
    return found


def groups_of_one(stages, head, lr, decay, frozen):
    return [
        {"params": parameter, "lr": torch.tensor(group["lr"]), "momentum": 0.9}
        for group in groups(stages, head, lr, decay, frozen)
        for parameter in group["params"]
    ]


def groups_in_lists(*arguments):
    return [group | {"params": nn.ParameterList(group["params"])} for group in groups(*arguments)]


RATES_RIGHT = [groups, groups_from_the_top, groups_of_one, groups_in_lists]


# 06.4: standardize safely
def by(source, values, least=0.0):
    spread = source.std(0)
    spread = torch.where(spread == 0, 1.0, spread) if not least else spread.clamp(min=least)
    return (values - source.mean(0)) / spread


def changed(train, other):
    return by(train, train) + 0.5, by(train, other)


def in_place(train, other):
    train -= train.mean(0)
    return train, other


def left_constant(train, other):
    constant = train.std(0) == 0
    return (
        torch.where(constant, train, by(train, train)),
        torch.where(constant, other, by(train, other)),
    )


def up_to_a_thousandth(train, other):
    """Take a spread below 0.001 for none."""
    spread = torch.where(train.std(0) < 1e-3, 1.0, train.std(0))
    return (train - train.mean(0)) / spread, (other - train.mean(0)) / spread


def others_by_zero(train, other):
    """Mend what is not a number in the training features alone."""
    return by(train, train).nan_to_num(), (other - train.mean(0)) / train.std(0)


STANDARDISE = [
    (lambda a, b: (by(torch.cat([a, b]), a), by(torch.cat([a, b]), b)), "went into the mean"),
    (lambda a, b: (by(a, a), by(b, b)), "standardized by themselves"),
    (lambda a, b: ((a - a.mean(1, keepdim=True)) / a.std(1, keepdim=True), b), "mean of an image"),
    (lambda a, b: ((a - a.mean()) / a.std(), (b - a.mean()) / a.std()), "by its own mean"),
    (lambda a, b: (a - a.mean(0), b - a.mean(0)), "divide by the standard deviation as well"),
    (lambda a, b: ((a - a.mean(0)) / a.var(0).clamp(min=1e-12), b), "divided by the variance"),
    (lambda a, b: (a / a.std(0).clamp(min=1e-6), b), "Subtract the mean"),
    (lambda a, b: (by(a, a), b), "are unchanged"),
    (lambda a, b: (by(a, a), b - a.mean(0)), "lack the division"),
    (lambda a, b: ((a - a.mean(0)) / a.std(0), (b - a.mean(0)) / a.std(0)), "standard deviation 0"),
    (lambda a, b: (by(a, a, 1e-6), by(a, b, 1e-6)), "divide by a tiny number"),
    (lambda a, b: (by(a, a, 0.05), by(a, b, 0.05)), "by its own mean"),
    (lambda a, b: (by(a, a, 1e-3), by(a, b, 1e-3)), "divide by a tiny number"),
    (up_to_a_thousandth, "by its own mean"),
    (left_constant, "is divided by 1"),
    (changed, "should have mean 0"),
    (lambda a, b: (by(a, a), by(a, 2 * b)), "exactly the same to the others"),
    (lambda a, b: (by(a, b), by(a, a)), r"The training features have the shape"),
    (lambda a, b: by(a, a), "expected two tensors"),
    (in_place, "changed the features"),
    (others_by_zero, "deviation 0, and you divide by it"),
    (no_return, "returns None"),
    (torch.zeros(3), "Give the function itself"),
]


def in_numpy(train, other):
    train, other = train.double().numpy(), other.double().numpy()
    spread = train.std(0)
    spread[spread == 0] = 1
    return (train - train.mean(0)) / spread, (other - train.mean(0)) / spread


def by_loops(train, other):
    one, two = train.clone(), other.clone()
    for d in range(train.shape[1]):
        mean, spread = train[:, d].mean(), train[:, d].std().item() or 1
        one[:, d], two[:, d] = (train[:, d] - mean) / spread, (other[:, d] - mean) / spread
    return [one.tolist(), two.tolist()]


STANDARDISE_RIGHT = [
    lambda a, b: (by(a, a), by(a, b)),
    lambda a, b: tuple((x.double() - a.mean(0)) / (a.std(0) + (a.std(0) == 0)) for x in (a, b)),
    in_numpy,
    by_loops,
]

# 06.6: what five draws say
READING = [
    (("chance", "chance"), "look at differences within a draw"),
    (("larger", "larger"), "have nothing in common"),
    (("smaller", "chance"), "the higher one in every draw"),
    (("larger", "smaller"), "Fine-tuning's mean is the higher one"),
    ("larger", "expected two answers"),
    (("larger", 3), "Give one of"),
    (("larger", "perhaps"), "you gave 'perhaps'"),
]
READING_RIGHT = [("larger", "chance"), ["Larger", "chance "], ("LARGER", "CHANCE")]

BANKS = {
    "06.1": PREPARE,
    "06.2": SWAP,
    "06.3": MOVES,
    "06.4": STANDARDISE,
    "06.5": RATES,
    "06.6": READING,
}
RIGHT_ANSWERS = {
    "06.1": PREPARE_RIGHT,
    "06.2": SWAP_RIGHT,
    "06.3": MOVES_RIGHT,
    "06.4": STANDARDISE_RIGHT,
    "06.5": RATES_RIGHT,
    "06.6": READING_RIGHT,
}

# what the checker says of the notebook's solution
REPLIES = {
    "06.3": (
        "The running mean moved by up to 0.18, the running variance by up to 0.86, and so the "
        "output for the same image by up to 0.79, with no gradient and no optimizer."
    ),
    "06.6": "In pairs the difference is 3.0 ± 0.9 points, without pairs 3.0 ± 10.7.",
}
