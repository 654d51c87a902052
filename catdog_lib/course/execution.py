"""Execute notebooks in fresh kernels, one after another or several at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter, sleep
from typing import TypeVar

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.utils import ensure_event_loop
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from catdog_lib.course.peak_memory import MemoryWatch
from catdog_lib.device import cores

K, T = TypeVar("K"), TypeVar("T")


class _OwnPython(KernelSpecManager):
    """The kernel of this Python alone: a student's own "python3" may be that of another one."""

    def _kernel_dirs_default(self) -> list[str]:
        return []


class _OwnKernel(AsyncKernelManager):
    """A kernel of this Python. nbclient makes it from this class, and so ends it, too."""

    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return _OwnPython()


@dataclass
class Execution:
    """One notebook that is run from top to bottom, and then holds its outputs.

    Attributes:
        notebook: what is run.
        folder: the working directory of its kernel.
        timeout: seconds that a cell may take.
        problem: where and why it stopped, in half a sentence; empty if it did not.
        seconds: how long it took.
        memory: the most that its kernel and the processes that this started held at once, in bytes;
            None where the system does not say.
    """

    notebook: NotebookNode
    folder: str
    timeout: int
    problem: str = ""
    seconds: float = 0.0
    memory: int | None = None
    _client: NotebookClient | None = None
    _stopped: bool = False

    def run(self, environment: dict[str, str]) -> None:
        """Run the notebook in a kernel of its own that gets these environment variables."""
        code = [i for i, cell in enumerate(self.notebook.cells) if cell.cell_type == "code"]
        reached = 0

        def note(cell: NotebookNode, cell_index: int) -> None:
            """Note how far the notebook has come."""
            nonlocal reached
            reached = code.index(cell_index) + 1

        watch = None

        def watch_kernel(**_: object) -> None:
            """Begin to watch the memory of the kernel."""
            nonlocal watch
            watch = MemoryWatch(self._client.km.provisioner.process.pid)
            watch.start()

        self._client = NotebookClient(
            self.notebook,
            kernel_name="python3",
            kernel_manager_class=_OwnKernel,
            timeout=self.timeout,
            resources={"metadata": {"path": self.folder}},
            # Each kernel would warn that it talks over TCP, on this machine only.
            extra_arguments=["--log-level=ERROR"],
            on_cell_execute=note,
            on_notebook_start=watch_kernel,
        )
        started = perf_counter()
        ensure_event_loop(prefer_selector_loop=True)  # Windows' other kind makes pyzmq warn
        try:
            self._client.execute(env={**os.environ, **environment})
        except CellExecutionError as error:
            self.problem = f"{error.ename}: {_last_line(error.evalue)}".rstrip(".")
        except CellTimeoutError:
            self.problem = f"it ran for more than {self.timeout} s"
        except DeadKernelError:
            end = "was stopped" if self._stopped else "died, perhaps out of memory"
            self.problem = f"its kernel {end}"
        finally:
            if watch:
                watch.stop()
                self.memory = watch.peak
        if self.problem:
            self.problem = f"stopped at code cell {reached}: {self.problem}"
        self.seconds = perf_counter() - started

    def stop(self) -> None:
        """Kill the kernel, if it runs: the notebook then ends within a second."""
        self._stopped = True
        manager = self._client and self._client.km
        if manager and manager.has_kernel:
            manager.provisioner.process.kill()


def at_once(budget: str) -> int:
    """Return how many lessons run side by side: several only at the smallest budget.

    At the others a lesson's page shows how fast the machine is, and a neighbour would slow it. Each
    lesson needs about 1 GB of memory, so four are the most.
    """
    return min(4, cores()) if budget == "quick" else 1


def execute_all(
    executions: Sequence[tuple[K, Execution]], work: Callable[[K, Execution], T], workers: int
) -> list[T]:
    """Return what ``work`` returns for each execution and its key, ``workers`` of them at once.

    Raises:
        KeyboardInterrupt: interrupted; no kernel is left behind.
    """
    pool = ThreadPoolExecutor(workers)
    futures = [pool.submit(work, *execution) for execution in executions]
    try:
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        while not all(future.done() for future in futures):  # a kernel may be about to start
            for _, execution in executions:
                execution.stop()
            sleep(0.1)


def _last_line(text: str) -> str:
    """Return the last line of a message that holds something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
