/**
 * The metadata meter: what one call showed, to whom, how much, and how long it lives; the twin
 * of `src/visavis/core/meter.py`, held together by vectors/core-meter.json.
 *
 * A `Meter` counts what leaves and arrives for one call, where it leaves and arrives. A `Reading` says
 * it per observer, and marks each fact: *measured* by this device in this call, or *known* because the
 * protocol makes it so. What a server that was changed to watch could work out is among the known
 * facts: a meter that left it out would flatter. See docs/protocol/meter.md.
 *
 * Pure; kept nowhere but in memory. Not for: words (the app has them), and not for deciding anything.
 */

/** Seconds a server may hold an envelope of the call class (privacy/inventory.toml). */
export const LIVE_S = 60;
/** Days a server may hold a durable envelope that nobody picks up (privacy/inventory.toml). */
export const DURABLE_DAYS = 30;
/** Minutes for which a relay's credential is good (privacy/inventory.toml). */
export const RELAY_MINUTES = 10;

/** Who may see something of a call. */
export type Observer = "server" | "relay" | "contact" | "network";

/** What a fact rests on. */
export type Basis = "measured" | "known";

/**
 * How long what was seen is there to be seen: until delivered (`LIVE_S`), until picked up
 * (`DURABLE_DAYS`), `RELAY_MINUTES`, as long as the connection, the device, the call; as long as they
 * keep it; or it was not seen.
 */
export type Lives =
  | "delivery"
  | "pick_up"
  | "credential"
  | "connection"
  | "device"
  | "call"
  | "theirs"
  | "never";

/** What was seen, or expressly was not. */
export type What =
  | "sent_live"
  | "sent_durable"
  | "received_live"
  | "received_durable"
  | "relay_asked"
  | "device_connected"
  | "day_seen"
  | "times_and_addresses"
  | "not_who"
  | "relayed"
  | "relay_addresses"
  | "no_relay"
  | "you_called"
  | "you_answered"
  | "account_and_device"
  | "voice"
  | "video"
  | "address"
  | "no_address"
  | "tls_to_server"
  | "media_to_relay"
  | "media_direct"
  | "sound_one_size"
  | "sound_sizes";

/** One thing that an observer saw, or that it expressly did not. */
export type Fact = Readonly<{
  observer: Observer;
  what: What;
  /** How much: names of numbers and the numbers; empty where there is nothing to count. */
  much: Readonly<Record<string, number>>;
  lives: Lives;
  basis: Basis;
}>;

/** All facts of a call, in the order in which people read them. */
export type Reading = readonly Fact[];

/** Which of the two we were. */
export type Side = "called" | "answered";

/** What a call's transports carried, in bytes; `addressTold`: addresses of our own were offered. */
export type Carried = Readonly<{
  relaySent: number;
  relayReceived: number;
  /** Seconds for which there was an allocation. */
  relayS: number;
  directSent: number;
  directReceived: number;
  addressTold: boolean;
  soundPackets: number;
  /** How many different sizes packets of sound had. */
  soundSizes: number;
}>;

export const NOTHING_CARRIED: Carried = {
  relaySent: 0,
  relayReceived: 0,
  relayS: 0,
  directSent: 0,
  directReceived: 0,
  addressTold: false,
  soundPackets: 0,
  soundSizes: 0,
};

/** An envelope: its size in bytes, and whether it is durable. */
export type Bucket = Readonly<{ size: number; durable: boolean }>;

type Counted = Bucket & Readonly<{ count: number }>;

/** How the call went. */
export type Course = Readonly<{
  side: Side;
  /** What it carried last. */
  video: boolean;
  /** How long both sides heard each other, whole seconds. */
  seconds: number;
  /** It came to a call. If not, what it would have carried was not seen. */
  answered: boolean;
}>;

/** How many envelopes of each kind there were. */
class Counts {
  readonly #counts = new Map<string, Counted>();

  add({ size, durable }: Bucket, count = 1): void {
    const key = `${size} ${durable}`;
    const before = this.#counts.get(key)?.count ?? 0;
    this.#counts.set(key, { size, durable, count: before + count });
  }

  addAll(other: Counts): void {
    for (const counted of other.sorted()) this.add(counted, counted.count);
  }

  /** By size, and the live ones of a size first. */
  sorted(): readonly Counted[] {
    return [...this.#counts.values()].sort(
      (a, b) => a.size - b.size || Number(a.durable) - Number(b.durable),
    );
  }

  get bytes(): number {
    return this.sorted().reduce((sum, { size, count }) => sum + size * count, 0);
  }
}

