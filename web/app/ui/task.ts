/** One thing a person asked for: under way, done, or failed with a sentence. */

import { useCallback, useRef, useState } from "react";
import { type Code, PeerError, VisavisError } from "../../core/errors.ts";
import { en } from "../i18n/en.ts";
import type { FirstKey } from "../i18n/text.ts";

/** Return the sentence for anything that was thrown. */
export function sentence(error: unknown): FirstKey {
  return error instanceof VisavisError ? sentenceOf(error.code, error) : "error.bug";
}

/** Return the sentence for a code. */
export function sentenceOf(code: Code, error?: VisavisError): FirstKey {
  const key = `error.${code}`;
  if (Object.hasOwn(en, key)) return key as FirstKey;
  return error === undefined || error instanceof PeerError ? "error.peer" : "error.bug";
}

/** What is done sooner shows no sign of work: it would flicker, and drawing it takes time from the work. */
const BUSY_AFTER_MS = 150;

export type Task = Readonly<{
  busy: boolean;
  failed: FirstKey | undefined;
  /** Do it, unless it is being done; the promise says whether it succeeded. */
  run: (work: () => Promise<unknown>) => Promise<boolean>;
  clear: () => void;
}>;

export function useTask(): Task {
  const [state, setState] = useState<{ busy: boolean; failed: FirstKey | undefined }>({
    busy: false,
    failed: undefined,
  });
  const under = useRef(false);
  const run = useCallback(async (work: () => Promise<unknown>) => {
    if (under.current) return false;
    under.current = true;
    // Gone at once: said once more, it would else not be read out once more.
    setState((before) => (before.failed ? { busy: false, failed: undefined } : before));
    const timer = setTimeout(() => setState({ busy: true, failed: undefined }), BUSY_AFTER_MS);
    try {
      await work();
      setState({ busy: false, failed: undefined });
      return true;
    } catch (error) {
      setState({ busy: false, failed: sentence(error) });
      return false;
    } finally {
      clearTimeout(timer);
      under.current = false;
    }
  }, []);
  const clear = useCallback(() => setState({ busy: false, failed: undefined }), []);
  return { ...state, run, clear };
}
