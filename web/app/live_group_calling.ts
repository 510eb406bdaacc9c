/** Group calls, one at a time, as screens ask for them. Not for: what one looks like (`live_group_call.ts`). */

import type { Client } from "../client/client.ts";
import type { PeopleGroup } from "../client/group_actions.ts";
import type { IncomingGroupCall } from "../client/group_call_incoming.ts";
import type { GroupCall } from "../client/group_call_objects.ts";
import type { GuestState } from "../client/guest.ts";
import type { LeftGroupCall } from "../client/left_group_call.ts";
import type { CallRecording } from "../client/recording_objects.ts";
import { hex } from "../core/bytes.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import type { LiveDesk } from "./live_desk.ts";
import { ShownGroupCall, type ShownGroupCallParts } from "./live_group_call.ts";
import { MemberStreams } from "./live_group_streams.ts";
import { KEEP_AFTER_MS, Keeper, leftGroupCallOf, noteLeaving } from "./live_return.ts";
import type { Media, Person, PersonId } from "./model.ts";
import type {
  GroupCallActions,
  GroupCallView,
  GuestStage,
  IncomingGroup,
  MemberAtPlace,
  ReactionKind,
  ShownTile,
} from "./model_group_call.ts";

const STAGES: Readonly<Record<GuestState, GuestStage | undefined>> = {
  nobody: "nobody",
  waiting: "waiting",
  coming: "coming",
  inside: undefined,
  over: undefined,
};

/** What group calls need of the model around them. */
export interface GroupCallHost {
  client(): Client;
  desk: LiveDesk;
  person(id: PersonId): Person | undefined;
  show(view: GroupCallView | undefined): void;
  /** Told with each drawing who asks to record the call that is on the screen. */
  recording(recording: CallRecording | undefined): void;
  ring(incoming: IncomingGroup | undefined): void;
}

export class LiveGroupCalls implements GroupCallActions {
  readonly #host: GroupCallHost;
  #shown: ShownGroupCall | undefined;
  #ringing: IncomingGroupCall | undefined;
  /** What there is to come back to, as things stand now. */
  #left: () => LeftGroupCall | undefined = () => undefined;
  readonly #keeper = new Keeper(async (left) => this.#host.client().keepCall(left));
  #keepingLater: ReturnType<typeof setTimeout> | undefined;
  #isLeaving = false;

