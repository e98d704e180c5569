"""A new tool of one's own: a package that works from its first minute, with a test and an entry point.

The files beside this one (``*.txt``) are what `write_package` fills in: $name, $module, $title. Each task of the
contract has a working tool and its test.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

from tools.contract import REQUESTS, NotApplicable

_HERE = Path(__file__).parent
_FILES = {
    "pyproject.txt": "pyproject.toml",
    "$task.txt": "$module/model.py",
    "${task}_test.txt": "tests/test_model.py",
    "readme.txt": "README.md",
}
_SCORED = (
    "Score it on your own labels, from a checkout of Scanwright:\n\n"
    "    scanwright bench models --tool $name --data FOLDER"
)
_NEXT: Mapping[str, str] = {
    "segment": _SCORED,
    "classify": _SCORED,
    "prepare": "Look at what it makes:\n\n    scanwright tools prepare SCAN --tool $name --out DERIVED.nii.gz",
}
"""What one does with a tool next, where a command is made for it."""


def write_package(name: str, folder: Path, task: str = "segment") -> list[Path]:
    """Write a package called `name` for a task into ``folder / name`` and return the files written.

    Raises:
        NotApplicable: the name is not of small letters, digits and hyphens, the folder is there already, or there is
            no such task.
    """
    if task not in REQUESTS:
        raise NotApplicable(f"There is no task {task!r}. The tasks are {', '.join(REQUESTS)}.")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > 50:
        raise NotApplicable(
            f"A tool's name has small letters, digits and single hyphens, e.g. liver-segmenter; not {name!r}."
        )
    home = folder / name
    if home.exists():
        raise NotApplicable(f"{home} is there already; nothing was written. Choose another name or folder.")
    words = {"name": name, "module": name.replace("-", "_"), "title": name.replace("-", " ").capitalize(), "task": task}
    words["class_name"] = "".join(part.capitalize() for part in name.split("-"))
    words["next"] = Template(_NEXT.get(task, "")).substitute(words)
    written = []
    for source, target in _FILES.items():
        path = home / Template(target).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (_HERE / Template(source).substitute(words)).read_text(encoding="utf-8")
        path.write_text(Template(text).substitute(words), encoding="utf-8")
        written.append(path)
    init = home / words["module"] / "__init__.py"
    init.write_text(f'"""{words["title"]}: a vision tool for Scanwright."""\n', encoding="utf-8")
    return [*written, init]
