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
import { setPrefs } from "../prefs.ts";
import {
  CHECKS,
  DEVICES,
  INVITE,
  NUMBER,
  NUMBER_TEXT,
  PERMISSIONS,
  USES,
  WAYS,
} from "./fixtures.ts";

export class FakeModel implements AppModel {
  #state: AppState;
  readonly #listeners = new Set<() => void>();
  readonly ways: WaysIn;

  constructor(state: AppState, ways: WaysIn = WAYS) {
    this.#state = state;
    this.ways = ways;
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
}
