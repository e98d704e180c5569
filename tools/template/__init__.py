"""A new tool of one's own: a package that works from its first minute, with a test and an entry point.

The files beside this one (``*.txt``) are what `write_package` fills in: $name, $module, $title.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from tools.contract import NotApplicable

_HERE = Path(__file__).parent
_FILES = {
    "pyproject.txt": "pyproject.toml",
    "model.txt": "$module/model.py",
    "test.txt": "tests/test_model.py",
    "readme.txt": "README.md",
}


def write_package(name: str, folder: Path) -> list[Path]:
    """Write a package called `name` into ``folder / name`` and return the files written.

    Raises:
        NotApplicable: the name is not of small letters, digits and hyphens, or the folder is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > 50:
        raise NotApplicable(
            f"A tool's name has small letters, digits and single hyphens, e.g. liver-segmenter; not {name!r}."
        )
    home = folder / name
    if home.exists():
        raise NotApplicable(f"{home} is there already; nothing was written. Choose another name or folder.")
    words = {"name": name, "module": name.replace("-", "_"), "title": name.replace("-", " ").capitalize()}
    words["class_name"] = "".join(part.capitalize() for part in name.split("-"))
    written = []
    for source, target in _FILES.items():
        path = home / Template(target).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template((_HERE / source).read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
        written.append(path)
    init = home / words["module"] / "__init__.py"
    init.write_text(f'"""{words["title"]}: a vision tool for Scanwright."""\n', encoding="utf-8")
    return [*written, init]
