/** The product's screens with plain calls behind them: see `plain_service.ts`. */

import { createRoot } from "react-dom/client";
import "../../../app/scenes/styles.ts";
import { App } from "../../../app/app.tsx";
import { LiveCalls } from "../../../app/live_calls.ts";
import { EMPTY_DESK, LiveDesk } from "../../../app/live_desk.ts";
import type { CallActions } from "../../../app/model_actions.ts";
import { ModelProvider } from "../../../app/model_hooks.tsx";
import { startRouter } from "../../../app/router.ts";
import { FakeModel } from "../../../app/scenes/fake_model.ts";
import { MIRA, MIRA_THREAD, STATE } from "../../../app/scenes/fixtures.ts";
import type { Client } from "../../../client/client.ts";
import { hex } from "../../../core/bytes.ts";
import { AccountId } from "../../../core/ids.ts";
import { PlainService } from "./plain_service.ts";

const ACCOUNT = new AccountId(new Uint8Array(AccountId.LENGTH).fill(0x5a));
const THEM = { ...MIRA, id: hex(ACCOUNT) };

/** A model whose calls are real and plain. */
class PlainModel extends FakeModel {
  override readonly calls: CallActions;

  constructor(service: PlainService) {
    const threads = new Map([[THEM.id, MIRA_THREAD]]);
    super({ ...STATE, people: [THEM], threads, desk: EMPTY_DESK });
    const client = {
      callService: async () => service,
      contacts: () => [{ key: THEM.id, account: ACCOUNT }],
      takeLeftCall: async () => undefined,
      keepCall: async () => undefined,
    };
    const desk = new LiveDesk(
      (now) => {
        this.set({ desk: now });
        calls.refresh();
      },
      () => undefined,
    );
    const calls = new LiveCalls({
      client: () => client as unknown as Client,
      desk,
      person: (id) => (id === THEM.id ? THEM : undefined),
      calledBefore: () => true,
      show: (call) => this.set({ call }),
      recording: () => undefined,
      ring: (incoming) => this.set({ incoming }),
      comeBackInGroup: async () => undefined,
    });
    this.calls = calls;
    void calls.listen(new AbortController().signal);
  }
}

async function start(): Promise<void> {
  const place = document.getElementById("root");
  const url = new URLSearchParams(location.search).get("socket");
  if (place === null || url === null) throw new Error("no place, or no server");
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  await new Promise<void>((resolve) => {
    socket.onopen = () => resolve();
  });
  const service = new PlainService(socket, ACCOUNT);
  Object.assign(globalThis, { plainService: service });
  startRouter({ at: "thread", id: THEM.id });
  createRoot(place).render(
    <ModelProvider model={new PlainModel(service)}>
      <App landing={{ kind: "none" }} />
    </ModelProvider>,
  );
}

void start();
