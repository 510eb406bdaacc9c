/**
 * What a group call sends, where there is one section for pictures: in the mesh, and in a call of two.
 * A shared screen goes in the camera's place there.
 */

import type { GroupLocal } from "./group_interfaces.ts";
import type { LocalMedia } from "./interfaces.ts";
import type { SentTracks } from "./sfu_publish.ts";

/** Return the same devices with one picture; closing it closes them. */
export function inOneSection(local: GroupLocal): LocalMedia {
  const one = ({ audio, camera, screen }: SentTracks) => {
    return { audio, video: screen ?? camera, isScreen: screen !== undefined };
  };
  return {
    get tracks() {
      return one(local.tracks);
    },
    start: () => local.start(),
    onTracks: (listener) => local.onTracks((tracks) => listener(one(tracks))),
    closeVideo: () => local.closeVideo(),
    close: () => local.close(),
  };
}
