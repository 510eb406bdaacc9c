/**
 * How people become contacts: the part of the facade (`client.ts`) with invites and requests.
 *
 * Not for: what a person decides about somebody who is a contact.
 */

import type { InviteOptions, WaitOptions } from "./client_options.ts";
import { Opening } from "./client_ways.ts";
import type { Waiting } from "./contact_records.ts";
import type { Contact } from "./snapshots.ts";

/** The part of `Client` that makes contacts: by a link, or by an exact handle. */
export class Meeting extends Opening {
  /**
   * Make a link that lets somebody become a contact.
   *
   * A single-use link is accepted by itself; for others each request waits (`requests`).
   */
  async createInvite(options: InviteOptions = {}): Promise<string> {
    const { singleUse = true, days = 7 } = options;
    return await this.session.firstContact.createInvite({ singleUse, days });
  }

  /**
   * Ask the maker of a link to become a contact.
   *
   * @returns The contact, or undefined if they have not answered yet; they will when they are back.
   * @throws PeerError MISTYPED, EXPIRED; REFUSED, it is for another server.
   * @throws AuthorizationError REFUSED, it was used or withdrawn. Nothing was sent to anybody.
   * @throws UnavailableError It is kept and sent when the server is back.
   */
  async acceptInvite(link: string, options: WaitOptions = {}): Promise<Contact | undefined> {
    const token = await this.session.firstContact.follow(link);
    const account = await this.session.firstContact.answered(token, options.waitS ?? 0);
    return account && this.snapshots.contact(account);
  }

  /**
   * Ask whoever has exactly this handle to become a contact.
   *
   * It takes a second or two of work, always. Somebody who takes such requests, somebody who does
   * not, and a handle that nobody has are alike: nothing in time, size or outcome tells them apart.
   * A look-up cannot prove that the server led us to the right person: compare safety numbers with a
   * contact that was made this way.
   *
   * @returns The contact, or undefined if nobody has agreed yet; perhaps nobody ever will. Asking
   *   again repeats the request.
   * @throws PeerError MISTYPED, no whole handle; UNEXPECTED, our own.
   * @throws UnavailableError The server cannot be reached. Nothing was sent.
   */
  async requestContact(handle: string, options: WaitOptions = {}): Promise<Contact | undefined> {
    const token = await this.session.byHandle.ask(handle);
    const account = await this.session.firstContact.answered(token, options.waitS ?? 0);
    return account && this.snapshots.contact(account);
  }

  /**
   * Let whoever knows our exact handle ask to become a contact, or hide it (the default).
   *
   * Requests come to this device only, the one on which it was turned on last; they wait there
   * (`requests`), 50 at most. Other devices of the account do not see them, and if this device is
   * shut out, the handle is hidden again.
   *
   * @throws UnavailableError The server cannot be reached. Say it again.
   */
  async setFindable(findable: boolean): Promise<void> {
    await this.session.byHandle.setFindable(findable);
    this.session.housekeeping.kick();
  }

  /** Say whether requests by our handle come to this device; throws UnavailableError. */
  async findable(): Promise<boolean> {
    return await this.session.byHandle.findable();
  }

  /** Accept somebody who waits. */
  async approveRequest(request: Waiting): Promise<void> {
    await this.session.firstContact.approve(request.account);
    this.session.housekeeping.kick();
  }

  /** Drop somebody's request; they are not told. */
  async declineRequest(request: Waiting): Promise<void> {
    await this.session.firstContact.decline(request.account);
  }
}
