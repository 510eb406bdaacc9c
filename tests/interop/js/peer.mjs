// Clients of ts-mls driven over a pipe: one JSON request per line in, one JSON answer per line out.
// Usage: node peer.mjs FOLDER   (FOLDER holds node_modules, patched by ts_mls.py)
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const library = (name) => import(pathToFileURL(`${process.argv[2]}/node_modules/ts-mls/dist/src/${name}.js`).href)
const mls = await library('index')
const { decodeRequiredCapabilities } = mls
if (typeof decodeRequiredCapabilities !== 'function') throw new Error('another ts-mls than expected')

const hex = (bytes) => Buffer.from(bytes).toString('hex')
const bytes = (text) => new Uint8Array(Buffer.from(text, 'hex'))
const utf8 = (text) => new TextEncoder().encode(text)

// 0xF04D is not ts-mls's own: a custom suite carries its decimal id as its name.
const PRIVATE_SUITE = String(0xf04d)
const SUITES = {
  1: mls.getCiphersuiteFromName('MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519'),
  [PRIVATE_SUITE]: {
    hash: 'SHA-384',
    hpke: { kem: 'X-Wing', kdf: 'HKDF-SHA384', aead: 'AES256GCM' },
    signature: 'Ed25519',
    name: PRIVATE_SUITE
  }
}

const clients = new Map()

function read(text, wireformat) {
  const decoded = mls.decodeMlsMessage(bytes(text), 0)
  if (decoded === undefined || decoded[1] !== text.length / 2) throw new Error('not one MLSMessage')
  if (wireformat !== undefined && decoded[0].wireformat !== wireformat) throw new Error(`not a ${wireformat}`)
  return decoded[0]
}
const write = (wireformat, body) => hex(mls.encodeMlsMessage({ version: 'mls10', wireformat, ...body }))

const psks = (psk) =>
  Object.fromEntries(Object.entries(psk ?? {}).map(([id, secret]) => [mls.bytesToBase64(bytes(id)), bytes(secret)]))

function proposals({ add = [], remove = [], psk = {}, extensions }, impl) {
  const made = [
    ...remove.map((removed) => ({ proposalType: 'remove', remove: { removed } })),
    ...add.map((text) => ({ proposalType: 'add', add: { keyPackage: read(text, 'mls_key_package').keyPackage } })),
    ...Object.keys(psk).map((id) => ({
      proposalType: 'psk',
      psk: { preSharedKeyId: { psktype: 'external', pskId: bytes(id), pskNonce: impl.rng.randomBytes(impl.kdf.size) } }
    }))
  ]
  if (extensions !== undefined) {
    const list = extensions.map(([extensionType, data]) => ({ extensionType, extensionData: bytes(data) }))
    made.push({ proposalType: 'group_context_extensions', groupContextExtensions: { extensions: list } })
  }
  return made
}

function members(state) {
  return state.ratchetTree.flatMap((node, index) =>
    node?.nodeType === 'leaf' ? [[index / 2, hex(node.leaf.credential.identity)]] : []
  )
}

const operations = {
  async new(client, { name, suite, not_before, not_after }) {
    client.impl = await mls.getCiphersuiteImpl(SUITES[suite])
    const capabilities = { ...mls.defaultCapabilities(), credentials: ['basic'] }
    if (suite === 0xf04d) capabilities.ciphersuites = [PRIVATE_SUITE]
    const made = await mls.generateKeyPackage(
      { credentialType: 'basic', identity: utf8(name) },
      capabilities,
      { notBefore: BigInt(not_before), notAfter: BigInt(not_after) },
      [],
      client.impl
    )
    client.publicPackage = made.publicPackage
    client.privatePackage = made.privatePackage
    return { key_package: write('mls_key_package', { keyPackage: made.publicPackage }) }
  },
  async create(client, { group_id }) {
    const { publicPackage, privatePackage, impl } = client
    client.state = await mls.createGroup(bytes(group_id), publicPackage, privatePackage, [], impl)
    return {}
  },
  async join(client, { welcome, psk }) {
    const { publicPackage, privatePackage, impl } = client
    const index = mls.makePskIndex(undefined, psks(psk))
    client.state = await mls.joinGroup(read(welcome, 'mls_welcome').welcome, publicPackage, privatePackage, index, impl)
    return {}
  },
  async external_join(client, { group_info }) {
    const { publicPackage, privatePackage, impl } = client
    const info = read(group_info, 'mls_group_info').groupInfo
    const made = await mls.joinGroupExternal(info, publicPackage, privatePackage, false, impl)
    client.pending = made.newState
    return { commit: write('mls_public_message', { publicMessage: made.publicMessage }) }
  },
  async commit(client, request) {
    const { state, impl } = client
    const made = await mls.createCommit(
      { state, pskIndex: mls.makePskIndex(state, psks(request.psk)), cipherSuite: impl },
      { extraProposals: proposals(request, impl), wireAsPublicMessage: request.public, ratchetTreeExtension: true }
    )
    client.pending = made.newState
    const welcome = made.welcome === undefined ? null : write('mls_welcome', { welcome: made.welcome })
    return { commit: hex(mls.encodeMlsMessage(made.commit)), welcome }
  },
  async accept(client) {
    client.state = client.pending
    client.pending = undefined
    return {}
  },
  async propose(client, request) {
    const [proposal] = proposals(request, client.impl)
    const made = await mls.createProposal(client.state, request.public, proposal, client.impl)
    client.state = made.newState
    return { message: hex(mls.encodeMlsMessage(made.message)) }
  },
  async process(client, { message, psk }) {
    const index = mls.makePskIndex(client.state, psks(psk))
    const decoded = read(message)
    let result
    // Not processMessage: it forgets external PSKs of private messages.
    if (decoded.wireformat === 'mls_private_message')
      result = await mls.processPrivateMessage(client.state, decoded.privateMessage, index, client.impl)
    else result = await mls.processPublicMessage(client.state, decoded.publicMessage, index, client.impl)
    client.state = result.newState
    client.pending = undefined
    if (result.kind !== 'applicationMessage') return { active: client.state.groupActiveState.kind === 'active' }
    return { data: hex(result.message), sender: result.senderLeafIndex }
  },
  async send(client, { data }) {
    const made = await mls.createApplicationMessage(client.state, bytes(data), client.impl)
    client.state = made.newState
    return { message: write('mls_private_message', { privateMessage: made.privateMessage }) }
  },
  async exporter(client, { label, context, length }) {
    const { state, impl } = client
    return { secret: hex(await mls.mlsExporter(state.keySchedule.exporterSecret, label, bytes(context), length, impl)) }
  },
  async group_info(client) {
    const made = await mls.createGroupInfoWithExternalPubAndRatchetTree(client.state, [], client.impl)
    return { group_info: write('mls_group_info', { groupInfo: made }) }
  },
  async look(client) {
    const { state } = client
    return {
      epoch: Number(state.groupContext.epoch),
      epoch_authenticator: hex(state.keySchedule.epochAuthenticator),
      leaf: state.privatePath.leafIndex,
      members: members(state)
    }
  },
  async forget(client, { name }) {
    clients.delete(name)
    return {}
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  let answer
  try {
    const client = clients.get(request.name) ?? {}
    if (request.operation === 'new') clients.set(request.name, client)
    answer = { ok: true, ...(await operations[request.operation](client, request)) }
  } catch (error) {
    answer = { ok: false, error: `${error?.constructor?.name}: ${error?.message ?? error}` }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
