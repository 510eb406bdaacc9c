/** One call at a time, as screens see it: views made of the client's `Call`, and what they ask for. */

import type { Call } from "../client/call_objects.ts";
import type { Client } from "../client/client.ts";
import type { IncomingCall } from "../client/incoming_call.ts";
import type { LeftGroupCall } from "../client/left_group_call.ts";
import type { CallRecording } from "../client/recording_objects.ts";
import { hex } from "../core/bytes.ts";
import { Code, UnavailableError, UsageError } from "../core/errors.ts";
import type { RemoteMedia } from "../media/interfaces.ts";
import { type Shown, stateOf, statsOf, viewOf } from "./live_call_view.ts";
import type { LiveDesk } from "./live_desk.ts";
import {
  COME_BACK_MS,
  KEEP_AFTER_MS,
  Keeper,
  leftCallOf,
  noteLeaving,
  wasLeftJustNow,
} from "./live_return.ts";
import type { CallState, CallView, Effect, Incoming, Media, PersonId } from "./model.ts";
import type { CallActions, CallKind } from "./model_actions.ts";
import { prefs, setPrefs } from "./prefs.ts";
import { flowOf, NO_FLOW } from "./quality.ts";

/** What the calls need of the model around them. */
export interface CallHost {
  client(): Client;
  desk: LiveDesk;
  person(id: PersonId): CallView["person"] | undefined;
  /** They had a call before, as far as this device knows. */
  calledBefore(id: PersonId): boolean;
  show(view: CallView | undefined): void;
  /** Told with each drawing who asks to record the call that is on the screen. */
  recording(recording: CallRecording | undefined): void;
  ring(incoming: Incoming | undefined): void;
  /** The page was in a call of a group. */
  comeBackInGroup(left: LeftGroupCall): Promise<void>;
}

const LOOK_MS = 1000;
/** While a call comes to stand much changes at once: it is drawn together. */
const DRAW_MS = 40;
/** Until it stands, what is measured and agreed on shows nowhere at once, and drawing it takes time from that. */
const DRAW_SELDOM_MS = 300;
/** The first word goes before the drawing, which takes longer; but a person sees that it goes on. */
const FIRST_MS = 500;

export class LiveCalls implements CallActions {
  readonly #host: CallHost;
  #shown: Shown | undefined;
  #ringing: IncomingCall | undefined;
  #drawing: ReturnType<typeof setTimeout> | undefined;
  #drawingLater: ReturnType<typeof setTimeout> | undefined;
  #drawn: CallState | undefined;
  readonly #keeper = new Keeper(async (left) => this.#host.client().keepCall(left));

  constructor(host: CallHost) {
    this.#host = host;
    noteLeaving(() => {
      const shown = this.#shown;
      return shown !== undefined && this.#keeper.has(leftCallOf(shown, host.desk.desk));
    });
  }

