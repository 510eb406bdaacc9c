/**
 * One connection to the SFU: what `sfu_publish.ts` and `sfu_watch.ts` have in common (twin:
 * `src/visavis/media/sfu_link.py`).
 *
 * Descriptions hold no candidate of ours (CK-814): the SFU learns the way back from our packets, which
 * come from a relay, so it sees no member's address. Nothing is gathered at anybody but the relays
 * that the caller names (CK-670).
 */

import { Code, PeerError, UnavailableError } from "../core/errors.ts";
import { configurationFor, iceServers, RelayFinder } from "./gathering.ts";
import type { TurnServer } from "./interfaces.ts";
import { ProtectedPeer } from "./protect.ts";
import { OPUS_PARAMETERS } from "./sdp_guard.ts";

/** Of connections, so that no place of one is a place of another. */
let connections = 0;

/** A protected connection, until it is closed. */
export class SfuPeer {
  readonly protected: ProtectedPeer;
  readonly #finder = new RelayFinder();
  readonly #number = connections++;
  readonly #ended = new AbortController();
  readonly #over = new Promise<undefined>((resolve) => {
    this.#ended.signal.addEventListener("abort", () => resolve(undefined));
  });

  /**
   * @param worker Runs `worker.ts` for this call.
   * @throws UnavailableError `NOT_ENCRYPTED`: this browser cannot encrypt calls.
   */
  constructor(worker: Worker) {
    this.protected = new ProtectedPeer(worker, configurationFor([], true), {
      placeOf: ({ mid }) => this.placeOf(mid),
      sfu: true,
    });
  }

  get pc(): RTCPeerConnection {
    return this.protected.pc;
  }

  /** The place (`heard_places.ts`) of a section; what has no name yet is a place of nobody. */
  placeOf(mid: string | null): string {
    return `${this.#number}:${mid ?? ""}`;
  }

  /**
   * Find a relay, through which the next description goes.
   *
   * @throws UnavailableError `NO_RELAY`.
   */
  async reach(servers: readonly TurnServer[]): Promise<void> {
    const relay = await this.#finder.find(iceServers(servers), this.#ended.signal);
    this.checkAlive();
    this.protected.setServers(relay);
  }

  /** Put our description in force and return it as the room takes it. */
  async setLocal(description: RTCSessionDescriptionInit): Promise<string> {
    await this.answered(this.pc.setLocalDescription(description));
    return bare(description.sdp ?? "");
  }

  /**
   * Put the SFU's description in force, and check that nothing can pass unsealed.
   *
   * @throws PeerError `MALFORMED`: CK-892, it does not fit.
   * @throws UnavailableError `NOT_ENCRYPTED`: CK-652, CK-653; the connection is closed.
   */
  async setRemote(type: "offer" | "answer", sdp: string): Promise<void> {
    try {
      await this.answered(this.pc.setRemoteDescription({ type, sdp }));
    } catch {
      this.checkAlive();
      throw new PeerError(Code.MALFORMED, "CK-892: a description that does not fit");
    }
    this.protected.protectAll();
    this.protected.check();
  }

  /** Wait for what the connection was asked; once it is closed it answers nothing any more. */
  async answered<T>(asked: Promise<T>): Promise<T> {
    const answer = await Promise.race([asked, this.#over]).catch((error: unknown) => {
      this.checkAlive();
      throw error;
    });
    this.checkAlive();
    return answer as T;
  }

  /** @throws UnavailableError `UNAVAILABLE`: it was closed. */
  checkAlive(): void {
    if (this.#ended.signal.aborted) {
      throw new UnavailableError(Code.UNAVAILABLE, "this connection was closed meanwhile");
    }
  }

  /** End it; what goes on here then ends with UNAVAILABLE. Harmless when repeated. */
  close(): void {
    this.#ended.abort();
    this.pc.close();
  }
}

/** Leave out of our own description what the room refuses (CK-814). Pure. */
export function bare(sdp: string): string {
  const lines = sdp.split(/(?<=\n)/);
  return lines.filter((line) => !/^a=(candidate|end-of-candidates)/.test(line)).join("");
}

/**
 * Return the SFU's answer with our parameters of Opus in place of its own (CK-893): a server that had
 * sound sent at a variable rate, or not at all in silence, would learn from sizes what is said. Pure.
 */
export function withOurSound(sdp: string): string {
  const [head = "", ...sections] = sdp.split(/^(?=m=)/m);
  const ours = sections.map((section) => {
    const payload = /^a=rtpmap:([0-9]+) opus\/48000\/2\r?$/im.exec(section)?.[1];
    if (!section.startsWith("m=audio ") || payload === undefined) return section;
    const kept = section
      .split(/(?<=\n)/)
      .filter((line) => !/^a=(fmtp|ptime|maxptime)[: ]/.test(line))
      .join("");
    return `${kept}a=fmtp:${payload} ${OPUS_PARAMETERS}\r\n`;
  });
  return head + ours.join("");
}
