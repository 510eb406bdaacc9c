/** What a person asks for, as calls of the client. Its code is loaded with the first that needs it. */

import { Code, PeerError, VisavisError } from "../core/errors.ts";
import { examine } from "./live_doctor.ts";
import type { LiveModel } from "./live_model.ts";
import { clientRules } from "./live_people.ts";
import { permissions } from "./live_permissions.ts";
import { keepStorage } from "./live_storage.ts";
import type { DeviceActions, DoorActions, PasswordRating, PeopleActions } from "./model_actions.ts";

/** One profile per browser. */
export function profile() {
  return { profile: "default" };
}

const loadClient = async () => (await import("../client/client.ts")).Client;

export function doorActions(model: LiveModel): DoorActions {
  return {
    async ratePassword(password, handle) {
      const { blocklist, rate } = await import("../client/password_check.ts");
      // Without the list the meter goes on; what decides asks for it again and says so.
      await blocklist().catch(() => undefined);
      return ratingOf(rate(password, handle, location.hostname));
    },
    async signUp(link, name, password) {
      const Client = await loadClient();
      const { origin } = location;
      const options = { ...profile(), origin, link, name };
      const way = password === undefined ? {} : { password };
      await model.attach(await Client.signup({ ...options, ...way }), false);
    },
    async signInWithPasskey() {
      const Client = await loadClient();
      const { origin } = location;
      await model.attach(await Client.loginWithPasskey({ ...profile(), origin }), false);
    },
    recoveryNoted() {
      model.set({ phase: { kind: "ready" } });
      void keepStorage({ ask: true });
    },
    async signIn(handle, password, how, onStep, signal) {
      const Client = await loadClient();
      const { origin } = location;
      const who = { ...profile(), origin, handle: handle.trim(), password, signal };
      const ways =
        how === "pair"
          ? {
              onPairing: (link: string) => onStep({ kind: "showLink", link }),
              onDigits: (digits: string) => onStep({ kind: "compare", digits }),
            }
          : how;
      await model.attach(await Client.login({ ...who, ...ways }), false);
      void keepStorage({ ask: true });
    },
    async unlock(passphrase) {
      const Client = await loadClient();
      try {
        await model.attach(await Client.open({ ...profile(), passphrase }), true);
      } catch (error) {
        const locked = error instanceof VisavisError && error.code === Code.STORE_LOCKED;
        if (!locked) model.fail(error);
        throw error;
      }
    },
    retry() {
      const { kind } = model.snapshot().phase;
      // Nothing of a closed account stays in the memory of the page either.
      if (kind === "closed") location.replace("/");
      else if (kind === "elsewhere") model.takeOver();
      else model.start();
    },
    async erase() {
      await eraseProfile(model);
      model.start();
    },
  };
}

/** Erase what this browser keeps of the profile. */
export async function eraseProfile(model: LiveModel): Promise<void> {
  await model.detach();
  await model.push.forget().catch(() => undefined); // what is kept here goes all the same
  const Client = await loadClient();
  await Client.removeProfile(profile().profile);
  model.forgetSeen();
}

function ratingOf(rating: { score: number; reasons: readonly string[] }): PasswordRating {
  const accepted = rating.reasons.length === 0;
  const advice = rating.score < 4 ? ["longer"] : [];
  return { accepted, strength: rating.score, reasons: accepted ? advice : rating.reasons };
}

/** Seconds that a page waits for somebody's answer before it says "asked". */
const ANSWER_S = 8;

export function peopleActions(model: LiveModel): PeopleActions {
  return {
    createInvite: (singleUse) => model.client().createInvite({ singleUse }),
    async acceptInvite(link) {
      return (await model.client().acceptInvite(link, { waitS: ANSWER_S }))?.key;
    },
    async requestByHandle(handle) {
      return (await model.client().requestContact(handle, { waitS: ANSWER_S }))?.key;
    },
    approve: (request) => model.client().approveRequest(model.waiting(request.id)),
    decline: (request) => model.client().declineRequest(model.waiting(request.id)),
    async forgetAwaited(id) {
      const found = model
        .client()
        .awaited()
        .find(({ key }) => key === id);
      if (found !== undefined) await model.client().forgetAwaited(found);
    },
    findable: () => model.client().findable(),
    setFindable: (findable) => model.client().setFindable(findable),
    async safetyNumber(id) {
      return model.client().safetyNumber(model.contact(id));
    },
    async compareCode(id, text) {
      try {
        await model.client().verifyByText(model.contact(id), text);
        return "same";
      } catch (error) {
        if (!(error instanceof PeerError)) throw error;
        return error.code === Code.IDENTITY_CHANGED ? "differs" : "other";
      }
    },
    markVerified: (id, verified) => model.client().setVerified(model.contact(id), verified),
    keepIdentity: (id) => model.client().keepIdentity(model.contact(id)),
    forget: (id) => model.client().forgetContact(model.contact(id)),
    async setBlocked(id, blocked) {
      const contact = model.contact(id);
      if (blocked) await model.client().block(contact);
      else await model.client().unblock(contact);
    },
    setRules: (id, rules) => model.client().setRules(model.contact(id), clientRules(rules)),
    sendText: (id, text) => model.client().sendMessage(model.contact(id), text),
    read: (id) => model.read(id),
    dismissAlert: (id) => model.dismissAlert(id),
  };
}

export function deviceActions(model: LiveModel): DeviceActions {
  return {
    list: () => model.client().devices(),
    async approve(link, confirm, signal) {
      const shortId = await model.client().approveDevice(link, confirm, signal);
      // Whoever has just compared its digits here need not be warned of it here.
      const told = model.snapshot().alerts.find((alert) => alert.device === shortId);
      if (told) model.dismissAlert(told.id);
      return shortId;
    },
    revoke: (shortId, proof) => model.client().revoke(shortId, proof),
    changePassword: (proof, fresh) => model.client().changePassword(proof, fresh),
    waysIn: () => model.client().waysIn(),
    addPasskey: (proof) => model.client().addPasskey(proof),
    removePasskey: (shortId, proof) => model.client().removePasskey(shortId, proof),
    async setPassphrase(passphrase) {
      await model.client().setPassphrase(passphrase);
      const { self } = model.snapshot();
      if (self) model.set({ self: { ...self, locked: passphrase !== undefined } });
    },
    doctor: (onCheck) =>
      examine(
        onCheck,
        async () => {
          const { urls, username, credential } = await model.client().relay();
          return [{ urls: [...urls], username, credential }];
        },
        model.client().diagnostics().dropped,
      ),
    permissions,
    uses: () => model.client().uses.list(),
    clearUses: () => model.client().uses.clear(),
    use(what) {
      const noted = model.note(what);
      return () => void noted?.end();
    },
  };
}
