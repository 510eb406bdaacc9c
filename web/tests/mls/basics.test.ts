/** The official vectors of the layers below the group, ours for 0xF04D, and changed ones. */

import { expect, test } from "vitest";
import { concat, hex } from "../../core/bytes.ts";
import * as codec from "../../core/mls/codec.ts";
import {
  encodeAuthenticatedContent,
  encodeFramedContent,
  readAuthenticatedContent,
} from "../../core/mls/framing.ts";
import { encodeGroupContext } from "../../core/mls/group_context.ts";
import * as schedule from "../../core/mls/key_schedule.ts";
import { encodePskId } from "../../core/mls/proposals.ts";
import { SecretTree } from "../../core/mls/secret_tree.ts";
import { SUITE_ID, type Suite, suiteOf } from "../../core/mls/suite.ts";
import * as trees from "../../core/mls/tree_math.ts";
import { type Element, MismatchError, must, same } from "../vector_element.ts";
import { describeVectors } from "../vectors.ts";

/** Vectors are checked, not protected. */
const fixedRng = (size: number) => new Uint8Array(size).fill(0x5a);

/** Read a private key; some generators strip the leading zeros of a P-curve's scalar. */
function privateKey(e: Element, key: string, suite: Suite) {
  const data = e.data(key);
  if (![2, 5, 7].includes(suite.suiteId)) return data;
  return concat(new Uint8Array(Math.max(0, suite.kem.nsk - data.length)), data);
}

function treeMath(e: Element) {
  const leaves = e.number("n_leaves");
  const width = 2 * leaves - 1;
  const root = trees.root(leaves);
  same("n_nodes", width, e.number("n_nodes"));
  same("root", root, e.number("root"));
  const table = (is: (node: number) => boolean, of: (node: number) => number) =>
    Array.from({ length: width }, (_, node) => (is(node) ? of(node) : null));
  const isParent = (node: number) => node % 2 === 1;
  const isBelowRoot = (node: number) => node !== root;
  same("left", table(isParent, trees.left), e.maybeNumbers("left"));
  same("right", table(isParent, trees.right), e.maybeNumbers("right"));
  same("parent", table(isBelowRoot, trees.parent), e.maybeNumbers("parent"));
  same("sibling", table(isBelowRoot, trees.sibling), e.maybeNumbers("sibling"));
}

function deserialization(e: Element) {
  const header = e.data("vlbytes_header");
  const size = e.number("length");
  same(
    "length",
    codec.decode(header, (reader) => reader.length()),
    size,
  );
  same("vlbytes_header", codec.length(size), header);
}

async function cryptoBasics(e: Element) {
  const suite = suiteOf(e.number("cipher_suite"));
  const ref = e.child("ref_hash");
  same("ref_hash", suite.refHash(ref.text("label"), ref.data("value")), ref.data("out"));
  const expand = e.child("expand_with_label");
  const expanded = suite.expandWithLabel(
    expand.secret("secret", suite.nh),
    expand.text("label"),
    expand.data("context"),
    expand.number("length"),
  );
  same("expand_with_label", expanded, expand.data("out"));
  const derive = e.child("derive_secret");
  const derived = suite.deriveSecret(derive.secret("secret", suite.nh), derive.text("label"));
  same("derive_secret", derived, derive.data("out"));
  const tree = e.child("derive_tree_secret");
  const ofTree = suite.deriveTreeSecret(
    tree.secret("secret", suite.nh),
    tree.text("label"),
    tree.number("generation"),
    tree.number("length"),
  );
  same("derive_tree_secret", ofTree, tree.data("out"));
  await sign(e.child("sign_with_label"), suite);
  await encrypt(e.child("encrypt_with_label"), suite);
}

async function sign(e: Element, suite: Suite) {
  const priv = privateKey(e, "priv", suite);
  const pub = e.data("pub");
  const label = e.text("label");
  const content = e.data("content");
  same("sign_with_label.pub", await suite.signature.publicKey(priv), pub);
  await suite.verifyWithLabel(pub, label, content, e.data("signature"));
  const ours = await suite.signWithLabel(priv, label, content);
  await suite.verifyWithLabel(pub, label, content, ours);
}

