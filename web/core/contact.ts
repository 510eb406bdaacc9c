/**
 * The contact machine: from a link to a conversation, and what may befall it after.
 *
 * Pure: `step` takes a state and one event and returns the next state and the effects to carry out.
 * One machine for each relationship, on each device; a multi-use link is a machine of its own that
 * begins one per request. The drawing, made by running `step`, is in `docs/protocol/contact.md`.
 *
 * Which machine gets an event: `requestReceived` goes to the machine of the account that asks, if
 * there is one; else to the one in `requested` whose link pinned that identity; else to that of the
 * link it came by. One that came by our handle goes to a machine of its own, at `stranger`, unless
 * the account is blocked or waits already: nothing that anybody can look up is accepted by itself
 * (CK-291). Everything else a contact sends goes to the machine whose address it came by.
 *
 * Towards a requester, declining, ignoring, a full queue, an expired link and being blocked are
 * alike: nothing is sent.
 *
 * The twin of `src/visavis/core/contact.py`: `vectors/machine-contact.json` has every move of it.
 */

import { compare, equal } from "./bytes.ts";
import {
  type Accepted,
  type Asked,
  type Blocked,
  type DevicesChanged,
  type Effect,
  type Ended,
  EndReason,
  type Event,
  end,
  goOn,
  type Invited,
  LinkUse,
  type Person,
  type RejoinReceived,
  type Requested,
  type RequestReceived,
  reject,
  type State,
  type Step,
  type Stranger,
  type Suspended,
} from "./contact_types.ts";
import { Code, UsageError } from "./errors.ts";
import { identityHash } from "./identity.ts";
import { assertNever } from "./never.ts";

/**
 * Requests that wait for a tap, over the whole account. Higher lets a link that went public bury
 * the one request that matters; lower lets fewer strangers fill the queue.
 */
export const MAX_WAITING = 50;

/** Seconds a request waits on either side; as long as a server keeps an envelope. */
export const REQUEST_LIFETIME_S = 30 * 86_400;

/**
 * Advance one contact by one event.
 *
 * @param state As the previous call returned it, or `stranger`.
 * @param event One thing that happened; peers' messages already verified.
 * @returns The next state, and effects to carry out in order once it is stored.
 * @throws UsageError Our own code sent an event that makes no sense here.
 */
export function step(state: State, event: Event): Step {
  switch (state.kind) {
    case "stranger":
      return fromStranger(state, event);
    case "invited":
      return fromInvited(state, event);
    case "requested":
      return fromRequested(state, event);
    case "asked":
      return fromAsked(state, event);
    case "accepted":
      return fromAccepted(state, event);
    case "suspended":
      return fromSuspended(state, event);
    case "blocked":
      return fromBlocked(state, event);
    case "ended":
      return fromEnded(state, event);
    default:
      return assertNever(state);
  }
}

function fromStranger(state: Stranger, event: Event): Step {
  switch (event.kind) {
    case "inviteCreated": {
      const { use, expiresAt } = event;
      return goOn({ kind: "invited", use, expiresAt }, { kind: "setDeadline", at: expiresAt });
    }
    case "inviteFollowed": {
      const { inviter, own, token } = event;
      const expiresAt = event.now + REQUEST_LIFETIME_S;
      return goOn(
        { kind: "requested", inviter, own, token, expiresAt },
        { kind: "sendRequest", token },
        { kind: "setDeadline", at: expiresAt },
      );
    }
    case "requestReceived": {
      // CK-280: strangers cannot fill the store or bury the request that matters.
      if (event.waiting >= MAX_WAITING) return reject(state, Code.QUOTA);
      const { person, token } = event;
      const expiresAt = event.now + REQUEST_LIFETIME_S;
      return goOn(
        { kind: "asked", person, token, expiresAt },
        { kind: "askPerson", person },
        { kind: "setDeadline", at: expiresAt },
      );
    }
    case "acceptReceived":
    case "devicesChanged":
    case "rejoinReceived":
      return reject(state);
    case "deadlineReached":
      return goOn(state);
    case "inviteWithdrawn":
    case "requestApproved":
    case "requestDeclined":
    case "identityTrusted":
    case "contactBlocked":
    case "contactUnblocked":
    case "contactRemoved":
      throw new UsageError("nobody is there yet");
    default:
      return assertNever(event);
  }
}

