/**
 * Clients of our TypeScript MLS, driven over a pipe by `tests/interop` (Python): one JSON request
 * per line in, one JSON answer per line out. Run by Node itself, which strips the types.
 */

import { createInterface } from "node:readline";
import { type Bytes, copy, fromHex, hex, utf8 } from "../../core/bytes.ts";
import {
  type CredentialValidator,
  ExtensionType,
  Group,
  generateSignatureKey,
  type KeyPackageBundle,
  newKeyPackage,
  type PendingCommit,
} from "../../core/mls/index.ts";

type Request = Readonly<{
  name: string;
  /** Who the client says it is; its name if nothing else is said. */
  identity?: string;
  operation: string;
  suite?: number;
  not_before?: number;
  not_after?: number;
  group_id?: string;
  welcome?: string;
  group_info?: string;
  message?: string;
  data?: string;
  label?: string;
  context?: string;
  length?: number;
  add?: readonly string[];
  remove?: readonly number[];
  psk?: Readonly<Record<string, string>>;
  public?: boolean;
  path?: boolean;
  update?: boolean;
  resync?: number | null;
  extensions?: readonly (readonly [string, string])[];
}>;

type Answer = Record<string, unknown>;

/** Stands in for the credential check, which has tests of its own. */
const acceptAll: CredentialValidator = () => undefined;

const rng = (size: number): Bytes => crypto.getRandomValues(new Uint8Array(size));
const now = (): number => Math.floor(Date.now() / 1000);
const read = (text: string | undefined): Bytes => fromHex(text ?? "");

class Client {
  readonly #identity: string;
  readonly #suite: number;
  readonly #signaturePrivate: Bytes;
  readonly #bundle: KeyPackageBundle;
  readonly #lifetime: readonly [number, number];
  #group: Group | null = null;
  #pending: Group | null = null;

  private constructor(request: Request, signaturePrivate: Bytes, bundle: KeyPackageBundle) {
    this.#identity = request.identity ?? request.name;
    this.#suite = request.suite ?? 0;
    this.#lifetime = [request.not_before ?? 0, request.not_after ?? 0];
    this.#signaturePrivate = signaturePrivate;
    this.#bundle = bundle;
  }

  static async make(request: Request): Promise<Client> {
    const suiteId = request.suite ?? 0;
    const signaturePrivate = generateSignatureKey(suiteId, rng);
    const bundle = await newKeyPackage({
      suiteId,
      identity: utf8(request.identity ?? request.name),
      signaturePrivate,
      notBefore: request.not_before ?? 0,
      notAfter: request.not_after ?? 0,
      rng,
    });
    return new Client(request, signaturePrivate, bundle);
  }

  get keyPackage(): Bytes {
    return this.#bundle.keyPackage;
  }

  get #present(): Group {
    if (this.#group === null) throw new Error("in no group");
    return this.#group;
  }

