"""The process that tries a tool: ``python -m tools.checks.child PATH [FOLDER]`` writes one JSON line as its last.

Sockets are closed to the tool from the start. What the tool writes to stdout goes to stderr.
"""

from __future__ import annotations

import json
import re
import resource
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from tools.checks.checks import Check
from tools.checks.source import faults
from tools.checks.trial import Trial, out_of_scope, request_of, trials
from tools.contract import (
    RESULTS,
    Candidate,
    ClassifyResult,
    FindResult,
    MeasureResult,
    NotApplicable,
    PrepareResult,
    SegmentResult,
    ToolSpec,
    UnknownTool,
)
from tools.mask import Mask
from tools.quantity import Quantity
from tools.registry import Installed, Registry, Unfit, in_a_line

_ENOUGH_UTTERANCES = 5
_OURS = Path(__file__).resolve().parents[2]
_WELL_MADE = {
    "find": "its masks lie on the grid of", "segment": "its masks lie on the grid of",
    "classify": "its scores say what they are on", "measure": "its numbers say what they are on",
    "prepare": "its image says what was done to",
}  # fmt: skip
"""What is looked at in a result, by task, before the image's name."""
_CARD = (
    "name", "task", "version", "summary", "not_for", "modalities", "body_parts", "labels", "licence", "reported_by",
    "weights_sha256",
)  # fmt: skip


class NetworkTried(OSError):
    """A tool tried to reach the network."""


def main(tool: str, folder: str) -> dict[str, Any]:
    """Run every check and return the result, JSON-ready."""
    tried = _close_the_network()
    path = Path(tool)
    checks: list[Check] = []
    if path.exists():
        found = faults(path) if path.suffix == ".py" or path.is_dir() else []
        checks.append(Check("no pickle, no evaluated text", not found, "; ".join(found) or "none in its source"))
    with tempfile.TemporaryDirectory() as aside:
        try:
            installed, *others = _listed(path, tool, Path(folder) if folder else None, Path(aside))
        except UnknownTool as error:
            return {"unknown": str(error), "checks": []}
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a tool may do anything while it is imported
            checks.append(Check("it can be listed", False, in_a_line(error)))
            return _result(tool, None, checks)
        more = f"; not tried here: {', '.join(o.spec.name for o in others)}" if others else ""
        spec = installed.spec
        checks.append(Check("it can be listed", True, f"{spec.name} {spec.version}, to {spec.task}{more}"))
        checks += _weights(_bundle(path, Path(aside)))
        checks += _tried(installed, tried)
        return _result(tool, spec, checks)


