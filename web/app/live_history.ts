/** The history of calls of the client, as screens see it and ask of it. */

import type { Client } from "../client/client.ts";
import { hex } from "../core/bytes.ts";
import type { Entry } from "../core/call_entry.ts";
import type { Settings } from "../core/content_records.ts";
import type { AccountId } from "../core/ids.ts";
import type { LiveModel } from "./live_model.ts";
import type { PersonId } from "./model.ts";
import type { CallHistory, HistoryActions, Wish } from "./model_history.ts";

/** Before there is a profile: nothing is kept. */
export const NO_HISTORY: CallHistory = {
  entries: [],
  settings: {
    ...{ keep: 0, details: false, sync: false, trace: false },
    ...{ count: 0, device: null, neverRecord: false },
  },
  wishes: [],
};

/**
 * The client's history as it is at a change. Each part is asked for when a screen reads it: decoding
 * 100,000 calls must not hold up the start.
 */
class ClientHistory implements CallHistory {
  readonly #client: Client;
  #wishes: readonly Wish[] | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  get entries(): readonly Entry[] {
    return this.#client.callHistory();
  }

  get settings(): Settings {
    return this.#client.settings();
  }

  get wishes(): readonly Wish[] {
    this.#wishes ??= wishesOf(this.#client.wishes());
    return this.#wishes;
  }
}

/** Show the history, and each change of it, until the signal ends that. */
export function followHistory(
  client: Client,
  show: (history: CallHistory) => void,
  signal: AbortSignal,
): void {
  show(new ClientHistory(client));
  const stop = client.onCalls(() => show(new ClientHistory(client)));
  signal.addEventListener("abort", () => {
    stop();
    show(NO_HISTORY); // nobody asks a client that is closed
  });
}

/** Return how many calls each contact wishes deleted. */
export function wishesOf(wishes: ReadonlyMap<string, AccountId>): readonly Wish[] {
  const calls = new Map<PersonId, number>();
  for (const account of wishes.values()) {
    const person = hex(account);
    calls.set(person, (calls.get(person) ?? 0) + 1);
  }
  return [...calls].map(([person, count]) => ({ person, calls: count }));
}

export function historyActions(model: LiveModel): HistoryActions {
  return {
    mark: (call, change) => model.client().markCall(call, change),
    remove: (calls) => model.client().deleteCalls(calls),
    removeAll: () => model.client().deleteAllCalls(),
    async decide(choices) {
      await model.client().setSettings(choices);
    },
    async choose(preset) {
      await model.client().choosePreset(preset);
    },
    askToForget: (id, calls) => model.client().askToForget(model.contact(id), calls),
    answerWish: (id, remove) => model.client().answerWish(model.contact(id), { delete: remove }),
  };
}