  async create(request: Request): Promise<Answer> {
    this.#group = await Group.create({
      groupId: read(request.group_id),
      suiteId: this.#suite,
      identity: utf8(this.#identity),
      signaturePrivate: this.#signaturePrivate,
      rng,
      validator: acceptAll,
      lifetime: this.#lifetime,
    });
    return {};
  }

  async join(request: Request): Promise<Answer> {
    const psks = new Map(Object.entries(request.psk ?? {}).map(([id, psk]) => [id, read(psk)]));
    const options = { now: now(), validator: acceptAll, psks };
    this.#group = await Group.join(read(request.welcome), this.#bundle, options);
    return {};
  }

  async externalJoin(request: Request): Promise<Answer> {
    const options = {
      identity: utf8(this.#identity),
      signaturePrivate: this.#signaturePrivate,
      rng,
      now: now(),
      validator: acceptAll,
    };
    const resync = request.resync ?? null;
    const [group, commit] = await Group.externalJoin(
      read(request.group_info),
      resync === null ? options : { ...options, resyncLeaf: resync },
    );
    this.#pending = group;
    return { commit: hex(commit) };
  }

  async #learn(request: Request): Promise<void> {
    for (const [id, psk] of Object.entries(request.psk ?? {})) {
      await this.#present.addPsk(read(id), read(psk));
    }
  }

  #extensions(request: Request): { extensions?: { extensionType: number; data: Bytes }[] } {
    if (request.extensions === undefined) return {};
    const data = request.extensions.map(([, bytes]) => read(bytes));
    return {
      extensions: data.map((each) => ({
        extensionType: ExtensionType.REQUIRED_CAPABILITIES,
        data: each,
      })),
    };
  }

  async commit(request: Request): Promise<Answer> {
    await this.#learn(request);
    const add = (request.add ?? []).map(read);
    const started = performance.now();
    const made: PendingCommit = await this.#present.commit({
      add,
      remove: request.remove ?? [],
      psks: Object.keys(request.psk ?? {}).map(read),
      ...this.#extensions(request),
      rng,
      now: now(),
      public: request.public ?? false,
      path: request.path ?? true,
    });
    const ms = performance.now() - started;
    this.#pending = made.group;
    return { commit: hex(made.message), welcome: made.welcome && hex(made.welcome), ms };
  }

  async accept(): Promise<Answer> {
    if (this.#pending === null) throw new Error("nothing is pending");
    this.#group = this.#pending;
    this.#pending = null;
    return {};
  }

  async process(request: Request): Promise<Answer> {
    await this.#learn(request);
    const message = read(request.message);
    const started = performance.now();
    const result = await this.#present.process(message, { now: now() });
    const ms = performance.now() - started;
    this.#pending = null;
    switch (result.kind) {
      case "application":
        return { data: hex(result.content), sender: result.sender.leafIndex };
      case "commit":
        return { active: !result.selfRemoved, ms };
      default:
        return { active: true };
    }
  }

  async send(request: Request): Promise<Answer> {
    return { message: hex(await this.#present.encrypt(read(request.data), { rng })) };
  }

  async exporter(request: Request): Promise<Answer> {
    const { label = "", length = 0 } = request;
    return { secret: hex(await this.#present.exporter(label, read(request.context), length)) };
  }

  async propose(request: Request): Promise<Answer> {
    await this.#learn(request);
    const [add] = request.add ?? [];
    const [remove] = request.remove ?? [];
    const [psk] = Object.keys(request.psk ?? {});
    const message = await this.#present.propose({
      rng,
      now: now(),
      ...(add === undefined ? {} : { add: read(add) }),
      ...(remove === undefined ? {} : { remove }),
      ...(psk === undefined ? {} : { psk: read(psk) }),
      ...this.#extensions(request),
      update: request.update ?? false,
      public: request.public ?? false,
    });
    return { message: hex(message) };
  }

  async groupInfo(): Promise<Answer> {
    return { group_info: hex(await this.#present.groupInfo()) };
  }

  look(): Answer {
    const group = this.#present;
    return {
      epoch: Number(group.epoch),
      epoch_authenticator: hex(group.epochAuthenticator),
      members: group.members().map((member) => [member.leafIndex, hex(member.identity)]),
    };
  }

  /** Write the state out and go on with what was read back; return it for Python to read. */
  async reload(): Promise<Answer> {
    const stored = copy(this.#present.toBytes());
    this.#group = await Group.fromBytes(stored, { validator: acceptAll });
    if (hex(this.#group.toBytes()) !== hex(stored)) throw new Error("the state reads otherwise");
    return { state: hex(stored) };
  }

  /** Go on with a state that Python wrote. */
  async adopt(request: Request): Promise<Answer> {
    this.#group = await Group.fromBytes(read(request.data), { validator: acceptAll });
    return {};
  }

  async perform(request: Request): Promise<Answer> {
    switch (request.operation) {
      case "create":
        return this.create(request);
      case "join":
        return this.join(request);
      case "external_join":
        return this.externalJoin(request);
      case "commit":
        return this.commit(request);
      case "accept":
        return this.accept();
      case "process":
        return this.process(request);
      case "send":
        return this.send(request);
      case "exporter":
        return this.exporter(request);
      case "propose":
        return this.propose(request);
      case "group_info":
        return this.groupInfo();
      case "look":
        return this.look();
      case "reload":
        return this.reload();
      case "adopt":
        return this.adopt(request);
      default:
        throw new Error("no such operation");
    }
  }
}

const clients = new Map<string, Client>();

async function answer(request: Request): Promise<Answer> {
  const { name, operation } = request;
  if (operation === "forget") {
    clients.delete(name);
    return {};
  }
  if (operation === "new") {
    const made = await Client.make(request);
    clients.set(name, made);
    return { key_package: hex(made.keyPackage) };
  }
  const client = clients.get(name);
  if (client === undefined) throw new Error("no such client");
  return await client.perform(request);
}

for await (const line of createInterface({ input: process.stdin })) {
  let said: Answer;
  try {
    said = { ok: true, ...(await answer(JSON.parse(line))) };
  } catch (error) {
    said = { ok: false, error: error instanceof Error ? `${error.name}: ${error.message}` : "?" };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
