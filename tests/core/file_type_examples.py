"""Files and names, and what each is: shared by the tests and the vectors for the browser twin."""

from __future__ import annotations

import io
import zipfile
from typing import Final

from tests.core import file_fixtures as made

from visavis.core.file_type import FileType

UNSAFE: Final = "unsafe_file CK-295"


def archive(*names: str, mimetype: str = "", before: bytes = b"") -> bytes:
    """Return a ZIP archive with entries of these names, the same bytes each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in ("mimetype", *names) if mimetype else names:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            packed.writestr(info, mimetype if name == "mimetype" else "x")
    return before + out.getvalue()


def iso(brand: str, *others: str) -> bytes:
    return made.box(b"ftyp", brand.encode(), bytes(4), *(other.encode() for other in others))


OFFICE: Final = "[Content_Types].xml"
ODF: Final = "application/vnd.oasis.opendocument."
OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")

BY_CONTENT: Final[tuple[tuple[bytes, str], ...]] = (
    *((data, kind.value) for kind, data, _ in made.STRIPPED.values()),
    *((data, kind.value) for kind, data in made.CLEAN.values()),
    (b"\xff\xd8\xff", FileType.JPEG),
    (b"\xff\xd8", FileType.BINARY),
    (b"GIF87a", FileType.GIF),
    (b"RIFF\4\0\0\0WAVE", FileType.WAV),
    (b"RIFF\4\0\0\0AVI ", FileType.BINARY),
    (iso("avif", "mif1", "miaf"), FileType.AVIF),
    (iso("mif1", "avif"), FileType.AVIF),
    (iso("heic", "mif1"), FileType.HEIC),
    (iso("msf1", "hevc"), FileType.HEIC),
    (iso("isom", "iso2", "avc1"), FileType.MP4),
    (iso("XXXX", "mp42"), FileType.MP4),
    (iso("M4V ", "isom"), FileType.MP4),
    (iso("M4A ", "mp42"), FileType.M4A),
    (iso("qt  "), FileType.MOV),
    (iso("crx "), FileType.BINARY),
    (b"\0\0\0\x08wide\0\0\0\0mdat", FileType.MOV),
    (b"\0\0\1\0moov", FileType.MOV),
    (bytes.fromhex("1a45dfa39f42868101428284") + b"webm", FileType.WEBM),
    (bytes.fromhex("1a45dfa39f42868101428288") + b"matroska", FileType.BINARY),
    (b"OggS\0\2", FileType.OGG),
    (b"ID3\4\0\0\0\0\0\0", FileType.MP3),
    (b"\xff\xfb\x90\x64", FileType.MP3),
    (b"\xff\xfb\xf0\x64", FileType.BINARY),
    (b"\xff\xfb\x9c\x64", FileType.BINARY),
    (b"\xff\xeb\x90\x64", FileType.BINARY),
    (b"\xff\xfd\x90\x64", FileType.BINARY),
    (b"\xff\xfb\x90", FileType.BINARY),
    (b"%PDF-1.7\n", FileType.PDF),
    (b" %PDF-1.7\n", FileType.TEXT),
    (b"", FileType.TEXT),
    (b"one,two\r\n\t3\x0c\x1b[0m", FileType.TEXT),
    ("\ufeffGrüße".encode(), FileType.TEXT),
    (b"a\0b", FileType.BINARY),
    (b"a\x08b", FileType.BINARY),
    (b"a\x7fb", FileType.BINARY),
    (b"\xc3", FileType.BINARY),
    (b"\xed\xa0\x80", FileType.BINARY),
    (b"\xf4\x90\x80\x80", FileType.BINARY),
    (bytes(range(128, 200)), FileType.BINARY),
    # Archives and documents
    (archive(OFFICE, "_rels/.rels", "word/document.xml"), FileType.DOCX),
    (archive(OFFICE, "xl/workbook.xml"), FileType.XLSX),
    (archive(OFFICE, "ppt/presentation.xml"), FileType.PPTX),
    (archive("word/document.xml"), FileType.ZIP),
    (archive(OFFICE), FileType.ZIP),
    (archive("content.xml", mimetype=ODF + "text"), FileType.ODT),
    (archive("content.xml", mimetype=ODF + "spreadsheet"), FileType.ODS),
    (archive("content.xml", mimetype=ODF + "presentation"), FileType.ODP),
    (archive("content.xml", mimetype="application/epub+zip"), FileType.ZIP),
    (archive("holiday/1.jpg", "setup.exe"), FileType.ZIP),
    (archive(), FileType.ZIP),
    (b"PK\3\4", FileType.ZIP),
    (b"PK\5\6" + b"\xff" * 18, FileType.ZIP),
    (archive("a")[:-30], FileType.ZIP),
    (archive(OFFICE, "word/document.xml", "word/vbaProject.bin"), UNSAFE),
    (archive(OFFICE, "xl/workbook.xml", "xl\\macrosheets\\sheet1.xml"), UNSAFE),
    (archive("META-INF/MANIFEST.MF", "A.class"), UNSAFE),
    (archive("meta-inf\\manifest.mf"), UNSAFE),
    (archive("AndroidManifest.xml", "classes.dex"), UNSAFE),
    (archive("AppxManifest.xml"), UNSAFE),
    # One directory for one reader, another for another reader
    (archive("harmless.txt") + archive("META-INF/MANIFEST.MF"), UNSAFE),
    (archive("META-INF/MANIFEST.MF") + archive("harmless.txt"), UNSAFE),
    # Programs
    (b"\x7fELF\2\1\1", UNSAFE),
    (b"MZ\x90\0\3\0", UNSAFE),
    (b"MZ this is a text about a letter", FileType.TEXT),
    (b"\xfe\xed\xfa\xcf", UNSAFE),
    (b"\xcf\xfa\xed\xfe\7\0\0\1", UNSAFE),
    (b"\xca\xfe\xba\xbe\0\0\0\x34", UNSAFE),
    (b"#!/bin/sh\n", UNSAFE),
    (b"\xef\xbb\xbf#!/usr/bin/env python", UNSAFE),
    (b"# not a script", FileType.TEXT),
    (b"dex\n035\0", UNSAFE),
    (b"\0asm\1\0\0\0", UNSAFE),
    (b"L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F", UNSAFE),
    (b"!<arch>\ndebian-binary", UNSAFE),
    (b"\xed\xab\xee\xdb\3\0", UNSAFE),
    (b"CWS\n", UNSAFE),
    (b"ITSF\3\0\0\0", UNSAFE),
    (b"[Desktop Entry]\nExec=sh", UNSAFE),
    (b"[InternetShortcut]\nURL=file:", UNSAFE),
    (b"@ECHO OFF\r\nformat c:", UNSAFE),
    (OLE + bytes(504) + bytes.fromhex("84100c0000000000c000000000000046"), UNSAFE),
    (OLE + bytes(504) + bytes(16), FileType.BINARY),
    (bytes(100) + b"koly" + bytes(508), UNSAFE),
    # What a browser runs
    (b"<!DOCTYPE html><p>", UNSAFE),
    (b"\xef\xbb\xbf \r\n<!doctype\tHTML>", UNSAFE),
    (b"<html>", UNSAFE),
    (b"<HTML lang=en>", UNSAFE),
    (b"<!-- a comment --><svg onload=x>", UNSAFE),
    (b"<!-- a comment -->", UNSAFE),
    (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", UNSAFE),
    (b"<?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN'>", UNSAFE),
    (b"<?xml version='1.0'?><x:svg xmlns:x='http://www.w3.org/2000/svg'/>", UNSAFE),
    (b"<?xml version='1.0'?><a>" + b" " * 5000 + b"<html xmlns='x'/></a>", UNSAFE),
    (b"\0\0<script>", UNSAFE),
    (b"<a href='javascript:x'>", UNSAFE),
    (b"<?xml version='1.0'?><gpx><link href='x'/><head/></gpx>", FileType.TEXT),
    (b"<svgs>", FileType.TEXT),
    (b"The tag <script> is one of HTML.", FileType.TEXT),
    (b"\xff<html>", FileType.BINARY),
)
"""Content under the name "file", and what it is."""

BY_NAME: Final[tuple[tuple[str, str], ...]] = (
    ("a.txt", FileType.TEXT),
    ("a.md", FileType.TEXT),
    ("exe", FileType.TEXT),
    ("a.exe.txt", FileType.TEXT),
    ("", FileType.TEXT),
    *((f"a.{ending}", UNSAFE) for ending in ("exe", "bat", "cmd", "js", "jar", "apk", "msi")),
    *((f"a.{ending}", UNSAFE) for ending in ("scr", "lnk", "html", "svg", "sh", "py", "docm")),
    ("A.EXE", UNSAFE),
    ("holiday.jpg.exe", UNSAFE),
    ("a.exe.", UNSAFE),
    ("a.exe. . ", UNSAFE),
    ("a.exe::$DATA", FileType.TEXT),
    ("a.e\u200bxe", UNSAFE),
    ("photo\u202egpj.exe", UNSAFE),
    ("photo.jpg                                 .exe", UNSAFE),
    ("photo.jpg\u2003\u2003.scr", UNSAFE),
    ("a.exe\u00ad", UNSAFE),
    ("a.exe/", UNSAFE),
    ("dir.exe/a.txt", FileType.TEXT),
    ("x" * 400 + ".exe", UNSAFE),
    (".bat", FileType.TEXT),
)
"""Names of a short text, and what it is."""

SAFE_NAMES: Final[tuple[tuple[str, str], ...]] = (
    ("IMG_2041.jpg", "IMG_2041.jpg"),
    ("Grüße 👋.pdf", "Grüße 👋.pdf"),
    ("e\u0301.txt", "\u00e9.txt"),
    ("../../etc/passwd", "passwd"),
    ("..\\..\\boot.ini", "boot.ini"),
    ("/etc/passwd", "passwd"),
    ("C:\\a\\b.txt", "b.txt"),
    ("a/b/", "b"),
    ("..", "file"),
    (".", "file"),
    ("", "file"),
    ("/", "file"),
    ("   ", "file"),
    ("\u202e", "file"),
    (".bashrc", "bashrc"),
    ("...", "file"),
    ("a.txt. . .", "a.txt"),
    ("photo\u202egpj.exe", "photogpj.exe"),
    ("a\u2066b\u2069.txt", "ab.txt"),
    ("a\0b\nc\x1b[2Jd\x7f\x9b.txt", "abc[2Jd.txt"),
    ("a   b\u00a0\u3000c.txt", "a b c.txt"),
    ("photo.jpg          .exe", "photo.jpg .exe"),
    ('a<b>c:d"e|f?g*h.txt', "a_b_c_d_e_f_g_h.txt"),
    ("a.txt:b.exe", "a.txt_b.exe"),
    ("CON", "_CON"),
    ("con.txt", "_con.txt"),
    ("Com1.tar.gz", "_Com1.tar.gz"),
    ("COM¹.txt", "_COM¹.txt"),
    ("NUL .txt", "_NUL .txt"),
    ("console.txt", "console.txt"),
    ("\ud800a.txt", "_a.txt"),
    ("x" * 200, "x" * 200),
    ("x" * 201, "x" * 200),
    ("x" * 300 + ".jpeg", "x" * 195 + ".jpeg"),
    ("é" * 150 + ".txt", "é" * 98 + ".txt"),
    ("👋" * 60 + ".txt", "👋" * 49 + ".txt"),
    ("a." + "x" * 300, "a." + "x" * 198),
    ("\U000e0041a\ufeff\u3164.txt", "a.txt"),
)
"""Names as they come, and as they are shown and saved."""

SAVED_NAMES: Final[tuple[tuple[str, FileType, str], ...]] = (
    ("a.jpg", FileType.JPEG, "a.jpg"),
    ("a.JPEG", FileType.JPEG, "a.JPEG"),
    ("a", FileType.JPEG, "a.jpg"),
    ("a.pdf", FileType.PNG, "a.pdf.png"),
    ("../a.png", FileType.PDF, "a.png.pdf"),
    ("a.csv", FileType.TEXT, "a.csv"),
    ("a.kmz", FileType.ZIP, "a.kmz"),
    ("a", FileType.BINARY, "a"),
    ("a.zip", FileType.DOCX, "a.zip.docx"),
)
"""Name, type by content, and the name under which it is saved."""
