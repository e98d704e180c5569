"""The README is a test: its code runs, its commands exist, its table of tools is what the specs say."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tools import Registry, SegmentRequest, load_scan
from tools.contract import ToolSpec
from tools.phantom import Sphere, chest_phantom

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
_TABLE = re.compile(r"(<!-- tools:.*?-->\n)(.*?)(<!-- /tools -->)", re.DOTALL)
HEAD = "| tool | for | reported | baseline | limits |\n|---|---|---|---|---|\n"


@pytest.fixture
def scan_file(tmp_path: Path) -> Path:
    import nibabel

    scan, _ = chest_phantom((Sphere((80.0, 10.0, 20.0), 14.0),), spacing=(1.4, 1.4, 2.5))
    path = tmp_path / "scan.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.asarray(scan.voxels), scan.affine), path)
    return path


_UNSCORED = {"measure": "exact for the mask it is given", "prepare": "to look at, never measured"}


def table(specs: list[ToolSpec]) -> str:
    """Return the README's rows, one a tool, from the specs."""
    rows = []
    for spec in specs:
        shown = [f"{a.metric}: {a.value:g}" + (f" ({a.interval[0]:g} to {a.interval[1]:g})" if a.interval else "")
                 for a in spec.accuracy]  # fmt: skip
        data = sorted({a.data for a in spec.accuracy})
        reported = "; ".join(shown) + (f". On {'; '.join(data)}" if data else "") if shown else _UNSCORED.get(spec.task, "-")
        base = "; ".join(a.baseline for a in spec.accuracy if a.baseline) or "-"
        rows.append(f"| `{spec.name}` {spec.version} | {spec.summary} | {reported} | {base} | {spec.not_for} |")
    return HEAD + "\n".join(rows) + "\n"


def test_table_of_tools_is_what_the_specs_say() -> None:
    found = _TABLE.search(README)
    assert found is not None
    assert found[2] == table(Registry.discover().specs), "run: python tests/test_readme.py"


def test_example_code_runs(
    scan_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import knowledge

    monkeypatch.chdir(scan_file.parent)
    knowledge.use(tmp_path / "knowledge")
    exec(compile(BLOCKS[0], "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert re.search(r"axial_long_axis 1\d\.\d mm", printed)
    assert "Fleischner" in printed
    assert "6 to 12 months" in printed


def test_own_model_drops_in_as_the_readme_says(scan_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "cut.py").write_text(BLOCKS[1], encoding="utf-8")
    registry = Registry.discover(folder)
    assert registry.broken == {}
    scan = load_scan(scan_file, modality="CT", body_part="CHEST")
    mask = registry.get("hu-cut").run(SegmentRequest(scan, point=(80.0, 10.0, 20.0))).mask
    assert mask.count * np.prod(scan.spacing) == pytest.approx(4 / 3 * np.pi * 7**3, rel=0.15)
    assert registry.best("segment", scan).spec.name == "nodule-segmenter", "a newcomer is not taken before it is named"


def test_every_command_named_exists() -> None:
    from typer.main import get_command

    from ui.cli import app

    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"scanwright (\w+)", README)) - {"tools"}
    assert named <= known
    assert known - {"tools"} <= named, "a command the README does not name"


def test_every_setting_is_named() -> None:
    text = "".join((ROOT / "agent" / name).read_text(encoding="utf-8") for name in ("settings.py", "limits.py"))
    settings = {name for name in re.findall(r"SCANWRIGHT_[A-Z_]*[A-Z]", text) if not name.endswith("_FILE")}
    settings |= {"SCANWRIGHT_KEY_FILE", "SCANWRIGHT_PROXY_ROLES_FILE"}
    assert settings - set(re.findall(r"SCANWRIGHT_[A-Z_]*[A-Z]", README)) == set()
    assert set(re.findall(r"SCANWRIGHT_[A-Z_]*[A-Z]", README)) - settings == {"SCANWRIGHT_API_KEY_FILE"}


def test_make_targets_named_exist() -> None:
    targets = set(re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", README, flags=re.MULTILINE)) <= targets


def test_pictures_named_are_there() -> None:
    for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / name).is_file(), name


if __name__ == "__main__":
    made = _TABLE.sub(lambda m: m[1] + table(Registry.discover().specs) + m[3], README)
    (ROOT / "README.md").write_text(made, encoding="utf-8")
