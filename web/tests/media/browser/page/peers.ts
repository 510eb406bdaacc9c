/** Every peer connection that anybody makes on this page, in order, those of scouts among them. */

export const Original = RTCPeerConnection;

export const made: RTCPeerConnection[] = [];

globalThis.RTCPeerConnection = class extends Original {
  constructor(configuration?: RTCConfiguration) {
    super(configuration);
    made.push(this);
  }
};
