/** Moving to another server: what the pages say before anything, and what they make of refusals. */

import { createElement, type FunctionComponent } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { later, say } from "../../app/i18n/text.ts";
import type { LiveModel } from "../../app/live_model.ts";
import { moveActions } from "../../app/live_move.ts";
import type { AppState } from "../../app/model.ts";
import { ModelProvider } from "../../app/model_hooks.tsx";
import { FakeModel } from "../../app/scenes/fake_model.ts";
import { STATE } from "../../app/scenes/fixtures.ts";
import { AWAITED, BROUGHT } from "../../app/scenes/fixtures_move.ts";
import Awaited from "../../app/screens/awaited.tsx";
import BringIn from "../../app/screens/bring_in.tsx";
import Move from "../../app/screens/move.tsx";
import SignUp from "../../app/screens/sign_up.tsx";
import type { Client } from "../../client/client.ts";
import { sealFile } from "../../client/move.ts";
import { fromHex } from "../../core/bytes.ts";
import { AuthorizationError, Code, PeerError, UsageError } from "../../core/errors.ts";
import { LARGEST, parseMoved, Why } from "../../core/move_file.ts";
import { loadCore } from "../core_vectors.ts";

const CHEAP = { passes: 1, memoryKib: 8, lanes: 1 };
const LANDING = { kind: "signup", link: "https://calls.example.org/signup#AAAA" } as const;
const leave = () => undefined;

beforeAll(() => later(async () => undefined));

/** Return a page as it is drawn at first. */
function drawn<P extends object>(
  screen: FunctionComponent<P>,
  props: P,
  state: Partial<AppState> = {},
): string {
  const model = new FakeModel({ ...STATE, ...state });
  const children = createElement(screen, props);
  const markup = renderToStaticMarkup(createElement(ModelProvider, { model, children }));
  return markup.replaceAll(/<[^>]*>/g, "\n").replaceAll("&#x27;", "'");
}

describe("the pages", () => {
  test("what goes, what stays, and that nobody comes along by themselves, before the first step", () => {
    const text = drawn(Move, {}, { awaited: AWAITED });
    const first = text.indexOf(say("move.make"));
    const contacts = say("move.goesContacts", { count: STATE.people.length + AWAITED.length });
    for (const said of [say("move.alone"), contacts, say("move.staysMessages")]) {
      expect(text.indexOf(said), said).toBeGreaterThan(0);
      expect(text.indexOf(said), said).toBeLessThan(first);
    }
  });

  test("each reason for which a file is refused has words of its own", () => {
    const reasons = [...Object.values(Why), "unreadable"] as const;
    const words = reasons.map((refused) => {
      const text = drawn(BringIn, { landing: LANDING, leave, refused });
      const sentence = say(`moveFile.${refused}`);
      expect(text).toContain(sentence);
      expect(sentence).toContain("Nothing was changed");
      return sentence;
    });
    expect(new Set(words).size).toBe(reasons.length);
  });

  test("the sign-up says whose account comes, and proposes its name", () => {
    const text = drawn(BringIn, { landing: LANDING, leave, brought: BROUGHT });
    expect(text).toContain(say("bring.found", { handle: BROUGHT.handle }));
    expect(text).not.toContain(say("signup.bring"));
    expect(drawn(SignUp, { landing: LANDING, leave, onBring: leave })).toContain(
      say("signup.bring"),
    );
  });

  test("who is awaited, compared or blocked, and who is not", () => {
    const text = drawn(Awaited, {}, { awaited: AWAITED });
    for (const { name } of AWAITED) expect(text).toContain(name);
    expect(text.split(say("awaited.verified"))).toHaveLength(2);
    expect(text.split(say("awaited.blocked"))).toHaveLength(2);
    expect(drawn(Awaited, {}, { awaited: [] })).toContain(say("awaited.none"));
  });
});