function fromInvited(state: Invited, event: Event): Step {
  switch (event.kind) {
    case "requestReceived": {
      // CK-281: an old link that turns up later opens nothing.
      if (event.now >= state.expiresAt) return reject(state, Code.EXPIRED);
      const { person, token } = event;
      switch (state.use) {
        case LinkUse.SINGLE:
          // The person chose whom to give a single-use link, so the first to come is accepted.
          // CK-282: the link dies with it, or whoever saw it on the way could follow.
          return goOn(
            { kind: "accepted", person, token },
            { kind: "revokeLink" },
            { kind: "createConversation", person, token },
          );
        case LinkUse.MULTI:
          return goOn(state, { kind: "beginContact", person, token });
        default:
          return assertNever(state.use);
      }
    }
    case "deadlineReached":
      if (event.now < state.expiresAt) return goOn(state);
      return end(EndReason.EXPIRED, { kind: "revokeLink" });
    case "inviteWithdrawn":
    case "contactRemoved":
      return end(EndReason.WITHDRAWN, { kind: "revokeLink" });
    case "acceptReceived":
    case "devicesChanged":
    case "rejoinReceived":
      return reject(state);
    case "inviteCreated":
    case "inviteFollowed":
    case "requestApproved":
    case "requestDeclined":
    case "identityTrusted":
    case "contactBlocked":
    case "contactUnblocked":
      throw new UsageError("a link is no contact yet");
    default:
      return assertNever(event);
  }
}

function fromRequested(state: Requested, event: Event): Step {
  switch (event.kind) {
    case "acceptReceived": {
      const { person, token } = event;
      if (event.now >= state.expiresAt) return reject(state, Code.EXPIRED);
      if (!equal(token, state.token)) return reject(state);
      // CK-283: the link pinned who may answer; a server in the middle has another key. A handle
      // pins nobody, so there only comparing safety numbers shows such a server.
      const pinned = state.inviter;
      if (pinned !== null && !equal(identityHash(person.identityKey), pinned)) {
        return reject(state, Code.IDENTITY_CHANGED);
      }
      return goOn({ kind: "accepted", person, token }, { kind: "joinConversation", person });
    }
    case "requestReceived":
      return crossing(state, event);
    case "deadlineReached":
      if (event.now < state.expiresAt) return goOn(state);
      return end(EndReason.EXPIRED, { kind: "revokeAddresses" });
    case "contactRemoved":
      return end(EndReason.REMOVED, { kind: "revokeAddresses" });
    case "devicesChanged":
    case "rejoinReceived":
      return reject(state);
    case "inviteCreated":
    case "inviteWithdrawn":
    case "inviteFollowed":
    case "requestApproved":
    case "requestDeclined":
    case "identityTrusted":
    case "contactBlocked":
    case "contactUnblocked":
      throw new UsageError("a request of ours is under way");
    default:
      return assertNever(event);
  }
}

/** Both followed each other's link: the one with the lower identity hash makes the group. */
function crossing(state: Requested, { person, token, now }: RequestReceived): Step {
  const theirs = identityHash(person.identityKey);
  if (state.inviter === null || !equal(theirs, state.inviter)) return reject(state);
  if (now >= state.expiresAt) return reject(state, Code.EXPIRED);
  if (compare(state.own, theirs) >= 0) return goOn(state);
  return goOn({ kind: "accepted", person, token }, { kind: "createConversation", person, token });
}

