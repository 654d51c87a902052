"""The machine: which device computes, in which number format, and whether it computes rightly."""

from catdog_lib.device.batch_size import prediction_batch
from catdog_lib.device.choice import choose_device, cores, describe, device_of, fastest_device
from catdog_lib.device.freed_memory import keep_freed_memory, release_freed_memory
from catdog_lib.device.neighbours import thread_waits, watch_neighbours
from catdog_lib.device.number_format import (
    autocast,
    bfloat16_time,
    dtype_name,
    fast_dtype,
    float64_device,
)
from catdog_lib.device.pinning import own_cores
from catdog_lib.device.waiting import copy_to, synchronize

__all__ = [
    "autocast",
    "bfloat16_time",
    "choose_device",
    "copy_to",
    "cores",
    "describe",
    "device_of",
    "dtype_name",
    "fast_dtype",
    "fastest_device",
    "float64_device",
    "keep_freed_memory",
    "own_cores",
    "prediction_batch",
    "release_freed_memory",
    "synchronize",
    "thread_waits",
]

watch_neighbours()  # here, since all that computes imports this room