  /** Let calls ring here until the signal ends it. */
  async listen(signal: AbortSignal): Promise<void> {
    // Beside listening: a browser may ask for the microphone first.
    void this.#comeBack().catch((error: unknown) => {
      if (!signal.aborted) reportError(error);
    });
    const service = await this.#host.client().callService();
    for await (const ringing of service.incoming(signal)) this.#rings(ringing);
  }

  /** Go on with the call that a reload of this page interrupted. */
  async #comeBack(): Promise<void> {
    const client = this.#host.client();
    const isRecent = wasLeftJustNow();
    const left = await client.takeLeftCall({ isRecent });
    if (left === undefined || !isRecent) return;
    if ("group" in left) return await this.#host.comeBackInGroup(left);
    if (this.#host.person(hex(left.contact)) === undefined) return;
    const { contact, call: again, noted, media, outgoing, since } = left;
    // As it was, and before there is a call: nothing is heard of somebody who was muted.
    await this.#host.desk.set({ camera: left.camera, microphone: true });
    if (!left.microphone) await this.#host.desk.setMic(false);
    const service = await client.callService();
    const { remote, show } = this.#screen();
    const local = this.#host.desk.lend(media);
    const terms = { local, remote, again, noted };
    const call = await service.call(contact, media, terms);
    if (left.recorded) call.recording.noteRecorded();
    show(call, hex(contact), media, outgoing, since);
    setTimeout(() => {
      if (this.#shown?.call === call && this.#shown.comingBack) void call.hangUp();
    }, COME_BACK_MS);
  }

  #rings(ringing: IncomingCall): void {
    const id = hex(ringing.contact);
    const person = this.#host.person(id);
    if (!ringing.isRinging || person === undefined) return;
    this.#ringing = ringing;
    const firstCall = !this.#host.calledBefore(id);
    const { media, confidential } = ringing;
    this.#host.ring({ person, media, firstCall, confidential });
    void ringing.ended().then(() => this.#stopRinging(ringing));
  }

  #stopRinging(ringing: IncomingCall): void {
    if (this.#ringing !== ringing) return;
    this.#ringing = undefined;
    this.#host.ring(undefined);
  }

  async preview(wanted: { camera?: boolean; microphone?: boolean } | undefined): Promise<void> {
    if (wanted === undefined) this.#host.desk.leave();
    else await this.#host.desk.set(wanted);
  }

  async choose(kind: "camera" | "microphone" | "speaker", id: string): Promise<void> {
    await this.#host.desk.choose(kind, id);
  }

  async setEffect(effect: Effect, on: boolean): Promise<void> {
    setPrefs({ [effect]: on });
    await this.#host.desk.follow(effect);
  }

  level(): number {
    return this.#host.desk.level();
  }

  async expect(wanted: { media: Media; confidential: boolean } | undefined): Promise<void> {
    const service = await this.#host.client().callService();
    service.expectCall(wanted);
  }

  async start(id: PersonId, media: Media, how: CallKind): Promise<void> {
    const client = this.#host.client();
    const contact = client.contacts().find((one) => one.key === id);
    if (contact === undefined) throw new UnavailableError(Code.UNKNOWN_CONTACT);
    // Before anything rings there: a call in which nobody hears the caller is none.
    await this.#host.desk.needMicrophone();
    const service = await client.callService();
    const { remote, show } = this.#screen();
    const local = this.#host.desk.lend(media);
    const terms = { confidential: how === "confidential", leaveNoTrace: how === "traceless" };
    const call = await service.call(contact.account, media, { local, remote, ...terms });
    await firstWord(call);
    show(call, id, media, true);
  }

  async accept(media: Media): Promise<void> {
    const ringing = this.#ringing;
    if (ringing === undefined) throw new UnavailableError(Code.NO_ANSWER);
    const { desk } = this.#host;
    ringing.expectAccept();
    // Without a microphone it goes on ringing, and no camera is on meanwhile.
    await desk.needMicrophone();
    // Accepting with video is wanting the camera; without one the call goes on all the same.
    const wanted = { camera: media === "video", microphone: true };
    const opening = desk.set(wanted);
    // A question of the browser may stand for long; until it is answered it goes on ringing.
    if (!(await desk.isAllowed(wanted))) await opening;
    const { remote, show } = this.#screen();
    const local = desk.lend(media);
    const call = await ringing.accept({ local, remote, media });
    await firstWord(call);
    this.#stopRinging(ringing);
    show(call, hex(ringing.contact), media, false);
  }

  async decline(words?: string): Promise<void> {
    const ringing = this.#ringing;
    if (ringing === undefined) return;
    await ringing.decline();
    this.#stopRinging(ringing);
    const client = this.#host.client();
    const contact = client.contacts().find((one) => one.key === hex(ringing.contact));
    if (words && contact) await client.sendMessage(contact, words);
  }

  async hangUp(): Promise<void> {
    await this.#shown?.call.hangUp();
  }

  async setMic(on: boolean): Promise<void> {
    await this.#host.desk.setMic(on);
    this.refresh();
  }

  async setCamera(on: boolean): Promise<void> {
    try {
      await this.#host.desk.setCamera(on);
    } finally {
      this.refresh();
    }
  }

  async pickScreen(): Promise<MediaStream | undefined> {
    return await this.#host.desk.pickScreen();
  }

  async share(stream: MediaStream | undefined): Promise<void> {
    this.#host.desk.share(stream);
    this.refresh();
  }

  setText(open: boolean): void {
    const { text, state } = this.#shown?.call ?? {};
    if (text === undefined || state === "ended") return;
    if (open) text.open();
    else text.close();
  }

  write(line: string): void {
    try {
      this.#shown?.call.text.rewrite(line);
    } catch (error) {
      // Too much waits, or the call has just ended: the field shows what holds.
      if (!(error instanceof UsageError)) throw error;
    }
    // At once: until the field is drawn with a letter it goes back to what it held before, and the
    // next key would be added to that.
    this.#draw();
  }

  dismiss(): void {
    if (this.#shown?.call.state !== "ended") return;
    this.#shown.stop();
    this.#shown = undefined;
    this.#host.recording(undefined);
    this.#host.show(undefined);
  }

  /** Show the call as it is, soon; also after a change of the desk. */
  refresh(): void {
    this.#drawing ??= setTimeout(() => this.#draw(), DRAW_MS);
  }

  /** Show what is new about the call; while it comes to stand, only a new state is shown soon. */
  #follow(shown: Shown): void {
    if (stateOf(shown) !== this.#drawn || this.#drawn !== "connecting") this.refresh();
    else this.#drawingLater ??= setTimeout(() => this.#draw(), DRAW_SELDOM_MS);
  }

  #draw(): void {
    clearTimeout(this.#drawing);
    clearTimeout(this.#drawingLater);
    this.#drawing = this.#drawingLater = undefined;
    const shown = this.#shown;
    if (shown === undefined) return;
    const { call } = shown;
    if (call.state === "in_call") {
      shown.connectedAt ??= Date.now();
      shown.comingBack = false;
    }
    this.#keep(shown);
    const state = stateOf(shown);
    this.#drawn = state;
    if (state !== "ended" && state !== "calling") shown.media = call.media;
    const person = this.#host.person(shown.id);
    if (person !== undefined) this.#host.show(viewOf(shown, person, this.#host.desk));
    this.#host.recording(state === "ended" ? undefined : call.recording);
  }

  /** Return where the other side goes, and how the call is put on the screen once there is one. */
  #screen() {
    let stream: MediaStream | undefined;
    let shown: Shown | undefined;
    const remote: RemoteMedia = {
      onStream: (found) => {
        stream = found;
        if (shown) shown.remote = found;
        this.refresh();
      },
      close: () => {
        stream = undefined;
        if (shown) shown.remote = undefined;
        this.refresh();
      },
    };
    const show = (
      call: Call,
      id: PersonId,
      media: Media,
      outgoing: boolean,
      since: number | undefined = undefined,
    ) => {
      const unsubscribe = call.subscribe(() => {
        this.#followText();
        if (shown !== undefined) this.#follow(shown);
      });
      const timer = setInterval(() => this.#look(), LOOK_MS);
      const stop = () => {
        unsubscribe();
        clearInterval(timer);
      };
      const comingBack = since !== undefined;
      const fresh = {
        connectedAt: since,
        comingBack,
        flow: NO_FLOW,
        flows: false,
        textThere: false,
      };
      shown = { call, id, outgoing, media, remote: stream, stop, ...fresh };
      this.#shown = shown;
      if (prefs().text) call.text.open();
      this.#draw();
      void call.ended().then(() => this.#over(shown));
      const flows = () => {
        if (shown === undefined) return;
        shown.flows = true;
        this.#keep(shown);
      };
      void call.firstFrame().then(flows, () => undefined);
    };
    return { remote, show };
  }

  /** What the other person opens opens here too, once; whoever closes it again keeps it closed. */
  #followText(): void {
    const shown = this.#shown;
    if (shown === undefined) return;
    const { isOpenThere } = shown.call.text.view;
    const opened = isOpenThere && !shown.textThere;
    shown.textThere = isOpenThere;
    if (opened) shown.call.text.open();
  }

  /** Keep which call this is, for as long as it is talked in. */
  #keep(shown: Shown): void {
    const left = leftCallOf(shown, this.#host.desk.desk);
    const isYoung = left !== undefined && Date.now() - left.since < KEEP_AFTER_MS;
    if (isYoung && !shown.flows) return; // drawn again soon
    this.#keeper.keep(left);
  }

  #look(): void {
    const shown = this.#shown;
    if (shown === undefined) return;
    const stats = statsOf(shown.call);
    if (stats) shown.flow = flowOf(shown.flow, stats, Date.now());
    this.refresh();
  }

  #over(shown: Shown | undefined): void {
    if (shown === undefined) return;
    shown.stop();
    if (this.#shown === shown) this.#draw();
  }
}

function firstWord(call: Call): Promise<void> {
  return Promise.race([call.said(), new Promise<void>((resolve) => setTimeout(resolve, FIRST_MS))]);
}
