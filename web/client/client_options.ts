/** Small types of the facade (`client.ts`). */

/** How an invite is made; single use and seven days unless told otherwise. */
export type InviteOptions = Readonly<{ singleUse?: boolean; days?: number }>;

/** How long to wait for somebody's answer, in seconds; 0 unless told otherwise. */
export type WaitOptions = Readonly<{ waitS?: number }>;

/** Counts without content. */
export type Diagnostics = Readonly<{
  /** Envelopes that were dropped, by the reason's code. */
  dropped: ReadonlyMap<string, number>;
  /** Contents that are not with the server yet. */
  waiting: number;
  /** Envelopes that cannot be judged yet. */
  kept: number;
}>;
