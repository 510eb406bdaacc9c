/**
 * What calls ask of the books of a session, and note in them: first half of the seam (`seam.ts`).
 *
 * Not for: sending and receiving (`session.ts`).
 */

import type { Rng } from "../core/bytes.ts";
import type { Entry } from "../core/call_entry.ts";
import type { DeviceAddress, Media, Rules } from "../core/content_records.ts";
import { UsageError, VisavisError } from "../core/errors.ts";
import type { AccountId, CallId, DeviceId } from "../core/ids.ts";
import type { KeyPackageBundle } from "../core/mls/index.ts";
import type { Books } from "./books.ts";
import type { OwnConsent } from "./consent_key.ts";
import { granted, isVerified, mayRing } from "./decisions.ts";
import type { KeyMaterial } from "./seam.ts";

/** A session as far as it is its books. */
export abstract class SessionSeam {
  readonly books: Books;

  protected constructor(books: Books) {
    this.books = books;
  }

  get rng(): Rng {
    return this.books.rng;
  }

  get account(): AccountId {
    return this.books.account;
  }

  get device(): DeviceId {
    return this.books.device;
  }

  async keyMaterial(): Promise<KeyMaterial> {
    const { account, device, lists, profile, store } = this.books;
    const { signaturePrivate } = profile;
    const credential = this.books.credential(store);
    return { account, device, credential, signaturePrivate, validator: lists.validator(store) };
  }

  now(): number {
    return this.books.now();
  }

  monotonic(): number {
    return this.books.monotonic();
  }

  newKeyPackage(consent: OwnConsent): Promise<KeyPackageBundle> {
    const leafExtensions = [consent.extension()];
    return this.books.makeKeyPackage(this.books.store, { leafExtensions });
  }

  mayRing(contact: AccountId, media: Media, { called = false } = {}): Media | undefined {
    return mayRing(this.books, contact, media, { called });
  }

  granted(contact: AccountId): Rules {
    return granted(this.books, contact);
  }

  isChanged(contact: AccountId): boolean {
    return this.books.contacts.get(this.books.store, contact)?.identityChanged ?? false;
  }

  isVerified(contact: AccountId): boolean {
    return isVerified(this.books, this.books.contacts.get(this.books.store, contact));
  }

  contactName(contact: AccountId): string {
    const known = this.books.contacts.get(this.books.store, contact);
    if (known === undefined) throw new UsageError("no contact of ours");
    return known.name;
  }

  async contactDevices(contact: AccountId): Promise<readonly DeviceAddress[]> {
    return [...this.books.contacts.addresses(this.books.store, contact).values()];
  }

  async siblingDevices(): Promise<readonly DeviceAddress[]> {
    const { account, lists, siblings, store } = this.books;
    const known = [...siblings.addresses(store).values()];
    return known.filter(({ device }) => lists.stands(store, account, device));
  }

  async noteCall(entry: Entry, goesOn: CallId | null): Promise<void> {
    const { calls, store } = this.books;
    try {
      await store.transaction((unit) => calls.note(unit, entry, goesOn));
    } catch (error) {
      // A full disk, or a profile that is being closed: then the line is lost, and no more.
      if (!(error instanceof VisavisError)) throw error;
    }
  }

  tellsMissed(): boolean {
    return this.books.calls.settings(this.books.store).trace;
  }
}
