"""A saved network that is not the trained one.

Lesson 08, section 2.
"""

from __future__ import annotations

import io

import torch
import torch.nn.functional as F

from catdog_lib.clinic.parts import Log, Run, normalized, small_cnn
from catdog_lib.clinic.patient import Patient
from catdog_lib.data.image_set import Splits, batch_sizes


def script(pets: Splits, seed: int, epochs: int) -> Run:
    """Train, save, load and predict."""
    torch.manual_seed(seed)
    images, labels = pets.train[:]
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

    file = io.BytesIO()
    torch.save(small_cnn(pets.train.size).state_dict(), file)

    loaded = small_cnn(pets.train.size)
    file.seek(0)
    loaded.load_state_dict(torch.load(file, weights_only=True))

    def predict(images):
        loaded.eval()
        with torch.no_grad():
            return loaded(normalized(images)).argmax(1)

    return Run(network, log, predict, {"loaded": loaded})


PATIENT = Patient(script, {"small_cnn(pets.train.size).state_dict()": "network.state_dict()"})
