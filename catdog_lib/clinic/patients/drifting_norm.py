"""A frozen network whose BatchNorm goes on moving.

Lesson 08, section 3.
"""

from __future__ import annotations

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib.clinic.parts import Log, Run, normalized
from catdog_lib.clinic.patient import Patient
from catdog_lib.clinic.patients.second_softmax import PATIENT as CAT_OR_DOG
from catdog_lib.data.image_set import Splits, batch_sizes


def script(pets: Splits, seed: int, epochs: int) -> Run:
    """Freeze a network that knows daytime photos, and train a second head for night photos."""
    cat_or_dog = CAT_OR_DOG.fixed(pets, seed, epochs)
    body = cat_or_dog.network[:-1].requires_grad_(False)
    start = deepcopy(body)

    images, labels = pets.train[:]
    images = (images * 0.2).to(torch.uint8)  # by night
    head = nn.Linear(cat_or_dog.network[-1].in_features, 2)
    optimizer = torch.optim.Adam(head.parameters(), lr=3e-3)
    log, sizes = Log(), batch_sizes(len(labels), 16)
    for epoch in range(epochs):
        body.train()
        for batch in torch.randperm(len(labels)).split(sizes):
            outputs = head(body(normalized(images[batch])))
            loss = F.cross_entropy(outputs, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            log.note(epoch, loss, outputs, labels[batch])

    return Run(body, log, cat_or_dog.predict, {"start": start})


PATIENT = Patient(script, {"body.train()": "body.eval()"})