function fromAsked(state: Asked, event: Event): Step {
  switch (event.kind) {
    case "requestApproved": {
      const { person, token } = state;
      return goOn(
        { kind: "accepted", person, token },
        { kind: "createConversation", person, token },
      );
    }
    case "requestDeclined":
    case "contactRemoved":
      return end(EndReason.DECLINED, { kind: "forgetContact" });
    case "contactBlocked":
      return goOn({ kind: "blocked", former: state }, { kind: "forgetContact" });
    case "deadlineReached":
      if (event.now < state.expiresAt) return goOn(state);
      return end(EndReason.EXPIRED, { kind: "forgetContact" });
    case "requestReceived": {
      const { person, token } = event;
      const code = breach(state.person, person);
      if (code !== null) return reject(state, code);
      return goOn({ ...state, person, token }); // The newest one counts.
    }
    case "acceptReceived":
    case "devicesChanged":
    case "rejoinReceived":
      return reject(state);
    case "inviteCreated":
    case "inviteWithdrawn":
    case "inviteFollowed":
    case "identityTrusted":
    case "contactUnblocked":
      throw new UsageError("a request waits for a tap");
    default:
      return assertNever(event);
  }
}

function fromAccepted(state: Accepted, event: Event): Step {
  switch (event.kind) {
    case "requestReceived": {
      const { person, token } = event;
      if (equal(token, state.token)) return goOn(state); // Delivered twice.
      // CK-284: requests come by links, from anybody. One that claims a contact's account under
      // another identity is refused without a word to the person: else any stranger could suspend
      // any contact, and teach people to click warnings away.
      const code = breach(state.person, person);
      if (code !== null) return reject(state, code);
      // They lost their conversation and came back by a link: make it again.
      return goOn(
        { kind: "accepted", person, token },
        { kind: "createConversation", person, token },
      );
    }
    case "devicesChanged":
    case "rejoinReceived":
      return devicesOfContact(state, event);
    case "contactBlocked":
      return goOn({ kind: "blocked", former: state }, { kind: "revokeAddresses" });
    case "contactRemoved":
      return end(EndReason.REMOVED, { kind: "revokeAddresses" }, { kind: "forgetContact" });
    case "acceptReceived":
      return reject(state);
    case "deadlineReached":
    case "requestApproved":
      return goOn(state); // Approved on another device at the same time.
    case "inviteCreated":
    case "inviteWithdrawn":
    case "inviteFollowed":
    case "requestDeclined":
    case "identityTrusted":
    case "contactUnblocked":
      throw new UsageError("a contact already");
    default:
      return assertNever(event);
  }
}

function devicesOfContact(
  state: Accepted,
  { kind, person }: DevicesChanged | RejoinReceived,
): Step {
  const code = breach(state.person, person);
  if (code === Code.IDENTITY_CHANGED) {
    // CK-285: nothing is sent to the new key until a person has decided.
    return goOn(
      { kind: "suspended", person: state.person, offered: person, token: state.token },
      { kind: "warnIdentityChanged", offered: person },
    );
  }
  if (code !== null) return reject(state, code);
  const rejoins = kind === "rejoinReceived";
  if (person.listVersion === state.person.listVersion) {
    // A rejoin always brings a new list (CK-276); an equal list otherwise says nothing new.
    return rejoins ? reject(state, Code.REPLAYED) : goOn(state);
  }
  const readd: readonly Effect[] = rejoins ? [{ kind: "readdDevices", person }] : [];
  const announce: Effect = { kind: "announceDevices", person };
  return goOn({ ...state, person }, { kind: "recordDevices", person }, ...readd, announce);
}

