/** Authenticators for pages in tests: Chromium's virtual one, and a passkey that is lent out. */

import type { Page } from "puppeteer-core";

/** Give a page an authenticator that a person's finger is always on. */
export async function withAuthenticator(page: Page, { hasPrf }: { hasPrf: boolean }) {
  const session = await page.createCDPSession();
  await session.send("WebAuthn.enable", { enableUI: false });
  await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

/** What goes between two pages: bytes as numbers. */
type Lent = Readonly<{
  id: string;
  rawId: number[];
  response: Record<string, number[]>;
  prf: number[];
}>;
type Asked = Readonly<{ challenge: number[]; salt: number[]; verification: string }>;

/**
 * Let a page use the passkeys of another, as a phone lends or syncs them.
 *
 * The debugger hands out a virtual passkey without its PRF secret, so the second page asks the first:
 * what comes is what Chromium's own WebAuthn made there, for the same origin.
 */
export async function withPasskeysOf(page: Page, owner: Page): Promise<void> {
  await page.exposeFunction("lentPasskey", async (asked: Asked): Promise<Lent> => {
    await owner.bringToFront();
    const lent = await owner.evaluate(useHere, asked);
    await page.bringToFront();
    return lent;
  });
  await page.evaluateOnNewDocument(borrow);
}

async function useHere({ challenge, salt, verification }: Asked): Promise<Lent> {
  const numbers = (data: ArrayBuffer | null) => [...new Uint8Array(data ?? new ArrayBuffer(0))];
  const used = (await navigator.credentials.get({
    publicKey: {
      challenge: Uint8Array.from(challenge),
      userVerification: verification as UserVerificationRequirement,
      extensions: { prf: { eval: { first: Uint8Array.from(salt) } } },
    },
  })) as PublicKeyCredential;
  const response = used.response as AuthenticatorAssertionResponse;
  const { prf } = used.getClientExtensionResults();
  return {
    id: used.id,
    rawId: numbers(used.rawId),
    response: {
      clientDataJSON: numbers(response.clientDataJSON),
      authenticatorData: numbers(response.authenticatorData),
      signature: numbers(response.signature),
      userHandle: numbers(response.userHandle),
    },
    prf: numbers((prf?.results?.first as ArrayBuffer | undefined) ?? null),
  };
}

function borrow(): void {
  type Lender = { lentPasskey: (asked: object) => Promise<Lent> };
  const bytes = (numbers: number[] = []) => Uint8Array.from(numbers).buffer;
  const numbers = (source: BufferSource | undefined) =>
    source === undefined
      ? []
      : [...new Uint8Array(source instanceof ArrayBuffer ? source : source.buffer)];
  const get = async ({ publicKey }: CredentialRequestOptions) => {
    const lent = await (globalThis as unknown as Lender).lentPasskey({
      challenge: numbers(publicKey?.challenge),
      salt: numbers(publicKey?.extensions?.prf?.eval?.first),
      verification: publicKey?.userVerification ?? "",
    });
    const { clientDataJSON, authenticatorData, signature, userHandle } = lent.response;
    return {
      id: lent.id,
      rawId: bytes(lent.rawId),
      type: "public-key",
      response: {
        clientDataJSON: bytes(clientDataJSON),
        authenticatorData: bytes(authenticatorData),
        signature: bytes(signature),
        userHandle: bytes(userHandle),
      },
      getClientExtensionResults: () => ({ prf: { results: { first: bytes(lent.prf) } } }),
    };
  };
  Object.defineProperty(navigator.credentials, "get", { value: get });
}
