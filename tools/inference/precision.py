"""Where sixteen bits are worth it: bfloat16 arithmetic in the processor or the GPU, else it is slower than float32.

That a model's answers hold in it is the model's to say, after its accuracy was measured so.
"""

from __future__ import annotations

import functools
from pathlib import Path

_CPU_FLAGS = frozenset(("avx512_bf16", "amx_bf16"))
AMPERE = 8
"""Compute capability from which NVIDIA GPUs multiply bfloat16 in hardware."""


def has_fast_bfloat16(device: str) -> bool:
    """Return whether a device computes in bfloat16 in hardware."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_capability(device)[0] >= AMPERE
    return bool(_cpu_flags() & _CPU_FLAGS)


@functools.cache
def _cpu_flags() -> frozenset[str]:
    """Return the processor's flags as Linux names them; none where they cannot be read."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.partition(":")[2] for line in lines if line.startswith("flags")), "").split())
