/** Where frames of a call are recorded, in tests: a worker in this thread. */

import type { Bytes } from "../../core/bytes.ts";
import type { FrameTap } from "../../media/frame_tap.ts";
import type { FrameTape, Reel } from "../../media/interfaces.ts";
import { Tapes } from "../../media/tapes.ts";

/** Real tapes, and no wire in between. */
export class LocalTape implements FrameTape {
  now = 0;
  tap: FrameTap | undefined;
  failed = false;
  readonly #taken = new Map<string, (chunk: Bytes | undefined) => void>();
  readonly #tapes = new Tapes(
    (said) => this.#taken.get(said.taped)?.("chunk" in said ? said.chunk : undefined),
    () => this.now,
    (tap) => {
      this.tap = tap;
    },
  );

  /** The time of a frame of sound, by RTP: 48,000 in a second. */
  get time(): number {
    return Math.round(this.now * 48_000);
  }

  leaves(leaves: ReadonlyMap<number, Bytes>): void {
    this.#tapes.leaves(leaves);
  }

  begin(...[ask, parts, taken]: Parameters<FrameTape["begin"]>): Reel {
    this.#taken.set(ask, taken);
    const order = async (...[what]: [Parameters<Tapes["carryOut"]>[1]]) => {
      await this.#tapes.carryOut(ask, what).catch(() => taken(undefined));
    };
    void order({ do: "begin", ...structuredClone(parts) });
    return {
      said: (said) => void order({ do: "said", ...structuredClone(said) }),
      share: (key, share) => void order({ do: "share", key, share: structuredClone(share) }),
      among: (members) => void order({ do: "among", members: [...members.values()] }),
      pause: () => void order({ do: "pause" }),
      mark: () => void order({ do: "mark" }),
      end: () => order({ do: "end" }),
    };
  }
}
