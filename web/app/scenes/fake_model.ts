/** A model that stands still: states for pictures and tests. Never in the product's bundle. */

import type { AppModel, AppState } from "../model.ts";
import type {
  CallActions,
  DeviceActions,
  DoorActions,
  FileActions,
  PeopleActions,
  PushActions,
  WaysIn,
} from "../model_actions.ts";
import type { DataActions } from "../model_data.ts";
import type { GroupCallActions, ShownTile } from "../model_group_call.ts";
import type { GroupActions } from "../model_groups.ts";
import type { HistoryActions } from "../model_history.ts";
import type { MoveActions } from "../model_move.ts";
import { setPrefs } from "../prefs.ts";
import {
  CHECKS,
  DEVICES,
  INVITE,
  NOW,
  NUMBER,
  NUMBER_TEXT,
  PERMISSIONS,
  USES,
  WAYS,
} from "./fixtures.ts";
import { dataOf } from "./fixtures_data.ts";
import { BROUGHT, MADE } from "./fixtures_move.ts";
import { recordingActions } from "./fixtures_recording.ts";

const LINKS = [
  { link: "https://calls.example.org/#call=made-up", expiresAt: NOW + 86_400, once: true },
] as const;

export class FakeModel implements AppModel {
  #state: AppState;
  readonly #listeners = new Set<() => void>();
  readonly ways: WaysIn;
  readonly data: DataActions;

  constructor(state: AppState, ways: WaysIn = WAYS, data: DataActions = dataOf()) {
    this.#state = state;
    this.ways = ways;
    this.data = data;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  snapshot(): AppState {
    return this.#state;
  }

  set(change: Partial<AppState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }

  readonly door: DoorActions = {
    ratePassword: async (password) =>
      password.length < 15
        ? { accepted: false, strength: 1, reasons: ["too_short"] }
        : { accepted: true, strength: 3, reasons: ["longer"] },
    signUp: async () => undefined,
    signInWithPasskey: async () => undefined,
    recoveryNoted: () => undefined,
    signIn: async () => undefined,
    unlock: async () => undefined,
    retry: () => undefined,
    erase: async () => undefined,
  };

  readonly people: PeopleActions = {
    createInvite: async () => INVITE,
    acceptInvite: async () => undefined,
    requestByHandle: async () => undefined,
    approve: async () => undefined,
    decline: async () => undefined,
    forgetAwaited: async () => undefined,
    findable: async () => false,
    setFindable: async () => undefined,
    safetyNumber: async () => ({ groups: NUMBER, text: NUMBER_TEXT }),
    compareCode: async () => "same",
    markVerified: async () => undefined,
    keepIdentity: async () => undefined,
    forget: async () => undefined,
    setBlocked: async () => undefined,
    setRules: async () => undefined,
    sendText: async () => undefined,
    read: () => undefined,
    dismissAlert: () => undefined,
  };

  readonly groups: GroupActions = {
    create: async () => "9a17",
    ask: async () => undefined,
    accept: async () => undefined,
    decline: async () => undefined,
    rename: async () => undefined,
    setPicture: async () => undefined,
    setKeeper: async () => undefined,
    remove: async () => undefined,
    leave: async () => undefined,
    links: async () => LINKS,
    makeLink: async () => LINKS[0],
    withdrawLink: async () => undefined,
    sendText: async () => undefined,
    sendFile: async () => undefined,
    read: () => undefined,
  };

  readonly files: FileActions = {
    send: async () => undefined,
    open: async () => ({ file: new File([], ""), shown: false }),
  };

  readonly devices: DeviceActions = {
    list: async () => DEVICES,
    approve: async () => "",
    revoke: async () => undefined,
    changePassword: async () => undefined,
    waysIn: async () => this.ways,
    addPasskey: async () => "5e07c1",
    removePasskey: async () => undefined,
    setPassphrase: async () => undefined,
    doctor: async (onCheck) => {
      for (const check of CHECKS) onCheck(check);
    },
    permissions: async () => PERMISSIONS,
    uses: () => USES,
    clearUses: async () => undefined,
    use: () => () => undefined,
  };

  readonly history: HistoryActions = {
    mark: async () => undefined,
    remove: async () => undefined,
    removeAll: async () => undefined,
    decide: async () => undefined,
    choose: async () => undefined,
    askToForget: async (_, calls) => calls.length,
    answerWish: async () => 0,
  };

  readonly move: MoveActions = {
    make: async () => MADE,
    check: async () => undefined,
    open: async () => BROUGHT,
    signUp: async () => undefined,
    invite: async () => INVITE,
    message: async (link, words) => ({
      text: words.replace("{origin}", "https://calls.example.org").replace("{link}", link),
    }),
    tell: async () => [],
  };

  readonly recording = recordingActions((how) => {
    const { recording } = this.#state;
    if (recording) this.set({ recording: how(recording) });
  });

  readonly push: PushActions = {
    look: async () => ({ can: "yes", on: false }),
    turnOn: async () => "on",
    turnOff: async () => "off",
    recipients: async () => [],
  };

  readonly calls: CallActions = {
    preview: async () => undefined,
    choose: async () => undefined,
    setEffect: async (effect, on) => setPrefs({ [effect]: on }),
    level: () => 0.45,
    expect: async () => undefined,
    start: async () => undefined,
    accept: async () => undefined,
    decline: async () => undefined,
    hangUp: async () => undefined,
    setMic: async () => undefined,
    setCamera: async () => undefined,
    pickScreen: async () => undefined,
    share: async () => undefined,
    setText: () => undefined,
    write: () => undefined,
    dismiss: () => undefined,
  };

  /** What was looked at last. */
  looked: readonly ShownTile[] = [];

  readonly groupCall: GroupCallActions = {
    start: async () => undefined,
    visit: async () => undefined,
    admit: async () => true,
    refuse: async () => undefined,
    accept: async () => undefined,
    decline: async () => undefined,
    leave: async () => undefined,
    dismiss: () => undefined,
    setMic: async () => undefined,
    setCamera: async () => undefined,
    pickScreen: async () => undefined,
    share: async () => undefined,
    raiseHand: async () => undefined,
    react: async () => undefined,
    askToMute: async () => undefined,
    answerMuteRequest: async () => undefined,
    remove: async () => undefined,
    look: (tiles) => {
      this.looked = tiles;
    },
  };
}
