/**
 * Getting a relayed candidate (RFC 8656), around what browsers leave open (twin:
 * `src/visavis/media/gathering.py`).
 *
 * A browser gathers once for a description, and one that found no relay cannot look again under the
 * same ICE credentials, which the other side has by then. So a scout goes first: a connection of its
 * own that holds nothing but a TURN allocation, tried again until a deadline, so that a relay that is
 * being restarted is found as soon as it answers. It says which URL answered; the call's connection
 * is then given that one, which keeps it to one allocation. The scout goes while devices open, so a
 * person does not wait for it. Beside it, the call's connection may allocate at the relay that will
 * most likely answer (`firstOf`), in browsers that can do so before they gather.
 *
 * For the direct path (docs/adr/0017) there are this machine's own addresses besides, and what they
 * look like from outside (RFC 8445, 5.1.1.2), which the relay is asked for.
 *
 * Nobody but the relay is ever asked: no other STUN server, and no default one (CK-670).
 */

import { Code, UnavailableError, UsageError } from "../core/errors.ts";
import { fromBrowser, MAX_CANDIDATES } from "./candidates.ts";
import type { TurnServer } from "./interfaces.ts";

/** Seconds to go on trying to reach a relay. */
export const GATHER_S = 6;

/**
 * Seconds for which a relay that answered is taken to be there still. Higher asks less often while it
 * rings; lower notices sooner that it went.
 */
export const FRESH_S = 10;

/** Seconds for one scout. Higher helps on slow links, lower finds a relay that came back sooner. */
const ATTEMPT_S = 2;

/**
 * Seconds for which a relay that answered over TCP waits for UDP, which is better for sound. Higher
 * forgives a busy machine; lower finds a relay sooner where UDP is blocked.
 */
const UDP_GRACE_S = 0.8;

/** Seconds between two scouts, where a refused TCP connection fails at once. */
const PAUSE_S = 0.2;

/**
 * Seconds after the first candidate to wait for more of them. Higher gives a machine with several
 * networks more paths, lower starts sooner if one of its networks is dead.
 */
const GRACE_S = 0.3;

const URL_PATTERN =
  /^(turns?):(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]{1,253})(?::[0-9]{1,5})?(?:\?transport=(udp|tcp))?$/;

/**
 * Return servers as a browser takes them.
 *
 * @throws UsageError CK-670: a URL that is no TURN URL.
 */
export function iceServers(servers: readonly TurnServer[]): RTCIceServer[] {
  for (const url of servers.flatMap((server) => server.urls)) {
    const [, scheme, transport] = URL_PATTERN.exec(url) ?? [];
    if (scheme === undefined) throw new UsageError("CK-670: not a TURN URL");
    if (scheme === "turns" && transport === "udp") {
      throw new UsageError("TURN over DTLS is not supported");
    }
  }
  return servers
    .filter((server) => server.urls.length > 0)
    .map(({ urls, username, credential }) => ({ urls: [...urls], username, credential }));
}

/** W3C webrtc-pc, 4.8.1; on a local relayed candidate, in most browsers. */
type RelayedCandidate = RTCIceCandidate &
  Readonly<{ url?: string | null; relayProtocol?: string | null }>;

/** What both the scout and the call's connection are made with. */
export function configurationFor(servers: RTCIceServer[], relayOnly: boolean): RTCConfiguration {
  return {
    iceServers: servers,
    iceTransportPolicy: relayOnly ? "relay" : "all",
    // One allocation for everything.
    bundlePolicy: "max-bundle",
    rtcpMuxPolicy: "require",
  };
}

/** Return these relays, to be asked over UDP besides what our addresses look like from outside. */
export function withStun(relays: readonly RTCIceServer[]): RTCIceServer[] {
  const urls = relays
    .flatMap((relay) => relay.urls)
    .filter(isUdpUrl)
    .map((url) => url.replace(/^turn:/, "stun:").replace(/\?.*$/, ""));
  return urls.length === 0 ? [...relays] : [...relays, { urls }];
}

/** Return the relay that is asked for first. */
export function firstOf([server]: readonly RTCIceServer[]): RTCIceServer[] {
  return server === undefined ? [] : [{ ...server, urls: [server.urls].flat().slice(0, 1) }];
}

/**
 * Find a relay that answers.
 *
 * @param servers Relays, in order of preference.
 * @param signal Once aborted, nothing more is tried.
 * @param onMiss Called each time when none answered and it is tried again.
 * @returns The servers, narrowed to the URL that answered where the browser names it.
 * @throws UnavailableError `NO_RELAY`: none answered in time.
 */
export async function findRelay(
  servers: readonly RTCIceServer[],
  signal: AbortSignal,
  onMiss: () => void = () => {},
): Promise<RTCIceServer[]> {
  const deadline = performance.now() + GATHER_S * 1000;
  while (servers.length > 0 && !signal.aborted) {
    const found = await scout(servers, signal);
    if (found !== undefined) return found;
    onMiss();
    if (performance.now() >= deadline) break;
    await elapsed(PAUSE_S, signal);
  }
  throw noRelay();
}

/** Finds a relay ahead of time, and remembers it for as long as it is fresh. */
export class RelayFinder {
  #found: Readonly<{ urls: string; at: number; relay: Promise<RTCIceServer[]> }> | undefined;

