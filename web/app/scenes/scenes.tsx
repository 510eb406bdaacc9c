/** Every screen of the app in a state worth looking at, by name. */

import { type ComponentType, lazy, type ReactNode } from "react";
import { Code } from "../../core/codes.ts";
import type { Landing } from "../landing.ts";
import type { AppState, CallView } from "../model.ts";
import type { WaysIn } from "../model_actions.ts";
import type { DataActions } from "../model_data.ts";
import type { Prefs } from "../prefs.ts";
import type { Route } from "../router.ts";
import * as f from "./fixtures.ts";
import { DATA_SCENES } from "./scenes_data.tsx";
import { GROUP_CALL_PRESSED, GROUP_CALL_SCENES } from "./scenes_group_call.tsx";
import { GROUP_PRESSED, GROUP_SCENES } from "./scenes_groups.tsx";
import { HISTORY_PRESSED, HISTORY_SCENES } from "./scenes_history.tsx";
import { MOVE_SCENES } from "./scenes_move.tsx";
import { RECORDING_PRESSED, RECORDING_SCENES } from "./scenes_recording.tsx";
import { painted } from "./streams.ts";

export type Scene = Readonly<{
  state?: Partial<AppState>;
  /** How the account is opened; by password and passkeys without this. */
  ways?: WaysIn;
  /** What the server has; without this, a little of everything. */
  data?: DataActions;
  route?: Route;
  landing?: Landing;
  dir?: "rtl";
  prefs?: Partial<Prefs>;
  /** In place of the whole app. */
  element?: ReactNode;
}>;

const SignIn = lazy(() => import("../screens/sign_in.tsx"));
const SignUp = lazy(() => import("../screens/sign_up.tsx"));
const LinkDevice = lazy(() => import("../screens/link_device.tsx"));
const Push = lazy(() => import("../screens/push.tsx"));
const Recipients = lazy(() => import("../screens/recipients.tsx"));
const Rename = lazy(() => import("../screens/rename.tsx"));
const Call = lazy(() => import("../screens/call.tsx"));
const Thread = lazy(() => import("../screens/thread.tsx"));
const Safety = lazy(() => import("../screens/safety.tsx"));
const Incoming = lazy(() => import("../screens/incoming.tsx"));

/** A screen that is normally inside: with the styles that come with it. */
function inside<P extends object>(Screen: ComponentType<P>, props: P): ReactNode {
  return (
    <div className="shell at-page">
      <main className="panes">
        <div className="pane-list" />
        <div className="pane-page">
          <Screen {...props} />
        </div>
      </main>
    </div>
  );
}

const NONE: Landing = { kind: "none" };
const SIGNUP: Landing = { kind: "signup", link: "https://calls.example.org/signup#AAAA" };
const nothing = () => undefined;

function call(change: Partial<CallView> = {}): CallView {
  return { ...f.CALL, ...change };
}

function pictured(change: Partial<CallView> = {}): CallView {
  return call({ remote: painted("window"), self: painted("desk"), ...change });
}

