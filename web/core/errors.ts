/**
 * Every error this product raises on purpose (twin of `src/visavis/core/errors.py`).
 *
 * Messages never carry a payload, key, address or text from a peer. All failures of decryption or
 * look-up towards a peer share one code, so that nobody can learn from the difference.
 */

import { Code, MEANINGS } from "./codes.ts";

export { Code, MEANINGS, type Meaning } from "./codes.ts";

/** Base of all errors raised on purpose. */
export class VisavisError extends Error {
  readonly code: Code;
  /** For developers; never a payload, key, address or peer text. */
  readonly detail: string;

  constructor(code: Code, detail = "") {
    super(detail ? `${code}: ${detail}` : code);
    this.name = new.target.name;
    this.code = code;
    this.detail = detail;
  }

  /** Return the sentence a person reads. */
  describe(): string {
    return MEANINGS[this.code].person;
  }
}

/** Our own code called something in a state where the call makes no sense. */
export class UsageError extends VisavisError {
  constructor(detail: string) {
    super(Code.USAGE, detail);
  }
}

/** The other side broke the rules; our state is unchanged. */
export class PeerError extends VisavisError {}

/** Not allowed. */
export class AuthorizationError extends VisavisError {}

/** Could not be done now; a retry may help. */
export class UnavailableError extends VisavisError {}

/** State unknown: stop, and recover on the next start. */
export class FatalError extends VisavisError {}