async function encrypt(e: Element, suite: Suite) {
  const priv = privateKey(e, "priv", suite);
  const pub = e.data("pub");
  const label = e.text("label");
  const context = e.data("context");
  const plaintext = e.data("plaintext");
  same("encrypt_with_label.pub", await suite.kem.publicKey(priv), pub);
  const given = [e.data("kem_output"), e.data("ciphertext")] as const;
  const opened = await suite.decryptWithLabel(priv, label, context, given);
  same("encrypt_with_label.plaintext", opened, plaintext);
  const ours = await suite.encryptWithLabel(pub, label, context, plaintext, fixedRng);
  const again = await suite.decryptWithLabel(priv, label, context, ours);
  same("our own ciphertext", again, plaintext);
}

function secretTree(e: Element) {
  const suite = suiteOf(e.number("cipher_suite"));
  const head = e.child("sender_data");
  const [key, nonce] = schedule.senderDataKey(
    suite,
    head.secret("sender_data_secret", suite.nh),
    head.data("ciphertext"),
  );
  same("sender_data.key", key, head.data("key"));
  same("sender_data.nonce", nonce, head.data("nonce"));
  const leaves = e.grandchildren("leaves");
  must("the number of leaves is a power of two", Number.isInteger(Math.log2(leaves.length)));
  const rows = leaves.map((row) => row.map((given) => given.number("generation")));
  for (const row of rows) same("every leaf has the same generations", row, rows[0]);
  let tree = SecretTree.start(suite, e.secret("encryption_secret", suite.nh), leaves.length);
  for (const [leaf, row] of leaves.entries()) {
    for (const given of row) {
      for (const name of ["handshake", "application"] as const) {
        const kind = { handshake: name === "handshake" };
        const [made, after] = tree.keyAt(leaf, given.number("generation"), kind);
        tree = after;
        same(`${name}_key`, made.key, given.data(`${name}_key`));
        same(`${name}_nonce`, made.nonce, given.data(`${name}_nonce`));
      }
    }
  }
}

async function keySchedule(e: Element) {
  const suite = suiteOf(e.number("cipher_suite"));
  const groupId = e.data("group_id");
  let init = e.secret("initial_init_secret", suite.nh);
  for (const [number, epoch] of e.children("epochs").entries()) {
    const context = encodeGroupContext({
      cipherSuite: suite.suiteId,
      groupId,
      epoch: BigInt(number),
      treeHash: epoch.data("tree_hash"),
      confirmedTranscriptHash: epoch.data("confirmed_transcript_hash"),
      extensions: [],
    });
    same("group_context", context, epoch.data("group_context"));
    const commit = epoch.secret("commit_secret", suite.nh);
    const joiner = schedule.joinerSecret(suite, init, commit, context);
    const before = schedule.mixPsk(suite, joiner, epoch.secret("psk_secret", suite.nh));
    const secrets = schedule.epochSecrets(suite, before, context);
    init = secrets.keys.init;
    const [, externalPub] = await suite.kem.deriveKeyPair(secrets.keys.external);
    const ours = {
      joiner_secret: joiner,
      welcome_secret: before.welcome,
      init_secret: init,
      sender_data_secret: secrets.keys.senderData,
      encryption_secret: secrets.encryption,
      exporter_secret: secrets.keys.exporter,
      epoch_authenticator: secrets.keys.epochAuthenticator,
      external_secret: secrets.keys.external,
      confirmation_key: secrets.confirmation,
      membership_key: secrets.keys.membership,
      resumption_psk: secrets.keys.resumption,
      external_pub: externalPub,
    };
    for (const [name, value] of Object.entries(ours)) same(name, value, epoch.data(name));
    const exporter = epoch.child("exporter");
    const exported = schedule.mlsExporter(
      suite,
      secrets.keys.exporter,
      exporter.text("label"),
      exporter.data("context"),
      exporter.number("length"),
    );
    same("exporter", exported, exporter.data("secret"));
  }
}

