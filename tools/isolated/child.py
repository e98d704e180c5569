"""The process a tool runs in: ``python -m tools.isolated.child NAME FOLDER WORK DEVICE MEGABYTES``.

Reads the request from WORK, writes the result there; progress and errors are JSON lines on stdout.
"""

from __future__ import annotations

import errno
import json
import resource
import sys
from pathlib import Path
from typing import Any

from tools.contract import ToolError
from tools.isolated.wire import read_request, write_result
from tools.registry import Registry


def main(name: str, folder: str, work: str, device: str, megabytes: int) -> None:
    """Run the tool once. What it prints goes to stderr; only our own lines reach stdout."""
    out, sys.stdout = sys.stdout, sys.stderr

    def tell(**line: Any) -> None:
        out.write(json.dumps(line) + "\n")
        out.flush()

    if megabytes:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
    try:
        tool = Registry.discover(Path(folder) if folder else None).get(name)
        tool.load(device or None)
        result = tool.run(read_request(Path(work)), lambda fraction, phrase: tell(progress=[fraction, phrase]))
        write_result(Path(work), result)
    except ToolError as error:
        tell(error=[type(error).__name__, str(error)])
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a tool may raise anything; the parent tells it in one line
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
            said = f"{name} needs more than the {megabytes} MB it may use; nothing was recorded."
        else:
            said = f"{name} failed ({type(error).__name__}); nothing was recorded. Try another tool."
        tell(error=["ToolFailed", said])
    else:
        tell(done=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