def _tried(installed: Installed, tried: list[str]) -> list[Check]:
    """Return what is seen of a tool that can be listed; `tried`: what it asked the network for meanwhile."""
    light = "torch" not in sys.modules
    checks = []
    seen = "no torch" if light else "importing it imports torch: do so in load"
    checks.append(Check("listing it is quick", light, seen))
    checks.append(_told(installed.spec))
    checks += _runs(installed)
    checks.append(Check("no network", not tried, "; ".join(tried) or "no socket was opened"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    checks.append(Check("memory", None, f"{peak:.0f} MB at most, with everything imported"))
    return checks


def _weights(place: Path | None) -> list[Check]:
    """Return how a bundle's weights are kept; nothing of a tool that is no bundle."""
    if place is None:
        return []
    from tools.bundles.pins import weights_file

    file = weights_file(place)
    if file.suffix == ".safetensors":
        return [Check("its weights hold no code", True, file.name)]
    said = f"{file.name} is a pickle, of which only tensors are read; save it as model.safetensors"
    return [Check("its weights hold no code", None, said)]


def _result(tool: str, spec: ToolSpec | None, checks: list[Check]) -> dict[str, Any]:
    passed = all(c.holds is not False for c in checks)
    card = None
    if spec is not None:
        card = {name: getattr(spec, name) for name in _CARD}
        card["accuracy"] = [asdict(a) for a in spec.accuracy]
    return {"tool": tool, "spec": card, "checks": [asdict(c) for c in checks], "passed": passed}


def _close_the_network() -> list[str]:
    tried: list[str] = []

    def refuse(self: socket.socket, address: Any) -> NoReturn:
        tried.append(f"it tried to reach {address!r}"[:120])
        raise NetworkTried("a tool reaches no network while it is checked")

    def refuse_name(host: Any, *rest: Any, **named: Any) -> NoReturn:
        tried.append(f"it asked for the address of {host!r}"[:120])
        raise NetworkTried("a tool reaches no network while it is checked")

    socket.socket.connect = refuse  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = refuse  # type: ignore[method-assign, assignment]
    socket.getaddrinfo = refuse_name
    return tried


def _listed(path: Path, name: str, folder: Path | None, aside: Path) -> list[Installed]:
    """Return the tools of a path, or the one of a name; a zip is unpacked into `aside`."""
    if not path.exists():
        return [Registry.discover(folder).get(name)]
    registry = Registry()
    if path.suffix == ".py":
        registry.add_file(path)
    elif (place := _bundle(path, aside)) is not None:
        from tools.bundles import bundle_tool, is_bundle

        if not is_bundle(place):
            raise Unfit("it has no configs/metadata.json")
        registry.add(bundle_tool(place), origin=place.name)
    else:
        _add_package(registry, path)
    if registry.broken:
        raise Unfit("; ".join(registry.broken.values()))
    return list(registry.tools.values())


def _bundle(path: Path, aside: Path) -> Path | None:
    """Return the folder of what is meant as a bundle, or None."""
    if path.suffix.lower() == ".zip" and path.is_file():
        from tools.bundles.discover import unpacked

        return unpacked(path, aside)
    return path if (path / "configs").is_dir() else None


def _add_package(registry: Registry, folder: Path) -> None:
    """Add the tools that a package's pyproject.toml names, from its source."""
    import importlib
    import tomllib

    try:
        said = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        points = said["project"]["entry-points"]["scanwright.tools"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise Unfit("it is no bundle and has no pyproject.toml with entry points scanwright.tools") from error
    sys.path[:0] = [str(folder.resolve()), str((folder / "src").resolve())]
    for point, value in points.items():
        module, _, attribute = str(value).partition(":")
        registry.add(getattr(importlib.import_module(module), attribute), origin=point)
    if not registry.tools:
        raise Unfit("its pyproject.toml names no tool")


def _told(spec: ToolSpec) -> Check:
    missing = [k for k in ("summary", "not_for", "licence", "version") if not getattr(spec, k)]
    few = [lang for lang in ("en", "zh") if len(spec.utterances.get(lang, ())) < _ENOUGH_UTTERANCES]
    seen = [f"it does not say its {', '.join(missing)}"] if missing else []
    if few:
        seen.append(f"fewer than {_ENOUGH_UTTERANCES} utterances in {' and '.join(few)}: other wordings may miss it")
    if not spec.accuracy:
        seen.append("no accuracy is reported")
    return Check("it says what it is", False if missing else None if seen else True, "; ".join(seen) or "it does")


def _runs(installed: Installed) -> list[Check]:
    """Try the made images: answers, grid, twice the same, scope."""
    checks: list[Check] = []
    answered = 0
    for trial in trials(installed.spec):
        began = time.monotonic()
        request = request_of(installed.spec, trial)
        try:
            first = installed.run(request)
            took = time.monotonic() - began
            again = installed.run(request)
        except NotApplicable as error:
            checks.append(Check(f"it answers {trial.name}", None, f"refused: {error}"))
            continue
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a tool may raise anything
            said = in_a_line(error) + _where(error)
            if checks and checks[-1].seen == said:
                break  # it cannot even be loaded: said once
            checks.append(Check(f"it answers {trial.name}", False, said))
            continue
        answered += 1
        checks += [
            _kind(installed.spec, trial, first, took),
            _holds(f"{_WELL_MADE[installed.spec.task]} {trial.name}", _why_not, first, trial),
            _holds(f"twice the same on {trial.name}", _same, first, again),
        ]
    if not answered and all(c.holds is not False for c in checks):
        checks.append(Check("it answers", None, "it refused every made image: try it on one of your own"))
    checks.append(_scope(installed))
    return checks


def _where(error: BaseException) -> str:
    """Return the file and line of the tool's own that an error came from; nothing where it came from ours alone."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not Path(f.filename).is_relative_to(_OURS) and "site-packages" not in f.filename]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""


def _kind(spec: ToolSpec, trial: Trial, result: Any, took: float) -> Check:
    due = RESULTS[spec.task]
    good = isinstance(result, due)
    seen = f"in {took:.1f} s" if good else f"it answered {type(result).__name__}, not {due.__name__}"
    return Check(f"it answers {trial.name}", good, seen)


def _holds(name: str, why_not: Callable[[Any, Any], str], result: Any, other: Any) -> Check:
    try:
        seen = why_not(result, other)
    except Exception as error:  # noqa: BLE001 - a malformed result may break any comparison
        seen = f"{type(error).__name__}: {error}"
    return Check(name, not seen, seen or "yes")


def _masks(result: Any) -> list[Mask]:
    if isinstance(result, SegmentResult):
        return [result.mask, *result.parts]
    found: tuple[Candidate, ...] = result.candidates if isinstance(result, FindResult) else ()
    return [c.mask for c in found]


def _numbers(result: Any) -> list[Quantity]:
    return list(getattr(result, "scores", getattr(result, "quantities", ())))


def _why_not(result: Any, trial: Trial) -> str:
    """Return what is wrong with a result on a trial; nothing where nothing is."""
    if isinstance(result, (ClassifyResult, MeasureResult)):
        return _unnamed([q.name for q in _numbers(result)], [q.method for q in _numbers(result)])
    scan = trial.scan
    for mask in _masks(result):
        if mask.scan_id != scan.id:
            return "a mask names another scan"
        if mask.grid_shape != scan.shape or not np.allclose(mask.grid_affine, scan.affine, atol=1e-4):
            return f"a mask lies on a grid of {mask.grid_shape}; the scan's is {scan.shape} with its own affine"
    if isinstance(result, SegmentResult) and not result.mask.count:
        return "the mask is empty: raise NotApplicable instead"
    if isinstance(result, PrepareResult) and not result.done:
        return "it does not say what was done to the image"
    return ""


def _unnamed(names: list[str], methods: list[str]) -> str:
    odd = [name for name in names if not re.fullmatch(r"[A-Za-z0-9_]+", name) or names.count(name) > 1]
    if odd:
        return f"the name {odd[0]!r} is given twice or is not of letters, digits and underscores"
    if not names:
        return "it gives no number: raise NotApplicable instead"
    return "" if all(methods) else f"{names[methods.index('')]} does not say what it means: write its method"


def _same(first: Any, again: Any) -> str:
    pairs = list(zip(_masks(first), _masks(again), strict=True))
    if any(a.offset != b.offset or not np.array_equal(a.box, b.box) for a, b in pairs):
        return "two runs on one image gave two masks: fix the seeds"
    numbers = [[(q.name, q.value) for q in _numbers(r)] for r in (first, again)]
    if numbers[0] != numbers[1]:
        return "two runs on one image gave two results: fix the seeds"
    if isinstance(first, PrepareResult) and first.scan.id != again.scan.id:
        return "two runs on one image gave two images: fix the seeds"
    return ""


def _scope(installed: Installed) -> Check:
    spec = installed.spec
    name = "what is out of scope is refused"
    if not spec.modalities and not spec.body_parts:
        return Check(name, None, "it says it takes every modality and body part")
    trial = next(iter(trials(spec)))
    wrong = out_of_scope(spec, trial.scan)
    try:
        installed.run(request_of(spec, Trial(trial.name, wrong, trial.ball)))
    except NotApplicable as error:
        return Check(name, True, str(error).split(";")[0])
    except Exception as error:  # noqa: BLE001 - a tool may raise anything
        return Check(name, False, f"{type(error).__name__}: {error}")
    return Check(name, False, f"it answered an image of {wrong.modality} {wrong.body_part}")


if __name__ == "__main__":
    out, sys.stdout = sys.stdout, sys.stderr
    data = main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
    out.write(json.dumps(data) + "\n")
