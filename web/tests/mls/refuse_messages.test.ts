/** Messages that must be refused: wrong group, epoch, sender, tag, padding; nothing may change. */

import { beforeEach, describe, expect, test } from "vitest";
import { type Bytes, concat, hex, utf8 } from "../../core/bytes.ts";
import type { CheckId } from "../../core/mls/checks.ts";
import * as codec from "../../core/mls/codec.ts";
import {
  ContentType,
  contentAad,
  encodePrivateMessage,
  encodePublicMessage,
  type FramedContent,
  framedToBeSigned,
  memberSender,
  type PrivateMessage,
  type PublicMessage,
  readPrivateMessage,
  readPublicMessage,
  type Sender,
  SenderType,
  senderDataAad,
} from "../../core/mls/framing.ts";
import {
  ExtensionType,
  Group,
  type ProposalReceived,
  signaturePublicKey,
} from "../../core/mls/index.ts";
import { senderDataKey } from "../../core/mls/key_schedule.ts";
import { basicCredential } from "../../core/mls/leaf_node.ts";
import type { Commit, Proposal } from "../../core/mls/proposals.ts";
import { protectPrivate, signContent } from "../../core/mls/protection.ts";
import { encodeExternalSenders, MAX_PENDING, receive } from "../../core/mls/receive.ts";
import { SecretTree } from "../../core/mls/secret_tree.ts";
import { viewOf } from "../../core/mls/state.ts";
import { WireFormat, wrapMessage } from "../../core/mls/wire.ts";
import { stream } from "./refusals.ts";
import {
  anyone,
  commitWith,
  forge,
  GROUP_ID,
  makePackage,
  NOTHING,
  NOW,
  refuses,
  stateOf,
  World,
} from "./world.ts";

let world: World;
let one: Group;
let two: Group;

beforeEach(async () => {
  world = await World.make(3);
  one = world.group(0);
  two = world.group(1);
});

const remove = (removed: number): Proposal => ({ kind: "remove", removed });
const X = { kind: "application", data: utf8("x") } as const;
const EMPTY_COMMIT: Commit = { kind: "commit", proposals: [], path: null };

const asPrivate = (message: Bytes) => codec.decode(message.slice(4), readPrivateMessage);
const asPublic = (message: Bytes) => codec.decode(message.slice(4), readPublicMessage);

function rewrap(message: PrivateMessage | PublicMessage): Bytes {
  return message.kind === "public"
    ? wrapMessage(WireFormat.PUBLIC_MESSAGE, encodePublicMessage(message))
    : wrapMessage(WireFormat.PRIVATE_MESSAGE, encodePrivateMessage(message));
}

function flip(data: Bytes, place = data.length - 1): Bytes {
  return data.map((byte, at) => (at === place ? byte ^ 1 : byte));
}

async function accepts(group: Group, message: Bytes): Promise<void> {
  await group.process(message, { now: NOW });
}

