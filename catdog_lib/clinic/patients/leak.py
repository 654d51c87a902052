"""Nearly the same photo in training and in the test.

Lesson 08, section 4.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from catdog_lib.clinic.parts import Log, Run, normalized, small_cnn
from catdog_lib.clinic.patient import Patient
from catdog_lib.data.image_set import Splits, batch_sizes


def script(pets: Splits, seed: int, epochs: int) -> Run:
    """Double the photos, hold some out, train on the rest."""
    torch.manual_seed(seed)
    images, labels = pets.train[:]
    images = torch.cat([images, (images * 0.9).to(torch.uint8)])  # each once more, darker
    labels = labels.repeat(2)
    order = torch.randperm(len(labels))
    held_out, known = order[: len(order) // 4], order[len(order) // 4 :]
    network = small_cnn(pets.train.size)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    log = Log()
    for epoch in range(epochs):
        network.train()
        for batch in known[torch.randperm(len(known))].split(batch_sizes(len(known), 16)):
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

    return Run(
        network,
        log,
        predict,
        {"known": images[known], "held_out": (images[held_out], labels[held_out])},
    )


PATIENT = Patient(
    script,
    {
        "order = torch.randperm(len(labels))": (
            "order = torch.randperm(len(labels) // 2).repeat_interleave(2)\n"
            "    order[1::2] += len(labels) // 2  # each photo, then its copy"
        )
    },
)
