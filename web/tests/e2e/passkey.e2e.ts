/** Passkeys in a real browser: an account without a password, opened by its passkey elsewhere. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { withAuthenticator, withPasskeysOf } from "./passkeys.ts";
import { Person } from "./person.ts";
import { PASSWORD, PORT, Stage } from "./stage.ts";

const stage = new Stage();
before(() => stage.startServer());
after(() => stage.close());

test("a passkey makes an account and opens it in a second browser; the first is told", async () => {
  const anna = await Person.arrive(stage, "chromium", stage.signupLink(), (page) =>
    withAuthenticator(page, { hasPrf: true }),
  );
  await anna.type("signup.name", "anna");
  await anna.press("passkey.signUp");
  await anna.comeHome();

  const second = await Person.arrive(stage, "chromium", stage.origin, (page) =>
    withPasskeysOf(page, anna.page),
  );
  await second.press("welcome.signIn");
  await second.press("passkey.signIn");
  await second.see("home.title");
  await anna.see("alert.newDevice");

  // The first one shuts it out again, with the passkey in the password's place.
  await anna.press("alert.look");
  await anna.press("devices.revoke");
  await anna.press("passkey.use");
  await anna.see("devices.revoked");
  await second.see("shutOut.title");
  assert.deepEqual([...anna.complaints, ...second.complaints], []);
  await anna.leave();
  await second.leave();
});

test("an authenticator without a key is refused in plain words; the password is at hand", async () => {
  const nora = await Person.arrive(stage, "chromium", stage.signupLink(), (page) =>
    withAuthenticator(page, { hasPrf: false }),
  );
  await nora.type("signup.name", "nora");
  await nora.press("passkey.signUp");
  await nora.see("error.passkey_no_key");
  await nora.press("passkey.signUpPassword");
  await nora.type("field.password", PASSWORD);
  await nora.press("signup.submit");
  await nora.comeHome();
  assert.deepEqual(nora.complaints, []);
  await nora.leave();
});

test("a page that was opened at a number says why there are no passkeys", async () => {
  const who = await Person.arrive(stage, "chromium", `http://127.0.0.1:${PORT}`);
  await who.press("welcome.signIn");
  await who.see("passkey.address");
  const offered = await who.page.$$(`::-p-aria(${who.words("passkey.signIn")})`);
  assert.equal(offered.length, 0);
  await who.leave();
});