describe("group and epoch", () => {
  test("CK-050 another group", async () => {
    const sealed = asPrivate(await world.encrypt(0, "x"));
    const groupId = utf8("another");
    await refuses("CK-050", two, rewrap({ ...sealed, groupId }));
    const open = asPublic(await forge(one, remove(2), { public: true }));
    await refuses("CK-050", two, rewrap({ ...open, framed: { ...open.framed, groupId } }));
    await accepts(two, rewrap(open));
  });

  test("CK-051 another epoch", async () => {
    const sealed = asPrivate(await world.encrypt(0, "x"));
    const open = asPublic(await forge(one, remove(2), { public: true }));
    // 2 ** 64 - 1 is beyond what a double can tell from its neighbours.
    for (const epoch of [0n, 2n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      await refuses("CK-051", two, rewrap({ ...sealed, epoch }));
      await refuses("CK-051", two, rewrap({ ...open, framed: { ...open.framed, epoch } }));
    }
    await accepts(two, rewrap(sealed));
  });

  test("CK-058 handshake messages of an ended epoch", async () => {
    const late = await forge(one, remove(2));
    await world.commit(1);
    await refuses("CK-058", world.group(2), late);
    await accepts(world.group(2), await forge(world.group(0), remove(2)));
  });

  test("CK-062 a group that ended", async () => {
    const reinit = { groupId: utf8("next"), version: 1, cipherSuite: 1, extensions: [] };
    const ended = world.group(2);
    await accepts(ended, await commitWith(two, [{ kind: "reinit", ...reinit }]));
    expect([ended.isActive, ended.epoch]).toEqual([false, 2n]);
    for (const content of [X, remove(1)]) {
      const sealed = asPrivate(await forge(one, content));
      await refuses("CK-062", ended, rewrap({ ...sealed, epoch: 2n }));
    }
    const open = asPublic(await forge(one, remove(1), { public: true }));
    await refuses("CK-062", ended, rewrap({ ...open, framed: { ...open.framed, epoch: 2n } }));
    // What was sent before the end can still be read.
    await accepts(ended, await world.encrypt(0, "before"));
  });
});

describe("encryption", () => {
  test("CK-015 tampering", async () => {
    const authenticatedData = utf8("aad");
    const message = await one.encrypt(utf8("x"), { rng: world.rng, authenticatedData });
    const sealed = asPrivate(message);
    const changes: Partial<PrivateMessage>[] = [
      { ciphertext: flip(sealed.ciphertext) },
      { ciphertext: flip(sealed.ciphertext, 0) },
      { ciphertext: sealed.ciphertext.slice(0, -1) },
      { ciphertext: NOTHING },
      { encryptedSenderData: flip(sealed.encryptedSenderData) },
      { encryptedSenderData: NOTHING },
      { authenticatedData: utf8("AAD") },
      { contentType: ContentType.PROPOSAL },
    ];
    for (const change of changes) await refuses("CK-015", two, rewrap({ ...sealed, ...change }));
    await accepts(two, message);
  });

  test("CK-055 a replay", async () => {
    const message = await world.encrypt(0, "x");
    await accepts(two, message);
    await refuses("CK-055", two, message);
    await refuses("CK-055", one, message);
  });

  test("CK-055 two copies that arrive at once", async () => {
    const message = await world.encrypt(0, "x");
    const outcomes = await Promise.allSettled([0, 1, 2].map(() => accepts(two, message)));
    const statuses = outcomes.map(({ status }) => status);
    expect(statuses).toEqual(["fulfilled", "rejected", "rejected"]);
  });

  test("CK-056 too far ahead", async () => {
    const state = stateOf(one);
    const ahead = async (generation: number) => {
      const [, secretTree] = state.secretTree.keyAt(0, generation, { handshake: false });
      return await forge(one, X, { state: { ...state, secretTree } });
    };
    await refuses("CK-056", two, await ahead(4096));
    await accepts(two, await ahead(4095));
  });

  /** Seal any plaintext as member 0, signed by whatever is inside. */
  async function sealed(plaintext: (signature: Bytes) => Bytes): Promise<Bytes> {
    const view = viewOf(stateOf(one));
    const { suite, groupId, epoch } = view;
    const framed: FramedContent = {
      groupId,
      epoch,
      sender: memberSender(0),
      authenticatedData: NOTHING,
      content: X,
    };
    const content = framedToBeSigned(framed, WireFormat.PRIVATE_MESSAGE, view.context);
    const key = stateOf(one).signaturePrivate;
    const signature = await suite.signWithLabel(key, "FramedContentTBS", content);
    const [generation, made] = view.secretTree.nextKey(0, { handshake: false });
    const guard = new Uint8Array(4);
    const head = { groupId, epoch, contentType: 1, authenticatedData: NOTHING } as const;
    const aad = contentAad(head);
    const nonce = made.guardedNonce(guard);
    const ciphertext = await suite.aead.seal(made.key, nonce, aad, plaintext(signature));
    const [sdKey, sdNonce] = senderDataKey(suite, view.senderData, ciphertext);
    const senderData = concat(codec.u32(0), codec.u32(generation), guard);
    const encryptedSenderData = await suite.aead.seal(
      sdKey,
      sdNonce,
      senderDataAad(head),
      senderData,
    );
    return rewrap({ kind: "private", ...head, encryptedSenderData, ciphertext });
  }

  const body = (signature: Bytes) => concat(codec.opaque(X.data), codec.opaque(signature));

  test("CK-057 padding that is not zero", async () => {
    const hidden = await sealed((signature) => concat(body(signature), utf8("\0hidden")));
    await refuses("CK-057", two, hidden);
    await accepts(two, await sealed((signature) => concat(body(signature), new Uint8Array(3))));
  });

  test("CK-001, CK-002 malformed inside", async () => {
    await refuses("CK-001", two, await sealed((signature) => body(signature).slice(0, -1)));
    await refuses("CK-001", two, await sealed(() => NOTHING));
    await refuses("CK-002", two, await sealed(() => Uint8Array.of(0x40, 1)));
  });
});

describe("senders", () => {
  /** Every member has everybody's message keys; only the signature says who it was. */
  test("CK-014 a member cannot speak as another", async () => {
    const state = { ...stateOf(two), ownLeaf: 0 };
    for (const isPublic of [true, false]) {
      const forged = await forge(two, remove(1), { public: isPublic, state });
      await refuses("CK-014", world.group(2), forged);
      await accepts(world.group(2), await forge(one, remove(1), { public: isPublic }));
    }
  });

  /** Signed as PublicMessage, sealed as PrivateMessage: the wire format is signed, too. */
  test("CK-014 a signature is for one framing", async () => {
    const state = stateOf(one);
    const wireFormat = WireFormat.PUBLIC_MESSAGE;
    const statement = { wireFormat, sender: memberSender(0), content: X };
    const signed = await signContent(viewOf(state), statement, state.signaturePrivate);
    const [message] = await protectPrivate(viewOf(state), signed, stream("s"));
    await refuses("CK-014", two, message);
  });

  test("CK-052 without the membership key", async () => {
    const message = await forge(one, remove(2), { public: true });
    await refuses("CK-052", two, flip(message));
    const state = stateOf(one);
    const keys = { ...state.keys, membership: new Uint8Array(32) };
    const outsider = { public: true, state: { ...state, keys } };
    await refuses("CK-052", two, await forge(one, remove(2), outsider));
    await accepts(two, message);
  });

  test("CK-053 application data in the clear", async () => {
    await refuses("CK-053", two, await forge(one, X, { public: true }));
  });

  test("CK-054 a sender that is no member", async () => {
    const state = stateOf(one);
    const [, , opened] = state.secretTree.nextKey(0, { handshake: false });
    const ratchet = opened.application.get(0);
    if (ratchet === undefined) throw new Error("no ratchet");
    for (const leaf of [3, 77, 2 ** 32 - 1]) {
      const { suite, leafCount, secrets, handshake } = opened;
      const application = new Map([[leaf, ratchet]]);
      const secretTree = new SecretTree({ suite, leafCount, secrets, handshake, application });
      const ghost = { ...state, ownLeaf: leaf, secretTree };
      await refuses("CK-054", two, await forge(one, X, { state: ghost }));
    }
  });

  test("CK-047 a public sender that is no member", async () => {
    const options = { public: true, sender: memberSender(3) };
    await refuses("CK-047", two, await forge(one, remove(1), options));
  });

  test("CK-059 joiners only commit", async () => {
    const sender = { senderType: SenderType.NEW_MEMBER_COMMIT, index: 0 };
    await refuses("CK-059", two, await forge(one, remove(2), { public: true, sender }));
  });

  test("CK-061 newcomers do not propose themselves", async () => {
    const bundle = await makePackage("pushy");
    const sender: Sender = { senderType: SenderType.NEW_MEMBER_PROPOSAL, index: 0 };
    const options = { public: true, sender, key: bundle.signaturePrivate };
    const add: Proposal = { kind: "add", keyPackage: bundle.struct() };
    const message = await forge(one, add, options);
    await refuses("CK-061", two, message);
    await refuses("CK-061", two, await forge(one, remove(1), options));
    // The rule is the product's: where it is switched off, the same message is a proposal.
    const rules = { now: NOW, validator: anyone, outsiders: true };
    const [state, received] = await receive(stateOf(two), message, rules);
    expect(received).toMatchObject({ kind: "proposal", sender: null });
    expect(state.pending.size).toBe(1);
  });
});

describe("external senders", () => {
  const key = new Uint8Array(32).fill(0x11);
  const from = (index: number) => ({
    public: true,
    sender: { senderType: SenderType.EXTERNAL, index },
  });

  async function listedWorld(): Promise<World> {
    const signatureKey = await signaturePublicKey(1, key);
    const credential = basicCredential(utf8("the server"));
    const data = encodeExternalSenders([{ signatureKey, credential }]);
    const extensions = [{ extensionType: ExtensionType.EXTERNAL_SENDERS, data }];
    return await World.make(3, { extensions });
  }

  test("CK-060 are listed", async () => {
    const listed = await listedWorld();
    const [first, second] = [listed.group(0), listed.group(1)];
    const good = await forge(first, remove(2), { ...from(0), key });
    const received = await second.process(good, { now: NOW });
    expect((received as ProposalReceived).sender).toBeNull();
    await accepts(first, good);
    const bad: [CheckId, Group, Bytes][] = [
      ["CK-060", second, await forge(first, remove(1), { ...from(1), key })],
      ["CK-060", two, await forge(one, remove(2), { ...from(0), key })],
      ["CK-014", second, await forge(first, remove(1), from(0))],
    ];
    for (const [ck, group, message] of bad) await refuses(ck, group, message);
    await accepts(second, (await listed.makeCommit(0)).message);
    expect(second.members().length).toBe(2);
  });

  test("CK-061 do not commit", async () => {
    const listed = await listedWorld();
    const [first, second] = [listed.group(0), listed.group(1)];
    const init: Proposal = { kind: "external init", kemOutput: utf8("x") };
    const messages = [
      await forge(first, EMPTY_COMMIT, { ...from(0), key, tag: NOTHING }),
      await forge(first, init, { ...from(0), key }),
    ];
    for (const message of messages) await refuses("CK-061", second, message);
  });
});

test("CK-063 a flood of proposals", async () => {
  const proposed = { proposal: remove(2), sender: memberSender(0) };
  const many = Array.from({ length: MAX_PENDING - 1 }, (_, i) => [hex(codec.u32(i)), proposed]);
  const pending = new Map(many as [string, typeof proposed][]);
  const full = new Group({ ...stateOf(two), pending }, anyone);
  const change = { rng: world.rng, now: NOW, update: true };
  await accepts(full, await one.propose(change));
  await refuses("CK-063", full, await one.propose(change));
});

test("framed content is what is signed", () => {
  const framed: FramedContent = {
    groupId: GROUP_ID,
    epoch: 1n,
    sender: memberSender(0),
    authenticatedData: NOTHING,
    content: X,
  };
  const context = utf8("context");
  const isBound = (sender: Sender) =>
    hex(framedToBeSigned({ ...framed, sender }, WireFormat.PUBLIC_MESSAGE, context)).endsWith(
      hex(context),
    );
  const types = Object.values(SenderType).map((senderType) => isBound({ senderType, index: 0 }));
  expect(types).toEqual([true, false, false, true]);
});
