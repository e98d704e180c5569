"""Known faults of the pinned packages, by pip-audit; run by `make check`. Says so in one line where it cannot ask.

Exit 0: none known, or its service cannot be reached (which is no proof of anything). Exit 1: there are some; each with
the version that mends it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PINNED = Path(__file__).resolve().parents[1] / "constraints.txt"
COMMAND = (
    sys.executable, "-m", "pip_audit", "--requirement", str(PINNED), "--no-deps", "--disable-pip",
    "--format", "json", "--progress-spinner", "off", "--timeout", "10",
)  # fmt: skip
SECONDS = 300


def main(command: Sequence[str] = COMMAND) -> int:
    """Ask, tell, and return the exit status."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        packages = json.loads(done.stdout)["dependencies"]
    except (OSError, ValueError, LookupError, subprocess.TimeoutExpired) as error:
        print(f"pip-audit: skipped, its service cannot be reached ({type(error).__name__}). Nothing is known of faults.")
        return 0
    faults = [
        f"{p['name']} {p['version']}: {v['id']}, mended in {', '.join(v['fix_versions']) or 'no version yet'}"
        for p in packages
        for v in p.get("vulns", ())
    ]
    print("\n".join(faults) or f"pip-audit: no known fault in {len(packages)} packages.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
