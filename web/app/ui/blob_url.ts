/** An address for a picture that this page holds, for as long as it is shown. */

import { useEffect, useState } from "react";

const KEEP_MS = 60_000;

export function useBlobUrl(blob: Blob | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (blob === undefined) return;
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => {
      setUrl(undefined);
      // The image may be about to load it.
      setTimeout(() => URL.revokeObjectURL(made), KEEP_MS);
    };
  }, [blob]);
  return url;
}
