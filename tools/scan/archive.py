"""Unpack a zip into a folder of our own, and only there; refuse what is dangerous before anything is written.

Knows nothing about scans. Sizes in the zip's directory are not believed: bytes are counted while they are written.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from tools.scan.model import UnreadableScan, UnsafeArchive

MAX_FILES = 20_000
"""A whole-body CT has some 2,000 slices; a study with ten series stays below this."""
MAX_BYTES = 8 * 2**30
"""Unpacked, in all: far above a study, far below a disk."""
MAX_RATIO = 200
"""Unpacked / packed. Images pack 2 to 10 fold; deflate of zeros reaches 1,030."""
RATIO_FROM = 10 * 2**20
"""Small files of one value pack that well too and hurt nobody: the ratio is looked at from 10 MiB."""
_CHUNK = 2**20
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


def unpack(archive: Path, folder: Path, opaque: tuple[str, ...] = ()) -> list[Path]:
    """Unpack a zip into an existing empty folder and return the files written, in the zip's order.

    Args:
        archive, folder: from where to where.
        opaque: endings of files that may be zips inside because nobody will unpack them (``.pt``).

    Raises:
        UnsafeArchive: a name that climbs out, a link, a zip in the zip, an encrypted member, too many files, too
            many bytes, or a compression ratio only a bomb has.
        UnreadableScan: not a zip, or damaged.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [m for m in opened.infolist() if not m.is_dir()]
            _check(members)
            return _write_all(opened, members, folder, opaque)
    except zipfile.BadZipFile:
        raise UnreadableScan("The zip is damaged or not a zip. Pack the files again.") from None
    except NotImplementedError:
        raise UnreadableScan("The zip uses a packing method that is not read. Pack it again with deflate.") from None
    except (OSError, EOFError, ValueError, RuntimeError, zlib.error) as e:
        raise UnreadableScan(f"The zip could not be unpacked ({type(e).__name__}). Pack the files again.") from None


def _check(members: list[zipfile.ZipInfo]) -> None:
    """Raise UnsafeArchive for what the zip's directory already shows to be dangerous."""
    if len(members) > MAX_FILES:
        raise UnsafeArchive(f"The zip holds {len(members)} files; at most {MAX_FILES} are unpacked. Pack one study.")
    for number, member in enumerate(members, start=1):
        where = f"Member {number} of {len(members)} in the zip"
        if climbs(member.filename):
            raise UnsafeArchive(f"{where} has a path that leaves its folder. Nothing was unpacked; pack it again.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise UnsafeArchive(f"{where} is a link. Nothing was unpacked; pack the files themselves.")
        if member.flag_bits & 0x1:
            raise UnsafeArchive(f"{where} is encrypted. Unpack it yourself and load the folder.")
        if member.filename.lower().endswith(".zip"):
            raise UnsafeArchive(f"{where} is a zip itself. Unpack it and load the folder with the images.")
        if bomb(member.file_size, member.compress_size):
            raise UnsafeArchive(
                f"{where} would unpack {member.file_size // max(1, member.compress_size)} fold; at most {MAX_RATIO} "
                "fold is unpacked. Load the unpacked folder instead."
            )
    total = sum(m.file_size for m in members)
    if total > MAX_BYTES:
        raise UnsafeArchive(
            f"The zip would unpack to {total / 2**30:.1f} GiB; at most {MAX_BYTES // 2**30} GiB are unpacked. "
            "Load the folder instead."
        )


def climbs(name: str) -> bool:
    """Return whether a member's name is absolute, climbs with ``..``, or names a drive.

    >>> climbs("series/1.dcm"), climbs("../1.dcm"), climbs("C:/1.dcm"), climbs("a\\\\..\\\\b")
    (False, True, True, True)
    """
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    absolute = posix.is_absolute() or bool(windows.drive) or bool(windows.root)
    return not name or "\0" in name or absolute or ".." in windows.parts or ".." in posix.parts


def bomb(size: int, packed: int) -> bool:
    """Return whether a size that large cannot come from so few packed bytes of an image."""
    return size >= RATIO_FROM and size > MAX_RATIO * max(1, packed)


def _write_all(
    opened: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path, opaque: tuple[str, ...]
) -> list[Path]:
    left = MAX_BYTES
    files = []
    for number, member in enumerate(members, start=1):
        target = folder / PurePosixPath(member.filename.replace("\\", "/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        limit = min(left, max(RATIO_FROM, MAX_RATIO * member.compress_size))
        left -= _write(opened, member, target, limit, number, target.suffix.lower() in opaque)
        files.append(target)
    return files


def _write(
    opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, limit: int, number: int, opaque: bool
) -> int:
    """Write one member and return its bytes; raise UnsafeArchive past the limit or when it is a zip."""
    if target.exists():
        raise UnsafeArchive(f"Member {number} of the zip has the name of an earlier one. Pack the files again.")
    written = 0
    with opened.open(member) as stream, target.open("xb") as out:
        while chunk := stream.read(_CHUNK):
            if not opaque and not written and chunk.startswith(_ZIP_STARTS):
                raise UnsafeArchive(f"Member {number} of the zip is a zip itself. Unpack it and load the folder.")
            written += len(chunk)
            if written > limit:
                raise UnsafeArchive(f"Member {number} of the zip unpacks to more than it may. Load the folder instead.")
            out.write(chunk)
    return written