/** Counts one call. It holds numbers only, and goes with the call's object. */
export class Meter {
  readonly #sent = new Counts();
  readonly #received = new Counts();
  #relayAsks = 0;
  #carried = NOTHING_CARRIED;

  /** Count an envelope that was handed to the connection; or several alike. */
  left(bucket: Bucket, count?: number): void {
    this.#sent.add(bucket, count);
  }

  /** Count an envelope that came; or several alike. */
  arrived(bucket: Bucket, count?: number): void {
    this.#received.add(bucket, count);
  }

  /** Count a request for a relay's credential; or several. */
  askedForRelay(times = 1): void {
    this.#relayAsks += times;
  }

  /** Take the newest count of the transports. */
  carry(carried: Carried): void {
    this.#carried = carried;
  }

  /**
   * Add what was counted for a call that went on as this one (P9, glare). Of the two only one has
   * media.
   */
  takeOver(other: Meter): void {
    this.#sent.addAll(other.#sent);
    this.#received.addAll(other.#received);
    this.#relayAsks += other.#relayAsks;
  }

  /** Say what was seen. */
  read(course: Course): Reading {
    return [
      ...this.#server(),
      ...this.#relay(),
      ...this.#contact(course),
      ...this.#network(course.seconds),
    ];
  }

  #server(): Reading {
    const observer = "server";
    const counted = (counts: Counts, live: What, stored: What): Fact[] =>
      counts.sorted().map(({ size, durable, count }) => ({
        observer,
        what: durable ? stored : live,
        much: { envelopes: count, size, bytes: count * size },
        lives: durable ? "pick_up" : "delivery",
        basis: "measured",
      }));
    const facts = [
      ...counted(this.#sent, "sent_live", "sent_durable"),
      ...counted(this.#received, "received_live", "received_durable"),
    ];
    if (this.#relayAsks > 0) {
      const much = { times: this.#relayAsks };
      facts.push({ observer, what: "relay_asked", much, lives: "credential", basis: "measured" });
    }
    const known = (what: What, lives: Lives): Fact => ({
      observer,
      what,
      much: {},
      lives,
      basis: "known",
    });
    return [
      ...facts,
      known("device_connected", "connection"),
      known("day_seen", "device"),
      known("times_and_addresses", "connection"),
      known("not_who", "never"),
    ];
  }

  #relay(): Reading {
    const observer = "relay";
    const { relaySent: sent, relayReceived: received, relayS: seconds } = this.#carried;
    if (sent === 0 && received === 0) {
      return [{ observer, what: "no_relay", much: {}, lives: "never", basis: "measured" }];
    }
    const much = { sent, received, seconds };
    return [
      { observer, what: "relayed", much, lives: "call", basis: "measured" },
      { observer, what: "relay_addresses", much: {}, lives: "call", basis: "known" },
    ];
  }

  #contact({ side, video, seconds, answered }: Course): Reading {
    const observer = "contact";
    const lives = "theirs";
    const what = side === "called" ? "you_called" : "you_answered";
    const facts: Fact[] = [
      { observer, what, much: {}, lives, basis: "known" },
      { observer, what: "account_and_device", much: {}, lives, basis: "known" },
    ];
    if (answered) {
      const media = video ? "video" : "voice";
      facts.push({ observer, what: media, much: { seconds }, lives, basis: "measured" });
    }
    facts.push(
      this.#carried.addressTold
        ? { observer, what: "address", much: {}, lives, basis: "measured" }
        : { observer, what: "no_address", much: {}, lives: "never", basis: "measured" },
    );
    return facts;
  }

  #network(seconds: number): Reading {
    const carried = this.#carried;
    const facts: Fact[] = [];
    const seen = (what: What, much: Readonly<Record<string, number>>) => {
      facts.push({ observer: "network", what, much, lives: "theirs", basis: "measured" });
    };
    const [sent, received] = [this.#sent.bytes, this.#received.bytes];
    if (sent > 0 || received > 0) seen("tls_to_server", { sent, received });
    const media = [
      ["media_to_relay", carried.relaySent, carried.relayReceived, carried.relayS],
      ["media_direct", carried.directSent, carried.directReceived, seconds],
    ] as const;
    for (const [what, out, back, lasted] of media) {
      if (out > 0 || back > 0) seen(what, { sent: out, received: back, seconds: lasted });
    }
    const { soundPackets: packets, soundSizes: sizes } = carried;
    if (packets > 0) seen(sizes === 1 ? "sound_one_size" : "sound_sizes", { packets, sizes });
    return facts;
  }
}