/** A model with this client, as far as a move asks for it. */
function actions(client: Partial<Record<keyof Client, unknown>> = {}, attach = vi.fn()) {
  const model = { client: () => client, contact: (id: string) => ({ key: id }), attach };
  return { ...moveActions(model as unknown as LiveModel), attach };
}

describe("what is asked of the client", () => {
  beforeEach(() => {
    vi.stubGlobal("requestAnimationFrame", (next: () => void) => setTimeout(next));
    vi.stubGlobal("location", { origin: "https://calls.example.org" });
    return () => vi.unstubAllGlobals();
  });

  async function file(): Promise<File> {
    const [first] = loadCore("move").children("files");
    const moved = await parseMoved(fromHex(first?.text("contents") ?? ""));
    return new File([await sealFile(moved, "six words", CHEAP)], "a.move");
  }

  test("a file opens with its passphrase, and says whose it is", async () => {
    const { check, open } = actions();
    const good = await file();
    expect(await check(good)).toBeUndefined();
    expect(await open(good, "six words")).toEqual({ handle: "anna.48213", contacts: 2, calls: 2 });
    expect(await open(good, "seven words")).toEqual({ refused: Why.PASSPHRASE });
  });

  test("a file that is cut, foreign, too long or gone is refused before a passphrase is asked", async () => {
    const { check, open } = actions();
    const good = await file();
    expect(await check(new File([good.slice(0, 65_000)], "cut"))).toBe(Why.CUT);
    expect(await check(new File(["%PDF-1.7"], "a.pdf"))).toBe(Why.FOREIGN);
    const long = new File([good, new Uint8Array(LARGEST)], "long");
    expect(await check(long)).toBe(Why.CUT);
    const gone = new File([], "gone");
    const broken = { arrayBuffer: () => Promise.reject(new DOMException("", "NotReadableError")) };
    vi.spyOn(gone, "slice").mockReturnValue(broken as unknown as Blob);
    expect(await check(gone)).toBe("unreadable");
    expect(await open(gone, "six words")).toEqual({ refused: "unreadable" });
  });

  test("nobody signs up with an account that came out of no file", async () => {
    const { signUp, attach } = actions();
    await expect(signUp("link", "anna", "password", BROUGHT)).rejects.toBeInstanceOf(UsageError);
    expect(attach).not.toHaveBeenCalled();
  });

  test("a link of somebody else, and one to here, are told apart from one that is mistyped", async () => {
    const message = vi.fn();
    const asked = actions({ moving: async () => ({ message }) });
    message.mockReturnValueOnce("the words");
    expect(await asked.message("link", "{link}")).toEqual({ text: "the words" });
    const refusals = [
      [new AuthorizationError(Code.REFUSED), "other"],
      [new PeerError(Code.UNEXPECTED), "here"],
    ] as const;
    for (const [error, wrong] of refusals) {
      message.mockImplementationOnce(() => {
        throw error;
      });
      expect(await asked.message("link", "")).toEqual({ wrong });
    }
    message.mockImplementationOnce(() => {
      throw new PeerError(Code.MISTYPED);
    });
    await expect(asked.message("link", "")).rejects.toMatchObject({ code: Code.MISTYPED });
  });

  test("if one contact cannot be told, the others are; of a bad link nobody is", async () => {
    const told: string[] = [];
    const message = vi.fn();
    const tell = async ({ key }: { key: string }) => {
      if (key === "b") throw new AuthorizationError(Code.IDENTITY_CHANGED);
      told.push(key);
    };
    const asked = actions({ moving: async () => ({ message, tell }) });
    expect(await asked.tell(["a", "b", "c"], "link", "words")).toEqual(["b"]);
    expect(told).toEqual(["a", "c"]);
    message.mockImplementationOnce(() => {
      throw new AuthorizationError(Code.REFUSED);
    });
    await expect(asked.tell(["d"], "link", "words")).rejects.toMatchObject({ code: Code.REFUSED });
    expect(told).toEqual(["a", "c"]);
  });
});
