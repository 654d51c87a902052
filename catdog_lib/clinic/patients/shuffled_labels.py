"""Images and labels that are shuffled apart.

Lesson 08, section 1.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from catdog_lib.clinic.parts import Log, Run, normalized, small_cnn
from catdog_lib.clinic.patient import Patient
from catdog_lib.data.image_set import Splits, batch_sizes


def script(pets: Splits, seed: int, epochs: int) -> Run:
    """Train a network, then predict."""
    torch.manual_seed(seed)
    images, labels = pets.train[:]
    network = small_cnn(pets.train.size)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    log, sizes = Log(), batch_sizes(len(labels), 16)
    for epoch in range(epochs):
        network.train()
        shuffled_images = images[torch.randperm(len(images))]
        shuffled_labels = labels[torch.randperm(len(labels))]
        for batch in torch.arange(len(labels)).split(sizes):
            outputs = network(normalized(shuffled_images[batch]))
            loss = F.cross_entropy(outputs, shuffled_labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            log.note(epoch, loss, outputs, shuffled_labels[batch])

    def predict(images):
        network.eval()
        with torch.no_grad():
            return network(normalized(images)).argmax(1)

    return Run(network, log, predict)


PATIENT = Patient(
    script,
    {
        "shuffled_images = images[torch.randperm(len(images))]": (
            "order = torch.randperm(len(images))"
        ),
        "shuffled_labels = labels[torch.randperm(len(labels))]": (
            "shuffled_images, shuffled_labels = images[order], labels[order]"
        ),
    },
)