export const SCENES: Readonly<Record<string, () => Scene>> = {
  starting: () => ({ state: { phase: { kind: "starting" } } }),
  welcome: () => ({ state: { phase: { kind: "welcome" } } }),
  "welcome-invited": () => ({
    state: { phase: { kind: "welcome" } },
    landing: { kind: "invite", link: f.INVITE },
  }),
  "sign-up": () => ({
    state: { phase: { kind: "welcome" } },
    landing: SIGNUP,
  }),
  "sign-up-typed": () => ({
    element: <SignUp landing={SIGNUP} leave={nothing} way="password" />,
  }),
  "sign-up-number": () => ({
    state: { phase: { kind: "welcome" }, passkeys: "address" },
    landing: SIGNUP,
  }),
  "sign-up-no-link": () => ({ element: <SignUp landing={NONE} leave={nothing} /> }),
  recovery: () => ({ state: { phase: { kind: "recovery", code: f.RECOVERY } } }),
  "sign-in": () => ({ element: <SignIn leave={nothing} /> }),
  "sign-in-browser": () => ({
    element: <SignIn leave={nothing} />,
    state: { passkeys: "browser" },
  }),
  "sign-in-code": () => ({ element: <SignIn leave={nothing} how="code" /> }),
  "sign-in-qr": () => ({
    element: <SignIn leave={nothing} step={{ kind: "showLink", link: f.INVITE }} />,
  }),
  "sign-in-digits": () => ({
    element: <SignIn leave={nothing} step={{ kind: "compare", digits: "604218" }} />,
  }),
  locked: () => ({ state: { phase: { kind: "locked", handle: undefined } } }),
  elsewhere: () => ({ state: { phase: { kind: "elsewhere" } } }),
  refused: () => ({ state: { phase: { kind: "refused" } } }),
  "shut-out": () => ({ state: { phase: { kind: "shutOut" } } }),
  broken: () => ({ state: { phase: { kind: "broken", code: Code.MALFORMED } } }),

  "home-empty": () => ({ state: { people: [], threads: new Map() } }),
  home: () => ({}),
  "home-requests": () => ({
    state: { requests: [{ id: "0a1b", name: "pablo.10093", byHandle: false, was: "" }] },
  }),
  "home-offline": () => ({ state: { connection: "offline" } }),
  "home-new-device": () => ({
    state: { alerts: [{ id: "a", at: f.NOW, what: "ownDeviceAdded", device: "b20f7e" }] },
  }),
  "home-renamed": () => ({
    state: {
      alerts: [
        {
          id: "a",
          at: f.NOW,
          what: "ownHandleChanged",
          device: undefined,
          names: { was: "anna.48213", name: "maria.10077" },
        },
      ],
    },
  }),
  "thread-renamed": () => ({
    route: { at: "thread", id: f.MIRA.id },
    state: { threads: new Map(f.THREADS).set(f.MIRA.id, f.RENAMED) },
  }),
  thread: () => ({ route: { at: "thread", id: f.MIRA.id } }),
  "thread-unread": () => ({ route: { at: "thread", id: f.JONAS.id } }),
  "thread-changed": () => ({ route: { at: "thread", id: f.TOMAS.id } }),
  "thread-sending": () => ({
    element: inside(Thread, {
      id: f.MIRA.id,
      going: { name: "IMG_2041.jpg", step: { sending: true, part: undefined } },
    }),
  }),
  "thread-sealing": () => ({
    element: inside(Thread, {
      id: f.MIRA.id,
      going: { name: "IMG_2041.jpg", step: { sending: false, part: 0.4 } },
    }),
  }),
  "thread-hostile": () => ({
    state: { people: [f.HOSTILE, f.IMPOSTOR, ...f.PEOPLE] },
    route: { at: "thread", id: f.HOSTILE.id },
  }),
  "thread-rtl": () => ({
    state: { people: [f.LEYLA, ...f.PEOPLE] },
    route: { at: "thread", id: f.LEYLA.id },
    dir: "rtl",
  }),
  person: () => ({ route: { at: "person", id: f.MIRA.id } }),
  "person-rules": () => {
    const hours = [{ days: [0, 1, 2, 3, 4], start: 480, end: 1260 }];
    const mira = {
      ...f.MIRA,
      rules: {
        calls: "voice" as const,
        hours,
        seesRinging: true,
        direct: true,
        keepsHours: undefined,
      },
    };
    return { state: { people: [mira] }, route: { at: "person", id: mira.id } };
  },
  "person-blocked": () => {
    const jonas = { ...f.JONAS, state: "blocked" as const };
    return { state: { people: [jonas] }, route: { at: "person", id: jonas.id } };
  },
  "person-look-alike": () => ({
    state: { people: [f.IMPOSTOR, ...f.PEOPLE] },
    route: { at: "person", id: f.IMPOSTOR.id },
  }),
  safety: () => ({ route: { at: "safety", id: f.JONAS.id } }),
  "safety-compared": () => ({ route: { at: "safety", id: f.MIRA.id } }),
  "safety-scan": () => ({ element: inside(Safety, { id: f.JONAS.id, shown: "scan" as const }) }),
  "safety-alarm": () => ({
    element: inside(Safety, { id: f.JONAS.id, shown: "differs" as const }),
  }),
  "safety-match": () => ({ element: inside(Safety, { id: f.MIRA.id, shown: "same" as const }) }),
  add: () => ({ route: { at: "add" } }),
  invite: () => ({ route: { at: "invite" } }),
  join: () => ({ route: { at: "join", link: f.INVITE } }),
  "join-paste": () => ({ route: { at: "join", link: "" } }),
  scan: () => ({ route: { at: "scan" } }),
  handle: () => ({ route: { at: "handle" } }),
  requests: () => ({
    route: { at: "requests" },
    state: {
      requests: [
        { id: "0a1b", name: "pablo.10093", byHandle: false, was: "" },
        { id: "9586", name: "mіra.20417~9f0c22ab71de", byHandle: true, was: "" },
      ],
    },
  }),
  "requests-moved": () => ({
    route: { at: "requests" },
    state: {
      people: [],
      threads: new Map(),
      awaited: [f.GRANDMA_AWAITED],
      requests: [
        { id: f.GRANDMA.id, name: "rosa.55102", byHandle: false, was: f.GRANDMA.name },
        { id: "9586", name: `${f.GRANDMA.name}~9f0c22ab71de`, byHandle: false, was: "" },
      ],
    },
  }),
  devices: () => ({ route: { at: "devices" } }),
  "link-device": () => ({ route: { at: "link", link: "" } }),
  "link-device-digits": () => ({ element: inside(LinkDevice, { link: "", shown: "604218" }) }),
  settings: () => ({ route: { at: "settings" } }),
  "settings-rtl": () => ({ route: { at: "settings" }, dir: "rtl" }),
  push: () => ({ route: { at: "push" } }),
  "push-on": () => ({ element: inside(Push, { first: { standing: { can: "yes", on: true } } }) }),
  "push-denied": () => ({
    element: inside(Push, {
      first: { standing: { can: "yes", on: false }, outcome: "denied" },
    }),
  }),
  "push-refused": () => ({
    element: inside(Push, {
      first: { standing: { can: "yes", on: false }, outcome: "refused" },
    }),
  }),
  "push-no-server": () => ({
    element: inside(Push, { first: { standing: { can: "server", on: false } } }),
  }),
  "push-no-browser": () => ({
    element: inside(Push, { first: { standing: { can: "browser", on: false } } }),
  }),
  recipients: () => ({ route: { at: "recipients" } }),
  limits: () => ({ route: { at: "limits" } }),
  "recipients-push": () => ({ element: inside(Recipients, { first: f.RECIPIENTS }) }),
  password: () => ({ route: { at: "password" } }),
  "password-first": () => ({ route: { at: "password" }, ways: f.PASSKEYS_ONLY }),
  rename: () => ({ route: { at: "rename" } }),
  "rename-prove": () => ({ element: inside(Rename, { first: "prove" as const }) }),
  "rename-passkey": () => ({
    element: inside(Rename, { first: "prove" as const }),
    ways: f.PASSKEYS_ONLY,
  }),
  "rename-done": () => ({ element: inside(Rename, { first: "done" as const }) }),
  passkeys: () => ({ route: { at: "passkeys" } }),
  "passkeys-only": () => ({ route: { at: "passkeys" }, ways: f.PASSKEYS_ONLY }),
  "passkeys-none": () => ({
    route: { at: "passkeys" },
    state: { passkeys: "address" },
    ways: { password: true, passkeys: [] },
  }),
  "devices-passkey": () => ({ route: { at: "devices" }, ways: f.PASSKEYS_ONLY }),
  passphrase: () => ({ route: { at: "passphrase" } }),
  doctor: () => ({ route: { at: "doctor" } }),
  permissions: () => ({ route: { at: "permissions" } }),
  hacked: () => ({ route: { at: "hacked" } }),

  ...GROUP_SCENES,
  ...DATA_SCENES,
  ...MOVE_SCENES,
  ...HISTORY_SCENES,
  ...GROUP_CALL_SCENES,
  ...RECORDING_SCENES,

  preview: () => ({ route: { at: "preview", id: f.MIRA.id, media: "video" } }),
  "preview-on": () => ({
    route: { at: "preview", id: f.MIRA.id, media: "video" },
    state: { desk: { ...f.DESK, cameraOn: true, stream: painted("desk") } },
  }),
  "preview-blurred": () => ({
    route: { at: "preview", id: f.MIRA.id, media: "video" },
    state: {
      desk: { ...f.DESK, cameraOn: true, stream: painted("desk"), blur: "starting", noise: "on" },
    },
    prefs: { blur: true, noise: true },
  }),
  "preview-not-blurred": () => ({
    route: { at: "preview", id: f.JONAS.id, media: "video" },
    state: { desk: { ...f.DESK, cameraTrouble: "blur", noise: "failed" } },
    prefs: { blur: true, noise: true },
  }),
  "preview-voice-denied": () => ({
    route: { at: "preview", id: f.MIRA.id, media: "voice" },
    state: { desk: { ...f.DESK, micOn: false, micTrouble: "denied" } },
  }),
  incoming: () => ({
    state: { incoming: { person: f.MIRA, media: "video", firstCall: false, confidential: false } },
  }),
  "incoming-first": () => ({
    state: { incoming: { person: f.JONAS, media: "voice", firstCall: true, confidential: false } },
  }),
  "incoming-confidential": () => ({
    state: { incoming: { person: f.MIRA, media: "video", firstCall: false, confidential: true } },
  }),
  "incoming-look-alike": () => ({
    state: {
      people: [f.IMPOSTOR, ...f.PEOPLE],
      incoming: { person: f.IMPOSTOR, media: "video", firstCall: true, confidential: false },
    },
  }),
  "incoming-words": () => ({
    element: (
      <Incoming
        incoming={{ person: f.MIRA, media: "video", firstCall: false, confidential: false }}
        writing
      />
    ),
  }),
  "call-calling": () => ({
    state: { call: call({ state: "calling", remotePicture: false, self: painted("desk") }) },
  }),
  "call-connecting": () => ({
    state: { call: call({ state: "connecting", remotePicture: false, self: painted("desk") }) },
  }),
  call: () => ({ state: { call: pictured() } }),
  "call-poor": () => ({
    state: { call: pictured({ quality: "poor", rttMs: 840, micOn: false, cameraOn: false }) },
  }),
  "call-not-blurred": () => ({
    state: {
      call: pictured({ quality: "fair", cameraOn: false, self: undefined }),
      desk: { ...f.DESK, cameraTrouble: "blur" },
    },
  }),
  "call-devices-gone": () => ({
    state: {
      call: pictured({ micOn: false, cameraOn: false }),
      desk: { ...f.DESK, micOn: false, micTrouble: "gone", cameraTrouble: "gone" },
    },
  }),
  "call-sharing": () => ({ state: { call: pictured({ sharing: true, self: painted("screen") }) } }),
  "call-voice": () => ({
    state: {
      call: call({ media: "voice", person: f.ELIF, remotePicture: false, cameraOn: false }),
    },
  }),
  "call-text": () => ({ state: { call: pictured({ text: f.TEXT }) } }),
  "call-text-voice": () => ({
    state: {
      call: call({
        media: "voice",
        person: f.ELIF,
        remotePicture: false,
        cameraOn: false,
        text: { ...f.TEXT, isOpenThere: false, own: "" },
      }),
    },
  }),
  "call-text-empty": () => ({
    state: {
      call: call({
        state: "connecting",
        remotePicture: false,
        text: { ...f.NO_TEXT, isOpen: true },
      }),
    },
  }),
  "call-text-unread": () => ({
    state: { call: pictured({ text: { ...f.TEXT, isOpen: false } }) },
  }),
  "call-reconnecting": () => ({
    state: { call: pictured({ state: "reconnecting", path: "none", rttMs: undefined }) },
  }),
  "call-more": () => ({
    element: <Call call={pictured()} onChat={nothing} panel="more" />,
  }),
  "call-devices": () => ({
    element: <Call call={pictured()} onChat={nothing} panel="devices" />,
  }),
  "call-security": () => ({
    element: <Call call={pictured()} onChat={nothing} panel="security" />,
  }),
  "call-keys": () => ({ element: <Call call={pictured()} onChat={nothing} panel="keys" /> }),
  "call-share": () => ({ element: <Call call={pictured()} onChat={nothing} panel="share" /> }),
  "call-ringing-there": () => ({
    state: { call: call({ state: "calling", ringsThere: true, remotePicture: false }) },
  }),
  "call-direct": () => ({ state: { call: pictured({ path: "direct", rttMs: 12 }) } }),
  "call-key-changed": () => ({
    state: { call: call({ state: "ended", person: f.TOMAS, end: "key_changed", seconds: 95 }) },
  }),
  "call-ended": () => ({
    state: { call: call({ state: "ended", end: "hung_up", meter: f.METER }) },
  }),
  "call-no-answer": () => ({
    state: { call: call({ state: "ended", end: "no_answer", seconds: 0 }) },
  }),
  "call-no-relay": () => ({
    state: {
      call: call({ state: "ended", end: "failed", endCode: Code.NO_RELAY, seconds: 0 }),
    },
  }),
};

/** A question that opens only when something is pressed, by the name of what is pressed. */
export const PRESSED: Readonly<Record<string, readonly [scene: string, button: string]>> = {
  ...GROUP_PRESSED,
  ...HISTORY_PRESSED,
  ...GROUP_CALL_PRESSED,
  ...RECORDING_PRESSED,
  "key-change-alarm": ["thread-changed", "Decide"],
  "device-revoke": ["devices", "Shut out"],
  "forget-contact": ["person", "Remove contact"],
  "block-contact": ["person", "Block"],
  "sign-up-password": ["sign-up-typed", ""],
  "passkey-add": ["passkeys", "Add a passkey"],
  "passkey-remove": ["passkeys-only", "Remove"],
  "device-revoke-passkey": ["devices-passkey", "Shut out"],
  "call-meter": ["call-ended", "What others could see of this call"],
};
