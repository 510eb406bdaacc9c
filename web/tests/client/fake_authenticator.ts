/**
 * An authenticator in software behind `navigator.credentials`: real keys and signatures, and PRF.
 *
 * What a browser and a phone do between them; whoever verifies is the real server.
 */

import {
  createHash,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { encode } from "cborg";

/** When the authenticator gives its key. */
export type Gives = "always" | "when used" | "never";

type Kept = Readonly<{ id: Buffer; userHandle: Buffer; key: KeyObject; prfKey: Buffer }>;
type Extensions = Readonly<{ prf?: { eval: { first: Uint8Array } } }>;
type Named = Readonly<{ id: BufferSource }>;

const PRESENT = 0x01;
const VERIFIED = 0x04;
const ATTESTED = 0x40;

export class FakeAuthenticator {
  readonly passkeys: Kept[] = [];
  /** How often the person was asked. */
  asked = 0;
  /** Names under which passkeys were made. */
  readonly names: string[] = [];
  /** What a page said that servers do not know (any more). */
  readonly forgotten: string[] = [];
  /** Every key that was handed out, to look whether it was wiped. */
  readonly keys: Uint8Array[] = [];
  gives: Gives = "always";
  verifies = true;
  /** The name of the error that the browser throws instead of asking. */
  fails: string | undefined;
  /** The origin of the page. */
  origin: string;
  readonly #rpId = "localhost";

  /** @param origin The server's; a page is at `localhost`, not at an address. */
  constructor(origin: string) {
    this.origin = origin.replace("127.0.0.1", "localhost");
  }

  /** Put it behind `navigator.credentials`; returns what takes it away. */
  plugIn(): () => void {
    const has = (target: object, name: string, value: unknown) =>
      Object.defineProperty(target, name, { value, configurable: true, writable: true });
    const credentials = {
      create: (options: CredentialCreationOptions) => this.#create(options),
      get: (options: CredentialRequestOptions) => this.#get(options),
    };
    const signalUnknownCredential = async ({ credentialId }: { credentialId: string }) => {
      this.forgotten.push(credentialId);
    };
    has(navigator, "credentials", credentials);
    const PublicKeyCredential = Object.assign(() => undefined, { signalUnknownCredential });
    has(globalThis, "PublicKeyCredential", PublicKeyCredential);
    has(globalThis, "location", new URL(this.origin));
    return () => {
      for (const name of ["PublicKeyCredential", "location"])
        Reflect.deleteProperty(globalThis, name);
      Reflect.deleteProperty(navigator, "credentials");
    };
  }

  /** Another authenticator that has the same passkeys, as a synced phone has. */
  twin(): FakeAuthenticator {
    const other = new FakeAuthenticator(this.origin);
    other.passkeys.push(...this.passkeys);
    return other;
  }

  async #create({ publicKey }: CredentialCreationOptions): Promise<unknown> {
    this.#ask();
    if (publicKey === undefined) throw new TypeError("no public key");
    const { attestation, authenticatorSelection, excludeCredentials = [] } = publicKey;
    const wants = [
      attestation,
      authenticatorSelection?.residentKey,
      authenticatorSelection?.userVerification,
    ];
    if (wants.join() !== "none,required,required") throw new TypeError(`asked for ${wants}`);
    if (this.#among(excludeCredentials).length > 0) throw new DOMException("", "InvalidStateError");
    const { privateKey, publicKey: verifying } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const made: Kept = {
      id: randomBytes(32),
      userHandle: bytes(publicKey.user.id),
      key: privateKey,
      prfKey: randomBytes(32),
    };
    // A second passkey for one user of one site takes the place of the first (WebAuthn, 6.3.2).
    const before = this.passkeys.findIndex((one) => one.userHandle.equals(made.userHandle));
    if (before >= 0) this.passkeys.splice(before, 1);
    this.passkeys.push(made);
    this.names.push(publicKey.user.name);
    const { x = "", y = "" } = verifying.export({ format: "jwk" });
    const cose = encode(
      new Map<number, unknown>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, new Uint8Array(Buffer.from(x, "base64url"))],
        [-3, new Uint8Array(Buffer.from(y, "base64url"))],
      ]),
    );
    const length = Buffer.of(made.id.length >> 8, made.id.length & 255);
    const attested = Buffer.concat([Buffer.alloc(16), length, made.id, cose]);
    const authData = new Uint8Array(Buffer.concat([this.#data(ATTESTED), attested]));
    const response = {
      clientDataJSON: arrayBuffer(this.#clientData("webauthn.create", publicKey.challenge)),
      attestationObject: arrayBuffer(Buffer.from(encode({ fmt: "none", attStmt: {}, authData }))),
    };
    const extensions = publicKey.extensions as Extensions | undefined;
    const given = this.gives === "always" ? this.#prf(made, extensions) : undefined;
    const prf = { enabled: this.gives !== "never", ...given };
    return this.#credential(made, response, this.gives === "never" ? {} : { prf });
  }

  async #get({ publicKey }: CredentialRequestOptions): Promise<unknown> {
    this.#ask();
    if (publicKey?.userVerification !== "required") throw new TypeError("without verification");
    const { allowCredentials } = publicKey;
    const [used] = allowCredentials === undefined ? this.passkeys : this.#among(allowCredentials);
    if (used === undefined) throw new DOMException("", "NotAllowedError");
    const clientData = this.#clientData("webauthn.get", publicKey.challenge);
    const data = this.#data(0);
    const signed = Buffer.concat([data, createHash("sha256").update(clientData).digest()]);
    const response = {
      clientDataJSON: arrayBuffer(clientData),
      authenticatorData: arrayBuffer(data),
      signature: arrayBuffer(sign("sha256", signed, used.key)),
      userHandle: arrayBuffer(used.userHandle),
    };
    const extensions = publicKey.extensions as Extensions | undefined;
    const prf = this.gives === "never" ? {} : { prf: this.#prf(used, extensions) };
    return this.#credential(used, response, prf);
  }

  #ask(): void {
    this.asked += 1;
    if (this.fails !== undefined) throw new DOMException("", this.fails);
  }

  #among(ids: readonly Named[]): readonly Kept[] {
    return this.passkeys.filter((kept) => ids.some(({ id }) => bytes(id).equals(kept.id)));
  }

  #data(more: number): Buffer {
    const rpHash = createHash("sha256").update(this.#rpId).digest();
    const flags = PRESENT | (this.verifies ? VERIFIED : 0) | more;
    return Buffer.concat([rpHash, Buffer.of(flags), Buffer.alloc(4)]);
  }

  #clientData(type: string, challenge: BufferSource): Buffer {
    const said = { type, challenge: bytes(challenge).toString("base64url"), origin: this.origin };
    return Buffer.from(JSON.stringify({ ...said, crossOrigin: false }));
  }

  #prf(kept: Kept, extensions: Extensions | undefined) {
    const salt = extensions?.prf?.eval.first;
    // A browser takes bytes and nothing else here; text would be another salt.
    if (!(salt instanceof Uint8Array)) throw new TypeError("the salt is no Uint8Array");
    const inner = createHash("sha256").update("WebAuthn PRF\0").update(salt).digest();
    const first = arrayBuffer(createHmac("sha256", kept.prfKey).update(inner).digest());
    this.keys.push(new Uint8Array(first));
    return { results: { first } };
  }

  #credential(kept: Kept, response: object, results: object): unknown {
    return {
      id: kept.id.toString("base64url"),
      rawId: arrayBuffer(kept.id),
      type: "public-key",
      authenticatorAttachment: "platform",
      response,
      getClientExtensionResults: () => results,
    };
  }
}

function bytes(source: BufferSource): Buffer {
  return source instanceof ArrayBuffer
    ? Buffer.from(source)
    : Buffer.from(source.buffer, source.byteOffset, source.byteLength);
}

function arrayBuffer(data: Buffer): ArrayBuffer {
  return new Uint8Array(data).buffer;
}