  constructor(host: GroupCallHost) {
    this.#host = host;
    noteLeaving(() => this.#keeper.has(this.#left()));
  }

  /** Let group calls ring here until the signal ends it. */
  async listen(signal: AbortSignal): Promise<void> {
    const service = await this.#host.client().groupCallService();
    for await (const ringing of service.incoming(signal)) this.#rings(ringing);
  }

  async start(id: string, media: Media): Promise<void> {
    const { desk } = this.#host;
    const group = await this.#group(id);
    if (group === undefined) throw new UnavailableError(Code.REFUSED);
    // Before anything rings there: a call in which nobody hears us is none.
    await desk.needMicrophone();
    const service = await this.#host.client().groupCallService();
    const streams = new MemberStreams();
    const ends = { local: desk.lendToGroup(media), remote: streams };
    const call = await service.call(group.group, media, ends);
    this.#show(call, group.name, media, streams);
  }

  /** Come back into the call that a reload of this page interrupted, if it goes on. */
  async comeBack(left: LeftGroupCall): Promise<void> {
    const { desk } = this.#host;
    const group = await this.#group(hex(left.group));
    const service = await this.#host.client().groupCallService();
    if (group === undefined || (await service.leftGoingOn(left)) === undefined) return;
    if (service.isLive) return;
    // As it was, and before we are in: nothing is heard of somebody who was muted.
    await desk.set({ camera: left.camera, microphone: true });
    if (!left.microphone) await desk.setMic(false);
    if (service.isLive) return;
    const streams = new MemberStreams();
    const ends = { local: desk.lendToGroup(left.media), remote: streams };
    const call = await service.comeBack(left, ends);
    if (call === undefined) return;
    call.showOwn({ microphone: left.microphone, camera: left.camera });
    this.#show(call, group.name, left.media, streams, left.since);
  }

  async visit(link: string, name: string, media: Media): Promise<void> {
    const { desk } = this.#host;
    await desk.needMicrophone();
    const [{ joinAsGuest }, { groupMedia }, { dialInThread }] = await Promise.all([
      import("../client/guest.ts"),
      import("../media/group_media.ts"),
      import("../client/transport/room_thread.ts"),
    ]);
    const streams = new MemberStreams();
    const ends = { local: desk.lendToGroup(media), remote: streams };
    const how = { makeMedia: groupMedia, dial: dialInThread, picture: media === "video" };
    const call = await joinAsGuest(link, name, { ...ends, ...how });
    this.#follow({
      ...{ call, streams },
      group: { id: "", name: "" },
      media: () => (call.isInside && call.media === "voice" ? "voice" : media),
      guest: () => STAGES[call.state],
    });
  }

  async admit(id: string): Promise<boolean> {
    return (await this.#shown?.atDoor(id)?.admit()) ?? false;
  }

  async refuse(id: string): Promise<void> {
    await this.#shown?.atDoor(id)?.refuse();
  }

  async accept(media: Media): Promise<void> {
    const ringing = this.#ringing;
    if (ringing === undefined) throw new UnavailableError(Code.NO_ANSWER);
    const { desk } = this.#host;
    // Without a microphone it goes on ringing, and no camera is on meanwhile.
    await desk.needMicrophone();
    const wanted = { camera: media === "video", microphone: true };
    const opening = desk.set(wanted);
    if (!(await desk.isAllowed(wanted))) await opening;
    const streams = new MemberStreams();
    const ends = { local: desk.lendToGroup(media), remote: streams };
    const call = await ringing.accept({ ...ends, media });
    this.#stopRinging(ringing);
    this.#show(call, ringing.groupName, media, streams);
  }

  async decline(): Promise<void> {
    const ringing = this.#ringing;
    if (ringing === undefined) return;
    await ringing.decline();
    this.#stopRinging(ringing);
  }

  async leave(): Promise<void> {
    // At once: who has left does not come back, however long it takes until it is over.
    this.#isLeaving = true;
    this.#keeper.keep(undefined);
    await this.#shown?.call.leave();
  }

  dismiss(): void {
    if (this.#shown?.call.endReason === undefined) return;
    this.#shown.stop();
    this.#shown = undefined;
    this.#host.recording(undefined);
    this.#host.show(undefined);
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

  async raiseHand(on: boolean): Promise<void> {
    this.#shown?.raiseHand(on);
  }

  async react(kind: ReactionKind): Promise<void> {
    this.#shown?.react(kind);
  }

  async askToMute(member: MemberAtPlace): Promise<void> {
    this.#shown?.askToMute(member);
  }

  async answerMuteRequest(mute: boolean): Promise<void> {
    if (mute) await this.#host.desk.setMic(false);
    this.#shown?.answered();
  }

  async remove(member: MemberAtPlace): Promise<void> {
    this.#shown?.remove(member);
  }

  look(tiles: readonly ShownTile[]): void {
    this.#shown?.call.look(tiles);
  }

  /** Show the call as it is, soon; also after a change of the desk. */
  refresh(): void {
    this.#shown?.refresh();
  }

  #show(call: GroupCall, name: string, media: Media, streams: MemberStreams, since?: number): void {
    // Of a voice call nobody sends pictures, whatever was wanted.
    const taking = () => (call.media === "voice" ? "voice" : media);
    this.#isLeaving = false;
    let connectedAt = since;
    const { account } = this.#host.client();
    this.#left = () => {
      const talk = { account, call, connectedAt, isLeaving: this.#isLeaving, media: taking() };
      return leftGroupCallOf(talk, this.#host.desk.desk);
    };
    this.#follow({
      ...{ call, streams },
      ...(since !== undefined && { since }),
      drawn: (at) => {
        connectedAt = at;
        this.#keep(at);
      },
      group: { id: hex(call.group), name },
      media: taking,
      waiting: () => call.waiting,
      lobbyTaken: () => call.isLobbyTaken,
      remove: (member) => call.remove(member),
    });
  }

  #follow(parts: Omit<ShownGroupCallParts, "desk" | "show" | "recording">): void {
    this.#shown?.stop();
    const { desk } = this.#host;
    this.#shown = new ShownGroupCall({
      ...{ ...parts, desk },
      show: (view) => this.#host.show(view),
      recording: (recording) => this.#host.recording(recording),
    });
  }

  /** Keep which call this is, for as long as there is something to come back to. */
  #keep(connectedAt: number | undefined): void {
    clearTimeout(this.#keepingLater);
    const wait = (connectedAt ?? 0) + KEEP_AFTER_MS - Date.now();
    if (wait > 0) this.#keepingLater = setTimeout(() => this.#keep(connectedAt), wait);
    else this.#keeper.keep(this.#left());
  }

  async #group(id: string): Promise<PeopleGroup | undefined> {
    const groups = await this.#host.client().groups();
    return groups.find(({ group }) => hex(group) === id);
  }

  #rings(ringing: IncomingGroupCall): void {
    if (!ringing.isRinging) return;
    this.#ringing = ringing;
    const account = hex(ringing.by);
    const verified = this.#host.person(account)?.verified ?? false;
    this.#host.ring({
      group: { id: hex(ringing.group), name: ringing.groupName },
      caller: { account, name: ringing.caller, verified },
      media: ringing.media,
      people: undefined,
    });
    void ringing.ended().then(() => this.#stopRinging(ringing));
  }

  #stopRinging(ringing: IncomingGroupCall): void {
    if (this.#ringing !== ringing) return;
    this.#ringing = undefined;
    this.#host.ring(undefined);
  }
}
