/**
 * ICE candidates (RFC 8445, 8839) as text between the two ends of a call: one spelling (twin of
 * `src/visavis/media/candidates.py`).
 *
 *     candidate:FOUNDATION 1 udp PRIORITY ADDRESS PORT typ relay raddr 0.0.0.0 rport 9
 *
 * The related address, which on a relayed candidate is the person's own, is always blanked. `parse`
 * reads the other side's, `fromBrowser` our own browser's. Pure.
 */

import { Code, PeerError } from "../core/errors.ts";

/**
 * Candidates one side may send for one transport. Each costs a few checks; a flood of them would make
 * us knock on many doors at a stranger's wish.
 */
export const MAX_CANDIDATES = 16;

export type CandidateType = "relay" | "srflx" | "host";

/** One candidate; component 1, UDP. It holds an address: it is not for printing. */
export type Candidate = Readonly<{
  /** 1 to 32 ICE characters (RFC 8839, 5.1). */
  foundation: string;
  /** 1 to 2^31 - 1 (RFC 8445, 5.1.2). */
  priority: number;
  /** Canonical IPv4 or IPv6 literal, never a name. */
  address: string;
  /** 1 to 65535. */
  port: number;
  /** How the address was got. */
  type: CandidateType;
}>;

/** Return the one text of a candidate. */
export function encode(candidate: Candidate): string {
  const { foundation, priority, address, port, type } = candidate;
  const text = `candidate:${foundation} 1 udp ${priority} ${address} ${port} typ ${type}`;
  if (type === "host") return text;
  return `${text} raddr ${address.includes(":") ? "::" : "0.0.0.0"} rport 9`;
}

const TEXT = new RegExp(
  "^candidate:(?<foundation>[A-Za-z0-9+/]{1,32}) 1 udp (?<priority>[0-9]{1,10}) " +
    "(?<address>[0-9A-Fa-f.:]{2,45}) (?<port>[0-9]{1,5}) typ (?<type>relay|srflx|host)" +
    "(?: raddr [0-9.:]{2,15} rport 9)?$",
);

/** What a browser writes: any case, an own related address, extensions behind it. */
const BROWSER_TEXT = new RegExp(
  "^(?:candidate:)(?<foundation>[A-Za-z0-9+/]{1,32}) 1 (?:udp|UDP) (?<priority>[0-9]{1,10}) " +
    "(?<address>[0-9A-Fa-f.:]{2,45}) (?<port>[0-9]{1,5}) typ (?<type>relay|srflx|host)(?: |$)",
);

/** Which candidates are let in. */
export type CandidateRules = Readonly<{
  /** Refuse all but relayed candidates; true unless told otherwise. */
  relayOnly?: boolean;
  /** Let loopback addresses pass: demo and tests only. */
  allowLoopback?: boolean;
}>;

/**
 * Read one candidate that came from the other side.
 *
 * @param text One line, without `a=`.
 * @throws PeerError `MALFORMED`. CK-667: not in our spelling. CK-668: a type that this call does not
 *   use. CK-669: an address nobody can be called at, by which a stranger would make us knock on this
 *   machine's own or everybody's door.
 */
export function parse(text: string, rules: CandidateRules = {}): Candidate {
  const { relayOnly = true, allowLoopback = false } = rules;
  const candidate = text.length <= 256 ? read(TEXT, text) : undefined;
  if (
    candidate === undefined ||
    encode(candidate) !== text ||
    candidate.priority < 1 ||
    candidate.priority >= 2 ** 31 ||
    candidate.port < 1 ||
    candidate.port >= 2 ** 16
  ) {
    throw malformed("CK-667: a candidate in another spelling than ours");
  }
  if (relayOnly && candidate.type !== "relay") {
    throw malformed("CK-668: a candidate that is not relayed");
  }
  const scope = scopeOf(candidate.address);
  const isNobodys =
    scope === "nobody" ||
    (scope === "link-local" && relayOnly) ||
    (scope === "loopback" && !allowLoopback);
  if (isNobodys) throw malformed("CK-669: a candidate's address is nobody's");
  return candidate;
}

/**
 * Reduce what our browser found to what we send.
 *
 * @param text `RTCIceCandidate.candidate`; never a peer's text.
 * @returns Our spelling of it, or undefined if it is none that we send (TCP, not relayed, or a name
 *   of this network only, RFC 6762, behind which a browser hides addresses from a page that has no
 *   microphone: the other end would have to ask its own network for it).
 */
export function fromBrowser(text: string, relayOnly = true): string | undefined {
  const candidate = read(BROWSER_TEXT, text);
  if (candidate === undefined || (relayOnly && candidate.type !== "relay")) return undefined;
  return encode(candidate);
}

function read(pattern: RegExp, text: string): Candidate | undefined {
  const {
    foundation = "",
    priority,
    address: literal = "",
    port,
    type,
  } = pattern.exec(text)?.groups ?? {};
  const address = canonicalAddress(literal);
  if (address === undefined) return undefined;
  return {
    foundation,
    priority: Number(priority),
    address,
    port: Number(port),
    type: type as CandidateType, // the patterns have these three words only
  };
}

/** Return the one spelling of an address (RFC 5952), undefined if it is none. */
function canonicalAddress(text: string): string | undefined {
  if (!text.includes(":")) return octetsOf(text)?.join(".");
  const groups = groupsOf(text);
  if (groups === undefined) return undefined;
  // IPv4 in IPv6 clothes has two spellings, and no relay hands it out: it has none here.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return undefined;
  let [zerosAt, zeros] = [0, 1]; // a single zero is not shortened
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > zeros) [zerosAt, zeros] = [at, end - at];
  }
  const write = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  if (zeros === 1) return write(0, 8);
  return `${write(0, zerosAt)}::${write(zerosAt + zeros, 8)}`;
}

function octetsOf(text: string): readonly number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part))) {
    return undefined;
  }
  const octets = parts.map(Number);
  return octets.every((octet) => octet < 256) ? octets : undefined;
}

/** Return the eight groups of an IPv6 address without a dotted part. */
function groupsOf(text: string): readonly number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [front = [], back = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const given = [...front, ...back];
  if (!given.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const missing = 8 - given.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const zeros = Array.from({ length: missing }, () => "0");
  return [...front, ...zeros, ...back].map((group) => Number.parseInt(group, 16));
}

type Scope = "nobody" | "link-local" | "loopback" | "other";

/** Say whose an address is, of a canonical one. */
function scopeOf(address: string): Scope {
  if (address.includes(":")) {
    const first = groupsOf(address)?.[0] ?? 0;
    if (address === "::" || (first & 0xff00) === 0xff00) return "nobody";
    if (address === "::1") return "loopback";
    return (first & 0xffc0) === 0xfe80 ? "link-local" : "other";
  }
  const [first = 0, second] = octetsOf(address) ?? [];
  const isMulticast = first >= 224 && first < 240;
  if (address === "0.0.0.0" || address === "255.255.255.255" || isMulticast) return "nobody";
  if (first === 127) return "loopback";
  return first === 169 && second === 254 ? "link-local" : "other";
}

function malformed(detail: string): PeerError {
  return new PeerError(Code.MALFORMED, detail);
}
