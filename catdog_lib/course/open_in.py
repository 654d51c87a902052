"""Addresses at which a lesson opens elsewhere: in Colab, in Binder, in a JupyterHub.

They are built from one setting, the table ``[tool.catdog.open-in]`` in ``pyproject.toml``. It says
where a copy of the course is, and as long as it is empty the pages have no such buttons.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from catdog_lib.errors import CatdogError

_KEYS = ("repository", "branch", "jupyterhub")


def settings(root: Path) -> dict[str, str]:
    """Read the setting of a checkout.

    Returns:
        ``repository``, the web address of a git repository, ``branch``, a branch of it, and
        ``jupyterhub``, the address of a hub with nbgitpuller; each may be "".

    Raises:
        CatdogError: the table has another key, or an address that is not one of the web.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    table = project.get("tool", {}).get("catdog", {}).get("open-in", {})
    found = dict.fromkeys(_KEYS, "") | table
    if unknown := sorted(set(found) - set(_KEYS)):
        raise CatdogError(
            f"[tool.catdog.open-in] in pyproject.toml has no key {unknown[0]!r}; "
            f"it has {', '.join(_KEYS)}."
        )
    for key in ("repository", "jupyterhub"):
        parts = urlsplit(found[key])
        if found[key] and not (parts.scheme in ("http", "https") and parts.netloc):
            raise CatdogError(
                f"{key} = {found[key]!r} in [tool.catdog.open-in] of pyproject.toml is not an "
                "address; write it as in https://github.com/OWNER/NAME."
            )
        found[key] = found[key].rstrip("/").removesuffix(".git")
    return found


def places(notebook: str, settings: dict[str, str]) -> dict[str, str]:
    """Return where a notebook can be opened: name of the place → address.

    Args:
        notebook: its path in the repository.
        settings: as :func:`settings` returns them.

    Returns:
        Nothing without a repository; Colab only for one on GitHub; a JupyterHub only if one is set.
        The forms are those that Colab, BinderHub and nbgitpuller document.
    """
    repository, branch = settings["repository"], settings["branch"]
    if not repository:
        return {}
    host, path = urlsplit(repository).netloc, urlsplit(repository).path.strip("/")
    in_lab = urlencode({"urlpath": f"lab/tree/{notebook}"})
    found = {}
    if host == "github.com":
        colab = f"https://colab.research.google.com/github/{path}/blob/{branch}/{notebook}"
        found["Colab"] = colab
        source = f"gh/{path}"
    elif host == "gitlab.com":
        source = f"gl/{quote(path, safe='')}"
    else:
        source = f"git/{quote(repository, safe='')}"
    found["Binder"] = f"https://mybinder.org/v2/{source}/{quote(branch, safe='')}?{in_lab}"
    if settings["jupyterhub"]:
        folder = path.rpartition("/")[2]  # nbgitpuller clones into a folder of this name
        pull = urlencode(
            {"repo": repository, "branch": branch, "urlpath": f"lab/tree/{folder}/{notebook}"}
        )
        found["JupyterHub"] = f"{settings['jupyterhub']}/hub/user-redirect/git-pull?{pull}"
    return found
