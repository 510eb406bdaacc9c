/** What travels to the SFU, and what of its answer is believed. */

import { afterEach, expect, test, vi } from "vitest";
import { OPUS_PARAMETERS } from "../../media/sdp_guard.ts";
import { bare, SfuPeer, withOurSound } from "../../media/sfu_peer.ts";

afterEach(() => vi.unstubAllGlobals());

test("no candidate is in a description that leaves", () => {
  const kept = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n";
  const line = "a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\n";
  expect(bare(`${kept}${line}a=end-of-candidates\r\na=sendonly\r\n`)).toBe(`${kept}a=sendonly\r\n`);
});

test("CK-893: sound is sent with our parameters, whatever the answer says", () => {
  const head = "v=0\r\ns=-\r\n";
  const audio = (parameters: string) =>
    `m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n${parameters}`;
  const video = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=fmtp:97 apt=96\r\n";
  const theirs = "a=fmtp:111 usedtx=1;cbr=0\r\na=ptime:60\r\na=maxptime:60\r\n";
  const ours = `a=fmtp:111 ${OPUS_PARAMETERS}\r\n`;
  expect(withOurSound(head + audio(theirs) + video)).toBe(head + audio(ours) + video);
  expect(withOurSound(head + video + audio(""))).toBe(head + video + audio(ours));
});

/** A browser's connection that takes one description and no other. */
class Taking extends EventTarget {
  closed = false;
  getTransceivers(): readonly unknown[] {
    return [];
  }
  async setRemoteDescription({ sdp }: RTCSessionDescriptionInit): Promise<void> {
    if (sdp !== "fits") throw new DOMException("no", "InvalidAccessError");
  }
  close(): void {
    this.closed = true;
  }
}

test("CK-892: a description that does not fit is the SFU's breach", async () => {
  vi.stubGlobal("RTCPeerConnection", Taking);
  vi.stubGlobal("RTCRtpScriptTransform", class {});
  const peer = new SfuPeer({} as Worker);
  await expect(peer.setRemote("answer", "fits")).resolves.toBeUndefined();
  await expect(peer.setRemote("answer", "other")).rejects.toThrow("CK-892");
  peer.close();
  await expect(peer.setRemote("answer", "other")).rejects.toThrow("closed meanwhile");
});

test("no place of one connection is a place of another", () => {
  vi.stubGlobal("RTCPeerConnection", Taking);
  vi.stubGlobal("RTCRtpScriptTransform", class {});
  const [one, other] = [new SfuPeer({} as Worker), new SfuPeer({} as Worker)];
  expect(one.placeOf("0")).not.toBe(other.placeOf("0"));
  expect(one.placeOf("0")).toBe(one.placeOf("0"));
});
