/** When a group call's media goes from the mesh to the SFU (`group_media.ts`). */

/** Members of a mesh. One more and each would send its picture four times. */
export const MESH_MOST = 3;

/** Seconds for which the mesh stays while the SFU does not bring everybody yet. */
export const CHANGE_S = 5;
