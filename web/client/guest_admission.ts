/**
 * What a guest believes of who lets it in: a pass of the host's account, a call with the host in it.
 *
 * Not for: asking (`guest_entry.ts`).
 */

import type { ContactAddress } from "../core/address.ts";
import { type Bytes, equal, hex, type Rng } from "../core/bytes.ts";
import { type CallLink, isHostOf } from "../core/call_link.ts";
import type { LobbyPass } from "../core/content_lobby.ts";
import type { Media } from "../core/content_records.ts";
import { checkAlone, UnverifiedCredential } from "../core/credential.ts";
import { UnverifiedDeviceList } from "../core/device_list.ts";
import { Code, PeerError } from "../core/errors.ts";
import { type Guest, guestIdentity, isGuest, requirePass, withGuests } from "../core/guest.ts";
import { type CallId, type RoomId, SealKey } from "../core/ids.ts";
import type { CredentialValidator, KeyPackageBundle, MemberInfo } from "../core/mls/index.ts";
import type { OwnConsent } from "./consent_key.ts";
import { GroupCallKeys } from "./group_call_keys.ts";

/** What a pass lets a guest into. Never printed. */
export type Admission = Readonly<{
  call: CallId;
  /** Its room. */
  room: RoomId;
  /** As what it began. */
  media: Media;
  /** Our credential. */
  identity: Bytes;
  /** What we show the server to get a relay. */
  relay: ContactAddress;
  /** What members are called, as the host says, by their accounts in hex. */
  names: ReadonlyMap<string, string>;
}>;

/** Judges members by themselves; whose they are, the host's device says. */
export const judge: CredentialValidator = withGuests(async (member, replaces) => {
  const here = await checkAlone(member);
  if (replaces === null) return;
  const was = await UnverifiedCredential.parse(replaces.identity).verify(replaces.signatureKey);
  // CK-267: else a member could turn its own leaf into somebody else's.
  if (!equal(was.accountId, here.accountId) || !equal(was.device.deviceId, here.device.deviceId)) {
    throw new PeerError(Code.BAD_CREDENTIAL, "CK-267 a leaf passes to another device");
  }
});

/** Who may be in the call its members say: a guest knows none of them. */
const anybody = (): void => undefined;

/**
 * Check a pass.
 *
 * @param link Whose host it must be from.
 * @param us Our key of this visit, and our name.
 * @throws PeerError IDENTITY_CHANGED (CK-905); BAD_CREDENTIAL (CK-907), it is none for us; or what the
 *   device list is refused as.
 */
export async function checkPass(
  link: CallLink,
  us: Pick<Guest, "key" | "name">,
  given: LobbyPass,
): Promise<Admission> {
  const { call, device, mailbox, capability, media, room, signature } = given;
  const deviceList = await UnverifiedDeviceList.parse(given.list).verify();
  const listed = deviceList.find(device);
  // CK-905: whoever holds the lobby's key must be a device of the account that the link names.
  if (listed === null || !isHostOf(link, deviceList.identityKey)) {
    throw new PeerError(Code.IDENTITY_CHANGED, "CK-905 let in by who did not make the link");
  }
  const { key, name } = us;
  const guest: Guest = { key, name, account: deviceList.accountId, device, signature };
  await requirePass(guest, call, listed.signatureKey);
  // Nothing is ever sent to that mailbox: the address is a ticket for the relay.
  const sealKey = new SealKey(new Uint8Array(SealKey.LENGTH));
  const relay = { origin: link.origin, mailbox, capability, sealKey };
  const names = new Map(given.names.map((one) => [hex(one.account), one.name]));
  return { call, room, media, identity: guestIdentity(guest), relay, names };
}

/**
 * Process a Welcome to the call that we were let into.
 *
 * @throws PeerError As `GroupCallKeys.join`; IDENTITY_CHANGED (CK-912). The key package is still good.
 */
export async function joinCall(
  link: CallLink,
  { call }: Pick<Admission, "call">,
  welcome: Bytes,
  bundle: KeyPackageBundle,
  { now, rng, consent }: Readonly<{ now: number; rng: Rng; consent: OwnConsent }>,
): Promise<GroupCallKeys> {
  const around = { consent, keys: { validator: judge }, mayBeIn: anybody, now, rng };
  const keys = await GroupCallKeys.join(welcome, bundle, call, around);
  for (const member of keys.members().values()) if (await isHost(link, member)) return keys;
  // CK-912: a call without the account that the link names is not the one we asked for.
  await keys.wipe();
  throw new PeerError(Code.IDENTITY_CHANGED, "CK-912 the host of the link is not in the call");
}

/** Say whether a leaf is of the account that made the link. */
export async function isHost(link: CallLink, member: MemberInfo): Promise<boolean> {
  if (isGuest(member)) return false;
  const { deviceList } = await checkAlone(member);
  return isHostOf(link, deviceList.identityKey);
}
