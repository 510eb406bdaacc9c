/**
 * Sections of what a member sends to the SFU, by name: so whoever watches a feed knows what is in it
 * (docs/protocol/group-call.md, "Media in browsers").
 */

/** What a section of somebody's feed carries. */
export type Role = "audio" | "camera" | "screen";

/** Their names: the places in which they are described. */
export const SECTIONS: Readonly<Record<Role, string>> = { audio: "0", camera: "1", screen: "2" };

/** Return what a section carries; undefined: nothing that anybody of us sends. */
export function roleOf(source: string): Role | undefined {
  return (["audio", "camera", "screen"] as const).find((role) => SECTIONS[role] === source);
}