function fromSuspended(state: Suspended, event: Event): Step {
  switch (event.kind) {
    case "identityTrusted": {
      const { offered, token } = state;
      // CK-286: the person's word is for the key they compared, not for one that came since.
      if (!equal(event.identityKey, offered.identityKey)) {
        return goOn(state, { kind: "warnIdentityChanged", offered });
      }
      return goOn(
        { kind: "accepted", person: offered, token },
        { kind: "pinIdentity", person: offered },
        { kind: "retryHeld" },
        // Whoever held the old key may hold our addresses too: they are replaced.
        { kind: "revokeAddresses" },
        { kind: "mintAddresses" },
      );
    }
    case "devicesChanged":
    case "rejoinReceived":
      return devicesWhileSuspended(state, event.person);
    case "contactBlocked":
      return goOn({ kind: "blocked", former: state }, { kind: "revokeAddresses" });
    case "contactRemoved":
      return end(EndReason.REMOVED, { kind: "revokeAddresses" }, { kind: "forgetContact" });
    case "requestReceived":
      return reject(state, Code.IDENTITY_CHANGED);
    case "acceptReceived":
      return reject(state);
    case "deadlineReached":
    case "requestApproved":
      return goOn(state);
    case "inviteCreated":
    case "inviteWithdrawn":
    case "inviteFollowed":
    case "requestDeclined":
    case "contactUnblocked":
      throw new UsageError("a contact already");
    default:
      return assertNever(event);
  }
}

/** Keep what each of the two identities says of itself; warn again about a third. */
function devicesWhileSuspended(state: Suspended, person: Person): Step {
  if (!equal(person.accountId, state.person.accountId)) return reject(state, Code.BAD_CREDENTIAL);
  if (equal(person.identityKey, state.person.identityKey)) {
    if (person.listVersion < state.person.listVersion) return reject(state, Code.REPLAYED);
    return goOn({ ...state, person }, { kind: "recordDevices", person });
  }
  if (isSame(person, state.offered)) return goOn(state);
  if (breach(state.offered, person) === Code.REPLAYED) return reject(state, Code.REPLAYED);
  return goOn({ ...state, offered: person }, { kind: "warnIdentityChanged", offered: person });
}

function fromBlocked(state: Blocked, event: Event): Step {
  switch (event.kind) {
    case "contactUnblocked":
      return unblocked(state);
    case "contactRemoved":
      return end(EndReason.REMOVED, { kind: "forgetContact" });
    case "requestReceived":
    case "acceptReceived":
    case "devicesChanged":
    case "rejoinReceived":
      return reject(state, Code.REFUSED);
    case "deadlineReached":
    case "contactBlocked":
    case "requestApproved":
    case "requestDeclined":
      return goOn(state);
    case "inviteCreated":
    case "inviteWithdrawn":
    case "inviteFollowed":
    case "identityTrusted":
      throw new UsageError("blocked: unblock first");
    default:
      return assertNever(event);
  }
}

function unblocked({ former }: Blocked): Step {
  switch (former.kind) {
    case "asked":
      return end(EndReason.DECLINED);
    case "suspended":
      return goOn(former); // Nothing goes out before the person has decided.
    case "accepted":
      return goOn(former, { kind: "mintAddresses" });
    default:
      return assertNever(former);
  }
}

function fromEnded(state: Ended, event: Event): Step {
  switch (event.kind) {
    case "requestReceived":
    case "acceptReceived":
    case "devicesChanged":
    case "rejoinReceived":
      return reject(state, Code.REFUSED);
    case "deadlineReached":
    case "inviteWithdrawn":
    case "requestApproved":
    case "requestDeclined":
    case "contactRemoved":
      return goOn(state); // Done on another device at the same time.
    case "inviteCreated":
    case "inviteFollowed":
    case "identityTrusted":
    case "contactBlocked":
    case "contactUnblocked":
      throw new UsageError("over: a new link starts a new machine");
    default:
      return assertNever(event);
  }
}

/** Say what is wrong with who somebody claims to be, against whom we know; null if nothing. */
function breach(known: Person, offered: Person): Code | null {
  if (!equal(offered.accountId, known.accountId)) return Code.BAD_CREDENTIAL;
  if (!equal(offered.identityKey, known.identityKey)) return Code.IDENTITY_CHANGED;
  // CK-287: an older list, replayed, would bring a revoked device back.
  return offered.listVersion < known.listVersion ? Code.REPLAYED : null;
}

function isSame(one: Person, other: Person): boolean {
  return (
    equal(one.accountId, other.accountId) &&
    equal(one.identityKey, other.identityKey) &&
    one.listVersion === other.listVersion
  );
}
