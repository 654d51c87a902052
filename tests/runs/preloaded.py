"""Imported by the server that forks processes for tests/runs/catdog_process.py.

It does once what takes a new process seconds.
"""

import torch

from catdog_lib.device import fast_dtype
from catdog_lib.runs import train_run as training_run
from catdog_lib.training.history import Epoch, History

torch.set_num_threads(1)
fast_dtype(torch.device("cpu"))  # a process that measured otherwise would train otherwise
torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # imports half of torch
training_run._picture(History([Epoch(1, 0.7, 0.5, 0.7, 0.5, 0.001, 1.0)]))  # so does matplotlib
