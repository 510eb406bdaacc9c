/**
 * Group calls in pages: what screens can ask for, loaded once somebody asks or could be rung.
 *
 * Not for: what is done then (`live_group_calling.ts`).
 */

import type { LeftGroupCall } from "../client/left_group_call.ts";
import type { GroupCallHost, LiveGroupCalls } from "./live_group_calling.ts";
import type { GroupCallActions } from "./model_group_call.ts";

/** `GroupCallActions` of a page, and what the model tells them. */
export type GroupCallsLater = GroupCallActions &
  Readonly<{
    /** Let group calls ring here until the signal ends it. */
    listen(signal: AbortSignal): Promise<void>;
    /** Come back into the call that a reload of this page interrupted, if it goes on. */
    comeBack(left: LeftGroupCall): Promise<void>;
    /** The desk changed. */
    refresh(): void;
  }>;

/** Return what screens can ask for. */
export function groupCallActions(host: GroupCallHost): GroupCallsLater {
  let loading: Promise<LiveGroupCalls> | undefined;
  let loaded: LiveGroupCalls | undefined;
  const load = () => {
    loading ??= import("./live_group_calling.ts").then(
      (module) => {
        loaded = new module.LiveGroupCalls(host);
        return loaded;
      },
      (error) => {
        loading = undefined;
        throw error;
      },
    );
    return loading;
  };
  return {
    listen: async (signal) => (await load()).listen(signal),
    comeBack: async (left) => (await load()).comeBack(left),
    start: async (group, media) => (await load()).start(group, media),
    visit: async (link, name, media) => (await load()).visit(link, name, media),
    admit: async (id) => (await load()).admit(id),
    refuse: async (id) => (await load()).refuse(id),
    accept: async (media) => (await load()).accept(media),
    decline: async () => (await load()).decline(),
    leave: async () => (await load()).leave(),
    dismiss: () => loaded?.dismiss(),
    setMic: async (on) => (await load()).setMic(on),
    setCamera: async (on) => (await load()).setCamera(on),
    pickScreen: async () => (await load()).pickScreen(),
    share: async (stream) => (await load()).share(stream),
    raiseHand: async (on) => (await load()).raiseHand(on),
    react: async (kind) => (await load()).react(kind),
    askToMute: async (member) => (await load()).askToMute(member),
    answerMuteRequest: async (mute) => (await load()).answerMuteRequest(mute),
    remove: async (member) => (await load()).remove(member),
    look: (tiles) => loaded?.look(tiles),
    refresh: () => loaded?.refresh(),
  };
}
