/** How components reach the model: one context, and parts of its snapshot that re-render on change. */

import { createContext, type ReactNode, useContext, useSyncExternalStore } from "react";
import { UsageError } from "../core/errors.ts";
import type { AppModel, AppState, Feature, Person, PersonId, Thread } from "./model.ts";
import type { GroupKey, GroupView } from "./model_groups.ts";
import type { RecordingActions, RecordingState, RecordingView } from "./model_recording.ts";

const Context = createContext<AppModel | undefined>(undefined);

export function ModelProvider({ model, children }: { model: AppModel; children: ReactNode }) {
  return <Context value={model}>{children}</Context>;
}

export function useModel(): AppModel {
  const model = useContext(Context);
  if (model === undefined) throw new UsageError("no model around this component");
  return model;
}

/** Read a part of the state. `pick` must return the same object while nothing in it changed. */
export function useAppState<T>(pick: (state: AppState) => T): T {
  const model = useModel();
  const read = () => pick(model.snapshot());
  return useSyncExternalStore((listener) => model.subscribe(listener), read, read);
}

export function usePerson(id: PersonId): Person | undefined {
  return useAppState((state) => state.people.find((person) => person.id === id));
}

export function useGroup(id: GroupKey): GroupView | undefined {
  return useAppState((state) => state.groups.all.find((group) => group.id === id));
}

const NO_ENTRIES: Thread = { entries: [], unread: 0 };

export function useThread(id: PersonId): Thread {
  return useAppState((state) => state.threads.get(id) ?? NO_ENTRIES);
}

export function useSupports(feature: Feature): boolean {
  return useAppState((state) => !state.unsupported.has(feature));
}

/** Say whether this device is in a call, or at the end of one: of two, or of a group. */
export function useInCall(): boolean {
  return useAppState((state) => state.call !== undefined || state.groupCall !== undefined);
}

/** Recording, as far as this client has to do with it. */
export function useRecording(): RecordingState | undefined {
  return useAppState((state) => state.recording);
}

/** Recording in the call that goes on. */
export function useCallRecording(): RecordingView | undefined {
  return useAppState((state) => state.recording?.call);
}

/** What can be asked of it; only screens that found a `recording` in the state use it. */
export function useRecordingActions(): RecordingActions {
  const { recording } = useModel();
  if (recording === undefined) throw new UsageError("no recording in this client");
  return recording;
}
