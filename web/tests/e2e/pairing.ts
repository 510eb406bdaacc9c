/** A person takes one more browser into the account, by link and six digits, as the pages do it. */

import assert from "node:assert/strict";
import { Person } from "./person.ts";
import { type Kind, PASSWORD, until } from "./stage.ts";

/** The six digits that a page shows to be compared. */
async function digits(person: Person): Promise<string> {
  return until("six digits", () =>
    person.page.evaluate(() => {
      const shown = document.querySelector(".digits")?.textContent ?? "";
      return shown.replaceAll(/\D/g, "") || undefined;
    }),
  );
}

/** Sign in on a fresh browser; `first` looks at the digits and lets it in. */
export async function secondDevice(first: Person, kind: Kind): Promise<Person> {
  const handle = await first.handle();
  const second = await Person.arrive(first.stage, kind);
  await second.press("welcome.signIn");
  await second.type("field.handle", handle);
  await second.type("field.password", PASSWORD);
  await second.press("signin.submit");
  await second.see("pair.title");
  await second.press("do.copy");
  await first.page.goto(await second.copied());
  await first.press("approve.start");
  const shown = await digits(first);
  assert.match(shown, /^\d{6}$/);
  assert.equal(shown, await digits(second));
  await first.press("approve.same");
  await second.see("home.title");
  return second;
}

/** Sign in on a fresh browser with the recovery code of `first`: no other device is asked. */
export async function byRecoveryCode(first: Person, kind: Kind): Promise<Person> {
  const handle = await first.handle();
  const fresh = await Person.arrive(first.stage, kind);
  await fresh.press("welcome.signIn");
  await fresh.type("field.handle", handle);
  await fresh.choose(fresh.words("signin.byCode"));
  await fresh.type("signin.code", first.recoveryCode);
  await fresh.type("field.newPassword", PASSWORD);
  await fresh.press("signin.submit");
  await fresh.see("home.title");
  return fresh;
}
