/** Gives a file that was made in the page to the browser to save. */

/** How long the file stays reachable for the download that was begun. */
const KEEP_MS = 60_000;

export function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS);
}
