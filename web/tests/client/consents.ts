/** Consent keys for tests, and key packages that have one. */

import { OwnConsent } from "../../client/consent_key.ts";
import { type KeyPackageBundle, newKeyPackage } from "../../core/mls/index.ts";
import { rng } from "./call_seam.ts";

type Options = Parameters<typeof newKeyPackage>[0];

const KEPT = new WeakMap<KeyPackageBundle, OwnConsent>();

export function newConsent({ never = false } = {}): Promise<OwnConsent> {
  return OwnConsent.make({ never }, rng);
}

/** Make a key package with a consent key, or this one. */
export async function consenting(
  options: Omit<Options, "rng">,
  own?: OwnConsent,
): Promise<KeyPackageBundle> {
  const consent = own ?? (await newConsent());
  const leafExtensions = [consent.extension()];
  const bundle = await newKeyPackage({ rng, leafExtensions, ...options });
  KEPT.set(bundle, consent);
  return bundle;
}

/** Return the consent key that a key package was made with. */
export function consentFor(bundle: KeyPackageBundle): OwnConsent {
  const consent = KEPT.get(bundle);
  if (consent === undefined) throw new Error("made without a consent key");
  return consent;
}
