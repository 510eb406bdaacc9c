/**
 * Cameras and microphones that can be unplugged while a page uses them.
 *
 * A browser's fake devices have no plug. So the page is put in the place of somebody whose devices
 * have one, by the same three signs by which a browser tells: the track has ended, the list has
 * changed, the device is neither in the list nor opened any more. Until then all is the browser's own.
 */

import type { Page } from "puppeteer-core";

export type Plug = "camera" | "microphone";

type Plugs = {
  unplugged: Set<Plug>;
  tracks: MediaStreamTrack[];
  changed: () => void;
};

function install(): void {
  const { mediaDevices } = navigator;
  if (mediaDevices === undefined) return;
  const plugs: Plugs = {
    unplugged: new Set(),
    tracks: [],
    changed: () => mediaDevices.dispatchEvent(new Event("devicechange")),
  };
  (globalThis as unknown as { plugs: Plugs }).plugs = plugs;
  const list = mediaDevices.enumerateDevices.bind(mediaDevices);
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  const kinds = { videoinput: "camera", audioinput: "microphone" } as Record<string, Plug>;
  mediaDevices.enumerateDevices = async () =>
    (await list()).filter(({ kind }) => {
      const plug = kinds[kind];
      return plug === undefined || !plugs.unplugged.has(plug);
    });
  mediaDevices.getUserMedia = async (wanted) => {
    const gone =
      (wanted?.video && plugs.unplugged.has("camera")) ||
      (wanted?.audio && plugs.unplugged.has("microphone"));
    if (gone) throw new DOMException("Requested device not found", "NotFoundError");
    const stream = await open(wanted);
    plugs.tracks.push(...stream.getTracks());
    return stream;
  };
}

/** Give the devices of a page plugs. Before it is loaded. */
export async function havePlugs(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(install);
}

export async function unplug(page: Page, plug: Plug): Promise<void> {
  await page.evaluate((which) => {
    const { plugs } = globalThis as unknown as { plugs: Plugs };
    plugs.unplugged.add(which);
    const kind = which === "camera" ? "video" : "audio";
    for (const track of plugs.tracks.filter((one) => one.kind === kind)) {
      if (track.readyState === "ended") continue;
      track.stop(); // tells nobody
      track.dispatchEvent(new Event("ended"));
    }
    plugs.changed();
  }, plug);
}

export async function plugIn(page: Page, plug: Plug): Promise<void> {
  await page.evaluate((which) => {
    const { plugs } = globalThis as unknown as { plugs: Plugs };
    plugs.unplugged.delete(which);
    plugs.changed();
  }, plug);
}