  /** As `findRelay`; what another call found or is about to find is good for this one as well. */
  find(servers: readonly RTCIceServer[], signal: AbortSignal): Promise<RTCIceServer[]> {
    const urls = JSON.stringify(servers);
    const before = this.#found;
    if (before?.urls === urls && performance.now() - before.at < FRESH_S * 1000) {
      return before.relay;
    }
    return this.again(servers, signal);
  }

  /** As `findRelay`, whatever was found before. */
  again(
    servers: readonly RTCIceServer[],
    signal: AbortSignal,
    onMiss?: () => void,
  ): Promise<RTCIceServer[]> {
    const relay = findRelay(servers, signal, onMiss);
    const found = { urls: JSON.stringify(servers), at: performance.now(), relay };
    this.#found = found;
    relay.catch(() => {
      if (this.#found === found) this.#found = undefined;
    });
    return relay;
  }
}

async function scout(
  servers: readonly RTCIceServer[],
  signal: AbortSignal,
): Promise<RTCIceServer[] | undefined> {
  const pc = new RTCPeerConnection(configurationFor([...servers], true));
  try {
    pc.createDataChannel("");
    const gathering = collect(pc, {
      timeoutS: ATTEMPT_S,
      graceS: UDP_GRACE_S,
      first: isUdp,
      signal,
    });
    await pc.setLocalDescription();
    const found = await gathering;
    if (found.length === 0) return undefined;
    // UDP as soon as it answers; else whatever did within the grace.
    const best = found.find(isUdp) ?? found[0];
    return narrow(servers, best?.url ?? "");
  } finally {
    pc.close();
  }
}

/** Chromium says "tcp" and "tls", and null where it is UDP: there the URL tells. */
function isUdp({ relayProtocol, url }: RelayedCandidate): boolean {
  if (relayProtocol) return relayProtocol === "udp";
  return isUdpUrl(url ?? "");
}

function isUdpUrl(url: string): boolean {
  return url.startsWith("turn:") && !url.endsWith("transport=tcp");
}

/** Keep the one URL that answered. Browsers may write it without its defaults; then keep all. */
function narrow(servers: readonly RTCIceServer[], url: string): RTCIceServer[] {
  for (const server of servers) {
    if ([server.urls].flat().includes(url)) return [{ ...server, urls: [url] }];
  }
  return [...servers];
}

/**
 * Gather on the call's connection, whose local description is about to be set.
 *
 * @param relayOnly Take nothing but relayed candidates.
 * @param signal Once aborted, stop waiting.
 * @returns Our candidates, in our spelling, relayed ones first. For the direct path there may be no
 *   relayed one: Chromium stops asking the relay, which was found before, once a direct pair stands.
 * @throws UnavailableError `NO_RELAY`; for the direct path only if there is no candidate at all.
 */
export async function gather(
  pc: RTCPeerConnection,
  relayOnly: boolean,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await collect(pc, { timeoutS: GATHER_S, graceS: GRACE_S, relayOnly, signal });
  const lines = found
    .map((one) => fromBrowser(one.candidate, relayOnly))
    .filter((line) => line !== undefined);
  const relayed = lines.filter(isRelayed);
  if ((relayOnly ? relayed : lines).length === 0) throw noRelay();
  const others = lines.filter((line) => !isRelayed(line));
  return [...new Set([...relayed, ...others])].slice(0, MAX_CANDIDATES);
}

function isRelayed(line: string): boolean {
  return line.includes(" typ relay ");
}

type Patience = Readonly<{
  timeoutS: number;
  /** Wait this long after the first relayed candidate. */
  graceS: number;
  /** Take nothing but relayed ones; true unless told otherwise. */
  relayOnly?: boolean;
  /** A candidate after which there is nothing to wait for. */
  first?: (candidate: RelayedCandidate) => boolean;
  signal: AbortSignal;
}>;

/** Take candidates until gathering is over, or patience is. */
function collect(pc: RTCPeerConnection, patience: Patience): Promise<readonly RelayedCandidate[]> {
  const found: RelayedCandidate[] = [];
  return new Promise((resolve) => {
    const ended = new AbortController();
    const end = () => {
      ended.abort();
      clearTimeout(timer);
      clearTimeout(grace);
      resolve(found);
    };
    const timer = setTimeout(end, patience.timeoutS * 1000);
    let grace: ReturnType<typeof setTimeout> | undefined;
    const listen = { signal: ended.signal };
    const take = ({ candidate }: RTCPeerConnectionIceEvent) => {
      if (candidate === null) return end();
      const line = fromBrowser(candidate.candidate, patience.relayOnly);
      if (line === undefined) return;
      found.push(candidate);
      if (patience.first?.(candidate)) return end();
      if (isRelayed(line)) grace ??= setTimeout(end, patience.graceS * 1000);
    };
    pc.addEventListener("icecandidate", take, listen);
    patience.signal.addEventListener("abort", end, listen);
    if (patience.signal.aborted) end();
  });
}

function elapsed(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function noRelay(): UnavailableError {
  return new UnavailableError(Code.NO_RELAY, "no relay answered");
}
