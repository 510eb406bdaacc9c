/** Where passkeys can be: names over TLS and localhost, never numbers. */

import { expect, test } from "vitest";
import { passkeysHere } from "../../app/passkey_here.ts";

const PublicKeyCredential = class {} as unknown as typeof globalThis.PublicKeyCredential;
const able = { PublicKeyCredential, isSecureContext: true };

test.each([
  ["calls.example.org", able, "possible"],
  ["localhost", able, "possible"],
  ["127.0.0.1", able, "address"],
  ["10.0.0.7", able, "address"],
  ["[::1]", able, "address"],
  ["10.0.0.7.example.org", able, "possible"],
  ["calls.example.org", { ...able, isSecureContext: false }, "browser"],
  ["calls.example.org", { isSecureContext: true }, "browser"],
] as const)("%s %j: %s", (hostname, browser, expected) => {
  expect(passkeysHere({ hostname }, browser)).toBe(expected);
});
