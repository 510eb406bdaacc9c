/** Candidates have one spelling, are relayed, and never carry the sender's own address. */

import { describe, expect, test } from "vitest";
import { Code, PeerError } from "../../core/errors.ts";
import { encode, fromBrowser, parse } from "../../media/candidates.ts";

const GOOD = "candidate:ab12 1 udp 16777215 192.0.2.7 4444 typ relay raddr 0.0.0.0 rport 9";

function six(address: string): string {
  return `candidate:1 1 udp 5 ${address} 9 typ relay raddr :: rport 9`;
}

function detail(line: string): string {
  try {
    parse(line);
  } catch (error) {
    expect(error).toMatchObject({ code: Code.MALFORMED });
    return (error as PeerError).detail;
  }
  throw new Error("it passed");
}

test("relayed candidates pass", () => {
  expect(parse(GOOD)).toEqual({
    foundation: "ab12",
    priority: 16777215,
    address: "192.0.2.7",
    port: 4444,
    type: "relay",
  });
  for (const address of [
    "2001:db8::7",
    "2001:db8:0:1:1:1:1:1",
    "::2",
    "2001:db8::",
    "1:2::3:0:0",
  ]) {
    // As `str(ipaddress.ip_address(...))` writes it.
    expect(encode(parse(six(address)))).toBe(six(address));
  }
});

test.each([
  [GOOD.replace("0.0.0.0", "10.0.0.5"), "CK-667"],
  [GOOD.replace(" raddr 0.0.0.0 rport 9", ""), "CK-667"],
  [GOOD.replace("192.0.2.7", "host.invalid"), "CK-667"],
  [GOOD.replace("192.0.2.7", "999.0.2.7"), "CK-667"],
  [GOOD.replace("192.0.2.7", "192.0.02.7"), "CK-667"],
  [GOOD.replace("192.0.2.7", "192.0.2"), "CK-667"],
  [GOOD.replace("4444", "0"), "CK-667"],
  [GOOD.replace("4444", "65536"), "CK-667"],
  [GOOD.replace("4444", "04444"), "CK-667"],
  [GOOD.replace("16777215", "0"), "CK-667"],
  [GOOD.replace("16777215", "2147483648"), "CK-667"],
  [GOOD.replace(" 1 udp", " 2 udp"), "CK-667"],
  [GOOD.replace("udp", "tcp"), "CK-667"],
  [`${GOOD} generation 0`, "CK-667"],
  [`${GOOD}\n`, "CK-667"],
  [GOOD.repeat(10), "CK-667"],
  [six("2001:DB8::7"), "CK-667"],
  [six("2001:db8:0::7"), "CK-667"],
  [six("2001:db8::1::7"), "CK-667"],
  [six("2001:db8::1:1:1:1:1:1"), "CK-667"],
  [six("12345::"), "CK-667"],
  [six("::ffff:127.0.0.1"), "CK-667"],
  [six("::ffff:7f00:1"), "CK-667"],
  ["candidate:1 1 udp 5 192.0.2.7 9 typ host", "CK-668"],
  [GOOD.replace("relay", "srflx"), "CK-668"],
  [GOOD.replace("192.0.2.7", "127.0.0.1"), "CK-669"],
  [GOOD.replace("192.0.2.7", "0.0.0.0"), "CK-669"],
  [GOOD.replace("192.0.2.7", "224.0.0.251"), "CK-669"],
  [GOOD.replace("192.0.2.7", "255.255.255.255"), "CK-669"],
  [GOOD.replace("192.0.2.7", "169.254.169.254"), "CK-669"],
  [six("::"), "CK-669"],
  [six("::1"), "CK-669"],
  [six("ff02::1"), "CK-669"],
  [six("fe80::1"), "CK-669"],
  ["", "CK-667"],
])("other candidates are malformed: %s", (line, check) => {
  expect(detail(line)).toContain(check);
});

test("direct calls and loopback are let in only when asked", () => {
  const host = "candidate:1 1 udp 5 192.0.2.7 9 typ host";
  expect(encode(parse(host, { relayOnly: false }))).toBe(host);
  const local = GOOD.replace("192.0.2.7", "127.0.0.1");
  expect(parse(local, { allowLoopback: true }).address).toBe("127.0.0.1");
  expect(() => parse(host, { allowLoopback: true })).toThrow(PeerError);
});

describe("what our browser found becomes ours", () => {
  test("Chromium's and Firefox's, without their own address", () => {
    const ours = "candidate:393 1 udp 58662911 192.0.2.7 30156 typ relay raddr 0.0.0.0 rport 9";
    for (const text of [
      "candidate:393 1 udp 58662911 192.0.2.7 30156 typ relay raddr 10.0.0.5 rport 41000 generation 0 ufrag fhwM network-id 1",
      "candidate:393 1 UDP 58662911 192.0.2.7 30156 typ relay raddr 0.0.0.0 rport 0",
    ]) {
      expect(fromBrowser(text)).toBe(ours);
    }
    expect(fromBrowser("candidate:1 1 udp 5 2001:DB8:0:0:0:0:0:7 9 typ relay")).toBe(
      six("2001:db8::7"),
    );
  });

  test.each([
    "candidate:1 1 udp 5 192.0.2.7 9 typ host generation 0",
    "candidate:1 1 udp 5 192.0.2.7 9 typ srflx raddr 10.0.0.5 rport 4",
    "candidate:1 1 tcp 5 192.0.2.7 9 typ relay tcptype active",
    "candidate:1 2 udp 5 192.0.2.7 9 typ relay",
    "candidate:1 1 udp 5 0f7e9c6a.local 9 typ relay",
    "",
  ])("nothing else travels: %s", (text) => {
    expect(fromBrowser(text)).toBeUndefined();
  });
});
