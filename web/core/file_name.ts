/**
 * Names of files that come from somebody else: what is shown, what is saved, what is refused.
 *
 * A name is a peer's text. It never chooses a folder, never hides its ending behind invisible
 * characters or a run of spaces, and never names a device of Windows. What a file *is* its content
 * says (`file_type.ts`); the name can only make matters worse: endings that a system runs are
 * refused whatever is inside.
 *
 * Not for: reading or writing files.
 */

import { type Bytes, utf8 } from "./bytes.ts";

/** UTF-8 bytes of a file's name in a content: as much as file systems take. */
export const MAX_NAME_BYTES = 255;
/**
 * UTF-8 bytes of a name that is shown or saved; leaves room for a number before the ending.
 */
export const MAX_SAFE_BYTES = 200;

/** Control characters, controls of writing direction, and what is drawn as nothing. */
const INVISIBLE = new RegExp(
  "[\\0-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f" +
    "\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\uffff\\u{e0000}-\\u{e0fff}]",
  "gu",
);
const SPACES = /[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+/gu;
/**
 * What Windows refuses or takes for something else (`a.txt:b.exe` is a stream), and halves of
 * characters.
 */
const NOT_IN_NAMES = /[<>:"|?*\ud800-\udfff]/gu;
const DEVICES = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])$/i;
const EXTENSION = /\.([^. ]{1,16})$/u;
const UNNAMED = "file";

const RUN_BY_WINDOWS = `
  ade adp app appcontent-ms application appref-ms appx appxbundle asp aspx ax bas bat cdxml chm
  cmd cnt com cpl crt diagcab dll drv efi exe fon gadget grp hlp hpj hta htc inf ins iso isp its
  job js jse jsm jnlp ksh library-ms lnk mad maf mag mam maq mar mas mat mau mav maw mcf mda mdb
  mde mdt mdw mdz mjs msc msh msh1 msh1xml msh2 msh2xml mshxml msi msix msixbundle msp mst msu ocx
  ops osd pcd pif plg prf prg printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 psm1 pssc
  rdp reg scf scr sct search-ms searchconnector-ms settingcontent-ms shb shs sys theme themepack
  udl url vb vbe vbp vbs vhd vhdx vsix vsmacros vsw vxd webpnp website ws wsb wsc wsf wsh xbap xll
  xnk
`;
const RUN_ELSEWHERE = `
  aab action apk apkm apks appimage applescript awk bash cjs class command csh deb desktop dex dmg
  dylib elf fileloc fish flatpak flatpakref flatpakrepo inetloc ipa jar kext ko lua mobileconfig
  mpkg pkg phar php php3 php4 php5 php7 phtml pl pm prefpane py pyc pyd pyo pyw pyz pyzw rb rpm
  run scpt scptd sh shar snap so tcl terminal tool war webloc workflow xapk zsh
`;
const RUN_BY_BROWSERS = `
  crx htm html mht mhtml shtm shtml svg svgz swf wasm xht xhtm xhtml xpi xsl xslt
`;
const WITH_MACROS = `
  docm dotm one onepkg potm ppam ppsm pptm sldm xlam xla xlsm xltm
`;

/** Endings of what a system, a browser or an office program runs when it is opened. */
export const REFUSED_EXTENSIONS: ReadonlySet<string> = new Set(
  [RUN_BY_WINDOWS, RUN_ELSEWHERE, RUN_BY_BROWSERS, WITH_MACROS].flatMap((listed) =>
    listed.trim().split(/\s+/),
  ),
);

/**
 * Return a name that can be shown in a line and saved in a folder.
 *
 * The last part of a path; nothing invisible; one space where there were several; no dots or spaces
 * at the ends; no name of a device; 200 bytes at most with the ending kept. "file" if nothing is
 * left.
 */
export function safeName(name: string): string {
  const visible = name.normalize("NFC").replace(INVISIBLE, "");
  const path = trimmed(visible.replaceAll("\\", "/"), "/ ", { front: false });
  const last = path.slice(path.lastIndexOf("/") + 1);
  const plain = trimmed(last.replace(NOT_IN_NAMES, "_").replace(SPACES, " "), " .");
  const text = trimmed(shortened(plain), " .") || UNNAMED;
  const [first = ""] = text.split(".");
  return DEVICES.test(trimmed(first, " ", { front: false })) ? `_${text}` : text;
}

/** Return the ending of a safe name, without the dot, in lower case; "" if it has none. */
export function extension(name: string): string {
  return EXTENSION.exec(name)?.[1]?.toLowerCase() ?? "";
}

/** Say whether a file of this name would be run by somebody's system (part of CK-295). */
export function isRefused(name: string): boolean {
  return REFUSED_EXTENSIONS.has(extension(safeName(name)));
}

/** Return a safe name that ends as its content asks: its own ending, or the first allowed. */
export function withExtension(name: string, allowed: readonly string[]): string {
  const safe = safeName(name);
  const [first] = allowed;
  return first === undefined || allowed.includes(extension(safe)) ? safe : `${safe}.${first}`;
}

function trimmed(text: string, chars: string, { front = true } = {}): string {
  let [start, end] = [0, text.length];
  while (front && start < end && chars.includes(text.charAt(start))) start += 1;
  while (end > start && chars.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function shortened(text: string): string {
  const data = utf8(text);
  if (data.length <= MAX_SAFE_BYTES) return text;
  const ending = EXTENSION.exec(text)?.[0] ?? "";
  const size = utf8(ending).length;
  const stem = data.subarray(0, Math.min(data.length, MAX_SAFE_BYTES) - size);
  return withoutHalf(stem) + ending;
}

/** What is cut in the middle of a character loses the whole character. */
function withoutHalf(data: Bytes): string {
  let end = data.length;
  let start = end;
  while (start > 0 && ((data[start - 1] ?? 0) & 0xc0) === 0x80) start -= 1;
  const lead = data[start - 1] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (start > 0 && end - (start - 1) < length) end = start - 1;
  return new TextDecoder().decode(data.subarray(0, end));
}
