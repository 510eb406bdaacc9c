/** Moving to another server: what screens ask, as calls of the client. */

import type { Moved } from "../client/client.ts";
import { wipe } from "../core/bytes.ts";
import { Code, UsageError, VisavisError } from "../core/errors.ts";
import { profile } from "./live_actions.ts";
import type { LiveModel } from "./live_model.ts";
import type { Brought, MoveActions, MoveRefusal } from "./model_move.ts";

const INVITE_DAYS = 30;
/** A page that nobody sees is not drawn: then it goes on after this. */
const UNSEEN_MS = 200;

/** What was opened, as long as a screen shows it. */
const OPENED = new WeakMap<Brought, Moved>();

const loadMove = () => import("../client/move.ts");

export function moveActions(model: LiveModel): MoveActions {
  return {
    async make(proof, passphrase) {
      const moving = await model.client().moving();
      await drawn();
      const { data, ...made } = await moving.out(
        proof,
        passphrase === undefined ? {} : { passphrase },
      );
      return { file: new Blob([data], { type: "application/octet-stream" }), ...made };
    },
    async check(file) {
      const { readWork } = await loadMove();
      return await refusalOf(async () => void readWork(await bytesOf(file)));
    },
    async open(file, passphrase) {
      const { callsOf, readFile } = await loadMove();
      await drawn();
      let brought: Brought | undefined;
      const refused = await refusalOf(async () => {
        const moved = await readFile(await bytesOf(file), passphrase);
        const { handle, contacts } = moved;
        brought = { handle, contacts: contacts.length, calls: callsOf(moved).length };
        OPENED.set(brought, moved);
      });
      if (refused !== undefined) return { refused };
      if (brought === undefined) throw new UsageError("a file neither opened nor refused");
      return brought;
    },
    async signUp(link, name, password, brought) {
      const moved = OPENED.get(brought);
      if (moved === undefined) throw new UsageError("no file was opened");
      const { Client } = await import("../client/client.ts");
      const { origin } = location;
      const way = password === undefined ? {} : { password };
      const client = await Client.moveIn({ ...profile(), origin, link, name, ...way }, moved);
      wipe(moved.identity);
      OPENED.delete(brought);
      await model.attach(client, false);
    },
    invite: () => model.client().createInvite({ singleUse: false, days: INVITE_DAYS }),
    async message(link, words) {
      const moving = await model.client().moving();
      try {
        return { text: moving.message(link, words) };
      } catch (error) {
        const code = error instanceof VisavisError ? error.code : undefined;
        if (code === Code.REFUSED) return { wrong: "other" };
        if (code === Code.UNEXPECTED) return { wrong: "here" };
        throw error;
      }
    },
    async tell(people, link, words) {
      const moving = await model.client().moving();
      moving.message(link, words);
      const failed: string[] = [];
      for (const id of people) {
        try {
          await moving.tell(model.contact(id), link, words);
        } catch (error) {
          if (!(error instanceof VisavisError)) throw error;
          failed.push(id);
        }
      }
      return failed;
    },
  };
}

/** Say why a file is refused, if it is. */
async function refusalOf(work: () => Promise<void>): Promise<MoveRefusal | undefined> {
  const { MoveFileError } = await loadMove();
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof MoveFileError) return error.why;
    // What the browser says of a file that is gone, or that it may not read.
    if (error instanceof DOMException) return "unreadable";
    throw error;
  }
}

/** Read a file; of one that is too long, as much as shows that it is. */
async function bytesOf(file: File): Promise<Uint8Array<ArrayBuffer>> {
  const { LARGEST } = await loadMove();
  return new Uint8Array(await file.slice(0, LARGEST + 1).arrayBuffer());
}

/** Let the page be drawn once more: the hash holds it up for a second or two. */
function drawn(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, UNSEEN_MS);
  });
}