function pskSecret(e: Element) {
  const suite = suiteOf(e.number("cipher_suite"));
  const psks = e.children("psks").map((psk) => {
    const id = {
      kind: "external",
      pskId: psk.data("psk_id"),
      nonce: psk.data("psk_nonce"),
    } as const;
    return [encodePskId(id), psk.data("psk")] as const;
  });
  same("psk_secret", schedule.pskSecret(suite, psks), e.data("psk_secret"));
}

async function transcriptHashes(e: Element) {
  const suite = suiteOf(e.number("cipher_suite"));
  const encoded = e.data("authenticated_content");
  const signed = codec.decode(encoded, readAuthenticatedContent);
  same("authenticated_content", encodeAuthenticatedContent(signed), encoded);
  const tag = signed.auth.confirmationTag;
  if (tag === null) throw new MismatchError("authenticated_content is not a commit");
  const content = concat(
    codec.u16(signed.wireFormat),
    encodeFramedContent(signed.framed),
    codec.opaque(signed.auth.signature),
  );
  const before = e.data("interim_transcript_hash_before");
  const confirmed = await schedule.confirmedHash(suite, before, content);
  same("confirmed_transcript_hash_after", confirmed, e.data("confirmed_transcript_hash_after"));
  const interim = schedule.interimHash(suite, confirmed, tag);
  same("interim_transcript_hash_after", interim, e.data("interim_transcript_hash_after"));
  suite.verifyMac("CK-106", e.secret("confirmation_key", suite.nh), confirmed, tag);
}

// A suite counts only through its KDF and AEAD key sizes in some kinds; 1 and 2 are alike there.
const SUITE_UNBOUND = { unbound: ["cipher_suite"] };

describeVectors({ name: "tree-math", least: 10, run: treeMath });
describeVectors({ name: "deserialization", least: 14, run: deserialization });
describeVectors({ name: "crypto-basics", own: "crypto-basics", least: 7, run: cryptoBasics });
describeVectors({
  name: "key-schedule",
  own: "key-schedule",
  least: 7,
  run: keySchedule,
  exceptions: { repeated: ["epochs.#"] },
});
describeVectors({
  name: "psk_secret",
  own: "psk-secret",
  least: 77,
  run: pskSecret,
  exceptions: SUITE_UNBOUND,
});
describeVectors({
  name: "secret-tree",
  own: "secret-tree",
  least: 21,
  run: secretTree,
  exceptions: {
    ...SUITE_UNBOUND,
    // Only the first bytes of a ciphertext, as many as the hash has, give the sender data its key.
    partial: ["sender_data.ciphertext"],
    repeated: ["leaves.#.#"],
  },
});
describeVectors({
  name: "transcript-hashes",
  own: "transcript-hashes",
  least: 7,
  run: transcriptHashes,
  exceptions: SUITE_UNBOUND,
});

test("the key of a Welcome", () => {
  const suite = suiteOf(SUITE_ID);
  const welcome = new Uint8Array(suite.nh).fill(1);
  const [key, nonce] = schedule.welcomeKey(suite, welcome);
  expect(key).toEqual(suite.expandWithLabel(welcome, "key", new Uint8Array(), 32));
  expect(nonce).toEqual(suite.expandWithLabel(welcome, "nonce", new Uint8Array(), 12));
});

test("the key schedule wipes nothing that it was given", async () => {
  const suite = suiteOf(1);
  const given = (value: number) => new Uint8Array(32).fill(value);
  const secrets = { init: given(1), commit: given(2), psk: given(3), epoch: given(4) };
  const joiner = schedule.joinerSecret(suite, secrets.init, secrets.commit, given(9));
  const joined = schedule.mixPsk(suite, joiner, secrets.psk);
  const { keys } = schedule.epochSecrets(suite, joined, given(9));
  schedule.fromEpochSecret(suite, secrets.epoch);
  schedule.pskSecret(suite, [[given(9), secrets.psk]]);
  schedule.mlsExporter(suite, keys.exporter, "label", given(9), 32);
  expect(secrets).toEqual({ init: given(1), commit: given(2), psk: given(3), epoch: given(4) });
  const zeros = hex(given(0));
  for (const kept of [...Object.values(joined), ...Object.values(keys)]) {
    expect(hex(kept)).not.toBe(zeros);
  }
});
