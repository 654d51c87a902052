"""The stop button of a notebook, pressed from inside its kernel while a cell runs.

Pressed from outside, it may hit the kernel between two cells, which then answers no more.
"""

import os
import signal
from threading import Timer

from IPython import get_ipython


def press_after(seconds: float) -> None:
    """Interrupt the next cell after so many seconds, and each second from then on till it ends."""
    events, timers = get_ipython().events, []

    def press() -> None:
        os.killpg(os.getpgrp(), signal.SIGINT)  # as Jupyter does: its child processes, too
        set_timer(1.0)

    def set_timer(wait: float) -> None:
        timers[:] = [Timer(wait, press)]
        timers[0].start()

    def begin(info: object) -> None:
        events.unregister("pre_run_cell", begin)
        events.register("post_run_cell", end)
        set_timer(seconds)

    def end(result: object) -> None:
        timers[0].cancel()
        events.unregister("post_run_cell", end)

    events.register("pre_run_cell", begin)
