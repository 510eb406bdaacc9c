/** Descriptions for tests: ours, from Python's encoder, and what browsers wrote for us. */

import type { Bytes } from "../../core/bytes.ts";
import type { Description, Section } from "../../media/sdp_guard.ts";

export const PRINT: Bytes = Uint8Array.from({ length: 32 }, (_, i) => i);

export const AUDIO: Section = {
  direction: "sendrecv",
  payloadType: 96,
  ssrc: 1001,
  midExtension: 1,
  rtxPayloadType: undefined,
  rtxSsrc: undefined,
  timeExtension: undefined,
};

export const VIDEO: Section = {
  direction: "sendrecv",
  payloadType: 97,
  ssrc: 1002,
  midExtension: 1,
  rtxPayloadType: 98,
  rtxSsrc: 1003,
  timeExtension: 3,
};

export const OFFER: Description = {
  kind: "offer",
  ufrag: "abcd",
  password: "x".repeat(22),
  fingerprint: PRINT,
  setup: "actpass",
  audio: AUDIO,
  video: VIDEO,
};

export const ANSWER: Description = { ...OFFER, kind: "answer", setup: "active" };

const FINGERPRINT =
  "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";

/** `Description.encode()` of `sdp_guard.py` for the values of `OFFER`. */
export const PYTHON_OFFER = lines(`v=0
o=- 0 0 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=mid:0
a=msid:visavis audio
a=rtcp-mux
a=ssrc:1001 cname:visavis
a=rtpmap:96 opus/48000/2
a=fmtp:96 cbr=1;usedtx=0;useinbandfec=0
a=ice-ufrag:abcd
a=ice-pwd:xxxxxxxxxxxxxxxxxxxxxx
a=ice-options:trickle
a=fingerprint:sha-256 ${FINGERPRINT}
a=setup:actpass
m=video 9 UDP/TLS/RTP/SAVPF 97 98
c=IN IP4 0.0.0.0
a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=mid:1
a=msid:visavis video
a=rtcp-mux
a=ssrc-group:FID 1002 1003
a=ssrc:1002 cname:visavis
a=ssrc:1003 cname:visavis
a=rtpmap:97 VP8/90000
a=rtcp-fb:97 nack
a=rtcp-fb:97 nack pli
a=rtcp-fb:97 goog-remb
a=rtpmap:98 rtx/90000
a=fmtp:98 apt=97
a=ice-ufrag:abcd
a=ice-pwd:xxxxxxxxxxxxxxxxxxxxxx
a=ice-options:trickle
a=fingerprint:sha-256 ${FINGERPRINT}
a=setup:actpass
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:2
a=sctp-port:5000
a=max-message-size:65536
a=ice-ufrag:abcd
a=ice-pwd:xxxxxxxxxxxxxxxxxxxxxx
a=ice-options:trickle
a=fingerprint:sha-256 ${FINGERPRINT}
a=setup:actpass
`);

/** Chromium 156, offer, with our codecs; the address is an example. */
export const CHROMIUM_OFFER = lines(`v=0
o=- 6217713576449360798 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 30156 UDP/TLS/RTP/SAVPF 111
c=IN IP4 192.0.2.7
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:3939201112 1 udp 58662911 192.0.2.7 30156 typ relay raddr 0.0.0.0 rport 0 generation 0 network-id 1
a=ice-ufrag:fhwM
a=ice-pwd:exYz7pvx4gJ3BfSRZanndQDP
a=ice-options:trickle
a=fingerprint:sha-256 ${FINGERPRINT}
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:- 7265fe42-1be0-41d3-a441-bd2ffc2f92f4
a=rtcp-mux
a=rtcp-rsize
a=rtcp-xr:rcvr-rtt=all
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=ssrc:952305024 cname:riTyREAZvsztoEXU
a=ssrc:952305024 msid:- 7265fe42-1be0-41d3-a441-bd2ffc2f92f4
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:fhwM
a=ice-pwd:exYz7pvx4gJ3BfSRZanndQDP
a=ice-options:trickle
a=fingerprint:sha-256 ${FINGERPRINT}
a=setup:actpass
a=mid:1
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:13 urn:3gpp:video-orientation
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=sendrecv
a=msid:- abb474df-b9e3-471f-96bc-4e201115d8a8
a=rtcp-mux
a=rtcp-rsize
a=rtcp-xr:rcvr-rtt=all
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=ssrc-group:FID 3532052516 1231727493
a=ssrc:3532052516 cname:riTyREAZvsztoEXU
a=ssrc:3532052516 msid:- abb474df-b9e3-471f-96bc-4e201115d8a8
a=ssrc:1231727493 cname:riTyREAZvsztoEXU
a=ssrc:1231727493 msid:- abb474df-b9e3-471f-96bc-4e201115d8a8
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:fhwM
a=ice-pwd:exYz7pvx4gJ3BfSRZanndQDP
a=ice-options:trickle
a=fingerprint:sha-256 ${FINGERPRINT}
a=setup:actpass
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
`);

/** Chromium 156, an answer of ours to a call with pictures taken as a voice call (shortened). */
export const CHROMIUM_VOICE_ANSWER = lines(`v=0
o=- 797183522175001538 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=ice-ufrag:Rx9w
a=ice-pwd:yErSdiy7R1Th9d0f9AVjQC6w
a=ice-options:trickle
a=fingerprint:sha-256 ${FINGERPRINT}
a=setup:active
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:- 2f4a3b78-fbe4-4b76-9dee-0588e7b7420b
a=rtcp-mux
a=rtpmap:96 opus/48000/2
a=fmtp:96 minptime=10;useinbandfec=1
a=ssrc:1556426010 cname:73IKyAKwJTD8gxZJ
m=video 9 UDP/TLS/RTP/SAVPF 97 98
c=IN IP4 0.0.0.0
a=ice-ufrag:Rx9w
a=ice-pwd:yErSdiy7R1Th9d0f9AVjQC6w
a=ice-options:trickle
a=fingerprint:sha-256 ${FINGERPRINT}
a=setup:active
a=mid:1
a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=inactive
a=rtcp-mux
a=rtpmap:97 VP8/90000
a=rtcp-fb:97 goog-remb
a=rtpmap:98 rtx/90000
a=fmtp:98 apt=97
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:Rx9w
a=ice-pwd:yErSdiy7R1Th9d0f9AVjQC6w
a=ice-options:trickle
a=fingerprint:sha-256 ${FINGERPRINT}
a=setup:active
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
`);

function lines(text: string): string {
  return text.replaceAll("\n", "\r\n");
}
