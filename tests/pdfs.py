"""PDF files made from lines of text, byte by byte, so that tests know what each page holds."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

Line = tuple[str, float]
"""Text and size in points; a size of 12 is body text here."""

_TO_UNICODE = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def /CMapType 2 def "
    b"1 begincodespacerange <0000> <FFFF> endcodespacerange "
    b"1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap end end"
)


def pdf(pages: Sequence[Sequence[Line]], title: str = "") -> bytes:
    """Return a PDF with these lines on its pages, Chinese included."""
    objects: list[bytes] = []

    def add(content: bytes) -> int:
        objects.append(content)
        return len(objects)

    def stream(content: bytes, extra: bytes = b"") -> bytes:
        return b"<< /Length %d %s>>\nstream\n%s\nendstream" % (len(content), extra, content)

    catalog, tree = add(b""), add(b"")
    unicode_map = add(stream(_TO_UNICODE))
    inner = add(b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Made /CIDSystemInfo "
                b"<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 1000 >>")  # fmt: skip
    font = add(b"<< /Type /Font /Subtype /Type0 /BaseFont /Made /Encoding /Identity-H "
               b"/DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>" % (inner, unicode_map))  # fmt: skip
    kids = []
    for lines in pages:
        drawn, y = [], 780.0
        for text, size in lines:
            drawn.append(f"BT /F1 {size} Tf 1 0 0 1 50 {y} Tm <{text.encode('utf-16-be').hex()}> Tj ET")
            y -= size * 1.5
        packed = zlib.compress("\n".join(drawn).encode())
        content = add(stream(packed, b"/Filter /FlateDecode "))
        kids.append(add(b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 600 842] /Contents %d 0 R "
                        b"/Resources << /Font << /F1 %d 0 R >> >> >>" % (tree, content, font)))  # fmt: skip
    info = add(b"<< /Title <%s> >>" % ("\ufeff" + title).encode("utf-16-be").hex().encode())
    objects[catalog - 1] = b"<< /Type /Catalog /Pages %d 0 R >>" % tree
    objects[tree - 1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % k for k in kids))
    return written(objects, b"/Root %d 0 R /Info %d 0 R" % (catalog, info))


def bomb(gigabytes: float = 2.0) -> bytes:
    """Return a PDF of one page whose content unpacks to that much."""
    packer, chunk = zlib.compressobj(9), b" " * 10_000_000
    packed = b"".join(packer.compress(chunk) for _ in range(int(gigabytes * 100))) + packer.flush()
    return written(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 842] /Contents 4 0 R >>",
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        ],
        b"/Root 1 0 R",
    )


def written(objects: Sequence[bytes], trailer: bytes) -> bytes:
    """Return objects as a file, with its table of where each begins."""
    made, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return made + b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
