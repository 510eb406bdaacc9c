"""Names of files that come from somebody else: what is shown, what is saved, what is refused.

A name is a peer's text. It never chooses a folder, never hides its ending behind invisible
characters or a run of spaces, and never names a device of Windows. What a file *is* its content
says (`file_type`); the name can only make matters worse: endings that a system runs are refused
whatever is inside.

Not for: reading or writing files.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_NAME_BYTES: Final = 255
"""UTF-8 bytes of a file's name in a content: as much as file systems take."""
MAX_SAFE_BYTES: Final = 200
"""UTF-8 bytes of a name that is shown or saved; leaves room for a number before the ending."""
MAX_EXTENSION: Final = 16

_INVISIBLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
"""Control characters, controls of writing direction, and what is drawn as nothing."""
_SPACES: Final = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_NOT_IN_NAMES: Final = re.compile('[<>:"|?*\ud800-\udfff]')
"""What Windows refuses or takes for something else (`a.txt:b.exe` is a stream), and halves of
characters."""
_DEVICES: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])", re.IGNORECASE | re.ASCII
)
_EXTENSION: Final = re.compile(r"\.([^. ]{1,16})$")
_UNNAMED: Final = "file"

_RUN_BY_WINDOWS: Final = """
    ade adp app appcontent-ms application appref-ms appx appxbundle asp aspx ax bas bat cdxml chm
    cmd cnt com cpl crt diagcab dll drv efi exe fon gadget grp hlp hpj hta htc inf ins iso isp its
    job js jse jsm jnlp ksh library-ms lnk mad maf mag mam maq mar mas mat mau mav maw mcf mda
    mdb mde mdt mdw mdz mjs msc msh msh1 msh1xml msh2 msh2xml mshxml msi msix msixbundle msp mst
    msu ocx ops osd pcd pif plg prf prg printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1
    psm1 pssc rdp reg scf scr sct search-ms searchconnector-ms settingcontent-ms shb shs sys
    theme themepack udl url vb vbe vbp vbs vhd vhdx vsix vsmacros vsw vxd webpnp website
    ws wsb wsc wsf wsh xbap xll xnk
"""
_RUN_ELSEWHERE: Final = """
    aab action apk apkm apks appimage applescript awk bash cjs class command csh deb desktop
    dex dmg dylib elf fileloc fish flatpak flatpakref flatpakrepo inetloc ipa jar kext ko lua
    mobileconfig mpkg pkg phar php php3 php4 php5 php7 phtml pl pm prefpane py pyc pyd pyo pyw
    pyz pyzw rb rpm run scpt scptd sh shar snap so tcl terminal tool war webloc workflow xapk zsh
"""
_RUN_BY_BROWSERS: Final = """
    crx htm html mht mhtml shtm shtml svg svgz swf wasm xht xhtm xhtml xpi xsl xslt
"""
_WITH_MACROS: Final = "docm dotm one onepkg potm ppam ppsm pptm sldm xlam xla xlsm xltm"

REFUSED_EXTENSIONS: Final = frozenset(
    f"{_RUN_BY_WINDOWS} {_RUN_ELSEWHERE} {_RUN_BY_BROWSERS} {_WITH_MACROS}".split()
)
"""Endings of what a system, a browser or an office program runs when it is opened."""


def safe_name(name: str) -> str:
    """Return a name that can be shown in a line and saved in a folder.

    The last part of a path; nothing invisible; one space where there were several; no dots or
    spaces at the ends; no name of a device; 200 bytes at most with the ending kept. "file" if
    nothing is left.
    """
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", name))
    text = text.replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    text = _SPACES.sub(" ", _NOT_IN_NAMES.sub("_", text)).strip(" .")
    text = _shortened(text).strip(" .") or _UNNAMED
    stem = text.partition(".")[0].rstrip(" ")
    return f"_{text}" if _DEVICES.fullmatch(stem) else text


def extension(name: str) -> str:
    """Return the ending of a safe name, without the dot, in lower case; "" if it has none."""
    found = _EXTENSION.search(name)
    return found[1].lower() if found else ""


def is_refused(name: str) -> bool:
    """Say whether a file of this name would be run by somebody's system (part of CK-295)."""
    return extension(safe_name(name)) in REFUSED_EXTENSIONS


def with_extension(name: str, allowed: tuple[str, ...]) -> str:
    """Return a safe name that ends as its content asks: its own ending, or the first allowed."""
    safe = safe_name(name)
    if not allowed or extension(safe) in allowed:
        return safe
    return f"{safe}.{allowed[0]}"


def _shortened(text: str) -> str:
    data = text.encode()
    if len(data) <= MAX_SAFE_BYTES:
        return text
    found = _EXTENSION.search(text)
    ending = found[0].encode() if found else b""
    stem = data[: len(data) - len(ending)]
    # What is cut in the middle of a character loses the whole character.
    return (stem[: MAX_SAFE_BYTES - len(ending)]).decode(errors="ignore") + ending.decode()
