"""Nearly the same photo in training and in the test.

Lesson 08, section 4.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.clinic.parts import Log, Run, normalized, small_cnn
from catdog_lib.clinic.patient import Patient
from catdog_lib.data.image_set import Splits, batch_sizes


def doubled(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return each photo twice, the second time slightly darker, and the labels of all."""
    darker = (images * 0.9).to(torch.uint8)
    return torch.cat([images, darker]), labels.repeat(2)


def script(pets: Splits, seed: int, epochs: int) -> Run:
    """Hold some photos out, train on the rest, then predict."""
    torch.manual_seed(seed)
    images, labels = doubled(*pets.train[:])
    order = torch.randperm(len(labels))
    held_out, known = order[: len(order) // 4], order[len(order) // 4 :]
    held_out = images[held_out], labels[held_out]
    images, labels = images[known], labels[known]
    network = small_cnn(pets.train.size)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    log, sizes = Log(), batch_sizes(len(labels), 16)
    for epoch in range(epochs):
        network.train()
        for batch in torch.randperm(len(labels)).split(sizes):
            outputs = network(normalized(images[batch]))
            loss = F.cross_entropy(outputs, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            log.note(epoch, loss, outputs, labels[batch])

    def predict(images):
        network.eval()
        with torch.no_grad():
            return network(normalized(images)).argmax(1)

    return Run(network, log, predict, {"known": (images, labels), "held_out": held_out})


PATIENT = Patient(
    script,
    {
        "doubled(*pets.train[:])": "pets.train[:]",
        "images[known], labels[known]": "doubled(images[known], labels[known])",
    },
)
