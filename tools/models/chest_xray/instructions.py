"""Follows the instructions of a pickled network by the letter and runs none of them: what it describes, as plain notes.

The network was released as a pickle of a whole model. The instructions are only parsed (`pickletools`), and carried out
on a stack that knows dictionaries, lists, numbers and words; every class becomes an inert `Part`, a tensor a note of
where its numbers lie. A name that is not on the list, or an instruction that such a file does not need, ends the
reading. So no code of the file, of PyTorch or of the library is called.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

KINDS = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4"}
PARTS = ("BatchNorm2d", "Conv2d", "Linear", "MaxPool2d", "AvgPool2d", "ReLU", "Sequential")
OWN = ("DenseNet", "_DenseBlock", "_DenseLayer", "_Transition")
MOST_STEPS = 2_000_000
"""Instructions of one file; the network needs some 30,000."""


class NotANetwork(ValueError):
    """The file holds something else than a network."""


@dataclass
class Part:
    """Stands for any part of a network: holds what the file says of it."""

    held: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Numbers:
    """A run of numbers of the file."""

    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class Cut:
    """A tensor: which numbers, from where, in which shape."""

    numbers: Numbers
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass
class _Mark:
    """A place on the stack."""


@dataclass(frozen=True)
class _Name:
    """A name that is on the list."""

    what: str


_VALUES = ("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "INT", "LONG", "BINFLOAT", "FLOAT", "BINUNICODE",
           "SHORT_BINUNICODE", "UNICODE", "SHORT_BINSTRING", "BINSTRING", "STRING")  # fmt: skip
_MADE: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False, "EMPTY_DICT": dict, "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple, "EMPTY_SET": list, "MARK": _Mark,
}  # fmt: skip


class Follower:
    """Follows one pickle; the runs of numbers that it speaks of are in `runs`."""

    def __init__(self) -> None:
        self.runs: dict[str, Numbers] = {}
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def follow(self, opened: BinaryIO) -> Any:
        """Return what the next pickle of a file describes. Raises NotANetwork, ValueError or IndexError."""
        for steps, (code, argument, _) in enumerate(pickletools.genops(opened)):
            if steps > MOST_STEPS:
                raise NotANetwork("it has more instructions than a network needs")
            if code.name == "STOP":
                return self._stack.pop()
            self._step(code.name, argument)
        raise NotANetwork("it ends in the middle")

    def _step(self, code: str, argument: Any) -> None:
        act = getattr(self, f"_do_{code.lower()}", None)
        if code in _VALUES:
            self._stack.append(argument)
        elif code in _MADE:
            self._stack.append(_MADE[code]())
        elif act is not None:
            act(argument)
        elif code not in ("PROTO", "FRAME"):
            raise NotANetwork(f"the instruction {code} is none that a network needs")

    def _since_mark(self) -> list[Any]:
        at = max(n for n, item in enumerate(self._stack) if isinstance(item, _Mark))
        found = self._stack[at + 1 :]
        del self._stack[at:]
        return found

    def _do_binput(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    _do_long_binput = _do_put = _do_binput

    def _do_binget(self, place: int) -> None:
        if place not in self._memo:
            raise NotANetwork("it refers to what it has not said")
        self._stack.append(self._memo[place])

    _do_long_binget = _do_get = _do_binget

    def _do_tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._since_mark()))

    def _do_tuple1(self, _: Any) -> None:
        self._take(1)

    def _do_tuple2(self, _: Any) -> None:
        self._take(2)

    def _do_tuple3(self, _: Any) -> None:
        self._take(3)

    def _take(self, count: int) -> None:
        self._stack[-count:] = [tuple(self._stack[-count:])]

    def _do_setitem(self, _: Any) -> None:
        key, value = self._stack[-2:]
        del self._stack[-2:]
        self._fill([key, value])

    def _do_setitems(self, _: Any) -> None:
        self._fill(self._since_mark())

    def _fill(self, pairs: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict):
            raise NotANetwork("it puts something by name into what has no names")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[str(key)] = value

    def _do_append(self, _: Any) -> None:
        self._extend([self._stack.pop()])

    def _do_appends(self, _: Any) -> None:
        self._extend(self._since_mark())

    def _extend(self, items: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise NotANetwork("it adds to what is no list")
        self._stack[-1].extend(items)

    def _do_global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._stack.append(_known(module, name))

    def _do_newobj(self, _: Any) -> None:
        self._do_reduce(_)

    def _do_reduce(self, _: Any) -> None:
        given, name = self._stack.pop(), self._stack.pop()
        self._stack.append(_described(name, given))

    def _do_build(self, _: Any) -> None:
        state = self._stack.pop()
        if isinstance(self._stack[-1], Part) and isinstance(state, dict):
            self._stack[-1].held = state

    def _do_binpersid(self, _: Any) -> None:
        """Note a run of numbers; of a class that is kept with its source, the class alone."""
        pid = self._stack.pop()
        if isinstance(pid, tuple) and len(pid) >= 2 and pid[0] == "module":
            self._stack.append(pid[1])
            return
        if not (isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage" and isinstance(pid[1], _Name)):
            raise NotANetwork("it refers to something that is no tensor's numbers")
        if pid[1].what not in KINDS:
            raise NotANetwork("its numbers are of a kind that is not read")
        run = Numbers(str(pid[2]), pid[1].what, int(pid[4]))
        self.runs[run.key] = run
        self._stack.append(run)


def _known(module: str, name: str) -> _Name:
    of_torch = module.startswith("torch.nn.modules.") and name in PARTS
    if of_torch or (module == "torchxrayvision.models" and name in OWN):
        return _Name("part")
    listed = {
        ("collections", "OrderedDict"): "dict", ("builtins", "set"): "list", ("__builtin__", "set"): "list",
        ("torch._utils", "_rebuild_tensor_v2"): "tensor", ("torch._utils", "_rebuild_parameter"): "parameter",
        **{("torch", kind): kind for kind in KINDS},
    }  # fmt: skip
    if (module, name) not in listed:
        raise NotANetwork(f"it names {module}.{name}, which is no part of such a network")
    return _Name(listed[module, name])


def _described(name: Any, given: Any) -> Any:
    what = name.what if isinstance(name, _Name) and isinstance(given, tuple) else None
    if what == "part":
        return Part()
    if what == "dict" and not given:
        return {}
    if what == "list":
        return list(given[0]) if given else []
    if what == "parameter" and given and isinstance(given[0], Cut):
        return given[0]
    if what == "tensor" and len(given) >= 4 and isinstance(given[0], Numbers):
        return Cut(given[0], int(given[1]), tuple(map(int, given[2])), tuple(map(int, given[3])))
    raise NotANetwork("it calls something that makes no part of a network")
