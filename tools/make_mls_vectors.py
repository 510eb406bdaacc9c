"""Write our own MLS vectors for suite 0xF04D, in the official format.

The official vectors have no post-quantum suite; the browser twin is tested against these. They are
made with the Python implementation, so they prove agreement, not correctness: what is the same in
every suite is proved by the official vectors of suites 1 to 7, and X-Wing and the labels by the
interop tests.

    python tools/make_mls_vectors.py vectors

ML-KEM draws its coins inside OpenSSL, so two runs give different bytes. Run it again only when the
format grows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from mls_vector_stories import (
    SUITE,
    Json,
    Stream,
    passive_clients,
    tree_operations,
    tree_validations,
    treekems,
    welcomes,
)

from visavis.core.mls import SUITE_ID, codec, generate_signature_key, key_schedule
from visavis.core.mls.framing import Sender, SenderType, encode_content
from visavis.core.mls.group_context import GroupContext
from visavis.core.mls.proposals import Commit, ExternalPsk, Proposal, Remove
from visavis.core.mls.protection import EpochView, protect_private, protect_public, sign_content
from visavis.core.mls.secret_tree import SecretTree
from visavis.core.mls.wire import WireFormat


def key_schedules() -> list[Json]:
    """Five epochs."""
    rng = Stream("key schedule")
    group_id, init = rng(16), rng(SUITE.nh)
    element: Json = {
        "cipher_suite": SUITE_ID,
        "group_id": group_id.hex(),
        "initial_init_secret": init.hex(),
        "epochs": [],
    }
    for number in range(5):
        tree_hash, confirmed = rng(SUITE.nh), rng(SUITE.nh)
        commit, psk = rng(SUITE.nh), rng(SUITE.nh)
        context = GroupContext(SUITE_ID, group_id, number, tree_hash, confirmed, ()).encode()
        joiner = key_schedule.joiner_secret(SUITE, init, commit, context)
        before = key_schedule.mix_psk(SUITE, joiner, psk)
        secrets = key_schedule.epoch_secrets(SUITE, before, context)
        keys = secrets.keys
        init = keys.init
        label, exported = f"label {number}", rng(32)
        secret = key_schedule.export(SUITE, keys.exporter, label.encode(), exported, 32)
        values = {
            "group_context": context,
            "tree_hash": tree_hash,
            "confirmed_transcript_hash": confirmed,
            "commit_secret": commit,
            "psk_secret": psk,
            "joiner_secret": joiner,
            "welcome_secret": before.welcome,
            "init_secret": init,
            "sender_data_secret": keys.sender_data,
            "encryption_secret": secrets.encryption,
            "exporter_secret": keys.exporter,
            "epoch_authenticator": keys.epoch_authenticator,
            "external_secret": keys.external,
            "confirmation_key": secrets.confirmation,
            "membership_key": keys.membership,
            "resumption_psk": keys.resumption,
            "external_pub": SUITE.kem.derive_key_pair(keys.external)[1],
        }
        epoch: Json = {name: value.hex() for name, value in values.items()}
        context_and_secret = {"context": exported.hex(), "secret": secret.hex()}
        epoch["exporter"] = {"label": label, "length": 32, **context_and_secret}
        element["epochs"].append(epoch)
    return [element]


def crypto_basics() -> list[Json]:
    """One element with every labelled function."""
    rng = Stream("crypto basics")
    secret, context, value = rng(SUITE.nh), rng(32), rng(32)
    private, public = SUITE.kem.derive_key_pair(rng(32))
    signer = generate_signature_key(SUITE_ID, rng)
    sealed = SUITE.encrypt_with_label(public, b"EncryptWithLabel", context, value, rng)

    def hexed(**fields: bytes) -> Json:
        return {name: data.hex() for name, data in fields.items()}

    derived = SUITE.derive_tree_secret(secret, b"DeriveTreeSecret", 7, SUITE.nh)
    expanded = SUITE.expand_with_label(secret, b"ExpandWithLabel", context, 32)
    signature = SUITE.sign_with_label(signer, b"SignWithLabel", value)
    return [
        {
            "cipher_suite": SUITE_ID,
            "ref_hash": {
                "label": "RefHash",
                **hexed(out=SUITE.ref_hash(b"RefHash", value), value=value),
            },
            "expand_with_label": {
                "label": "ExpandWithLabel",
                "length": 32,
                **hexed(secret=secret, context=context, out=expanded),
            },
            "derive_secret": {
                "label": "DeriveSecret",
                **hexed(secret=secret, out=SUITE.derive_secret(secret, b"DeriveSecret")),
            },
            "derive_tree_secret": {
                "label": "DeriveTreeSecret",
                "generation": 7,
                "length": SUITE.nh,
                **hexed(secret=secret, out=derived),
            },
            "sign_with_label": {
                "label": "SignWithLabel",
                **hexed(
                    priv=signer,
                    pub=SUITE.signature.public_key(signer),
                    content=value,
                    signature=signature,
                ),
            },
            "encrypt_with_label": {
                "label": "EncryptWithLabel",
                **hexed(
                    priv=private,
                    pub=public,
                    context=context,
                    plaintext=value,
                    kem_output=sealed[0],
                    ciphertext=sealed[1],
                ),
            },
        }
    ]


def psk_secrets() -> list[Json]:
    """None to three PSKs."""
    rng = Stream("psk")
    elements: list[Json] = []
    for count in range(4):
        psks = [(ExternalPsk(rng(16), rng(SUITE.nh)), rng(32)) for _ in range(count)]
        given = [
            {"psk_id": p.psk_id.hex(), "psk_nonce": p.nonce.hex(), "psk": psk.hex()}
            for p, psk in psks
        ]
        secret = key_schedule.psk_secret(SUITE, psks).hex()
        elements.append({"cipher_suite": SUITE_ID, "psks": given, "psk_secret": secret})
    return elements


def secret_trees() -> list[Json]:
    """Trees of 1, 8 and 32 leaves, generations 0 and 15."""
    rng = Stream("secret tree")
    elements: list[Json] = []
    for leaves in (1, 8, 32):
        encryption, sender_data, ciphertext = rng(SUITE.nh), rng(SUITE.nh), rng(77)
        key, nonce = key_schedule.sender_data_key(SUITE, sender_data, ciphertext)
        tree = SecretTree.start(SUITE, encryption, leaves)
        rows: list[list[Json]] = []
        for leaf in range(leaves):
            row: list[Json] = []
            for generation in (0, 15):
                entry: Json = {"generation": generation}
                for kind, handshake in (("handshake", True), ("application", False)):
                    made, tree = tree.key_at(leaf, generation, handshake=handshake)
                    entry[f"{kind}_key"] = made.key.hex()
                    entry[f"{kind}_nonce"] = made.nonce.hex()
                row.append(entry)
            rows.append(row)
        head = {"sender_data_secret": sender_data, "ciphertext": ciphertext}
        elements.append(
            {
                "cipher_suite": SUITE_ID,
                "encryption_secret": encryption.hex(),
                "sender_data": {
                    n: v.hex() for n, v in {**head, "key": key, "nonce": nonce}.items()
                },
                "leaves": rows,
            }
        )
    return elements


def message_protections() -> list[Json]:
    """A proposal, a commit and an application message, in both framings."""
    rng = Stream("message protection")
    signer = generate_signature_key(SUITE_ID, rng)
    public = SUITE.signature.public_key(signer)
    context = GroupContext(SUITE_ID, rng(16), 4, rng(SUITE.nh), rng(SUITE.nh), ())
    sender_data, encryption, membership = rng(SUITE.nh), rng(SUITE.nh), rng(SUITE.nh)
    view = EpochView(
        SUITE,
        context.group_id,
        context.epoch,
        context.encode(),
        sender_data,
        SecretTree.start(SUITE, encryption, 2),
        lambda _leaf: public,
    )
    element: Json = {
        "cipher_suite": SUITE_ID,
        "group_id": context.group_id.hex(),
        "epoch": context.epoch,
        "tree_hash": context.tree_hash.hex(),
        "confirmed_transcript_hash": context.confirmed_transcript_hash.hex(),
        "signature_priv": signer.hex(),
        "signature_pub": public.hex(),
        "encryption_secret": encryption.hex(),
        "sender_data_secret": sender_data.hex(),
        "membership_key": membership.hex(),
    }
    contents: dict[str, bytes | Proposal | Commit] = {
        "proposal": Remove(2),
        "commit": Commit((Remove(2),), None),
        "application": b"a message of the application",
    }
    for name, content in contents.items():
        plain = content if isinstance(content, bytes) else encode_content(content)
        element[name] = plain.hex()
        for suffix, wire in (
            ("priv", WireFormat.PRIVATE_MESSAGE),
            ("pub", WireFormat.PUBLIC_MESSAGE),
        ):
            sender = Sender(SenderType.MEMBER, 1)
            signed = sign_content(view, wire, sender, content, b"", signer)
            if name == "commit":
                signed = type(signed)(
                    wire, signed.framed, type(signed.auth)(signed.auth.signature, rng(SUITE.nh))
                )
            if suffix == "priv":
                message, _ = protect_private(view, signed, rng)
            elif name == "application":
                continue
            else:
                message = protect_public(SUITE, signed, view.context, membership)
            element[f"{name}_{suffix}"] = message.hex()
    return [element]


def transcripts() -> list[Json]:
    """One commit's step of the transcript."""
    rng = Stream("transcript")
    view = EpochView(
        SUITE, rng(16), 9, b"context", b"", SecretTree.start(SUITE, rng(48), 1), lambda _leaf: None
    )
    signer = generate_signature_key(SUITE_ID, rng)
    sender = Sender(SenderType.MEMBER, 0)
    commit = Commit((Remove(3),), None)
    signed = sign_content(view, WireFormat.PRIVATE_MESSAGE, sender, commit, b"", signer)
    before, key = rng(SUITE.nh), rng(SUITE.nh)
    content = codec.u16(signed.wire_format) + signed.framed.encode()
    confirmed = key_schedule.confirmed_hash(
        SUITE, before, content + codec.opaque(signed.auth.signature)
    )
    tag = SUITE.kdf.mac(key, confirmed)
    whole = content + codec.opaque(signed.auth.signature) + codec.opaque(tag)
    after = key_schedule.interim_hash(SUITE, confirmed, tag)
    return [
        {
            "cipher_suite": SUITE_ID,
            "confirmation_key": key.hex(),
            "authenticated_content": whole.hex(),
            "interim_transcript_hash_before": before.hex(),
            "confirmed_transcript_hash_after": confirmed.hex(),
            "interim_transcript_hash_after": after.hex(),
        }
    ]


KINDS: dict[str, Callable[[], list[Json]]] = {
    "crypto-basics": crypto_basics,
    "key-schedule": key_schedules,
    "message-protection": message_protections,
    "passive-client": passive_clients,
    "psk-secret": psk_secrets,
    "secret-tree": secret_trees,
    "transcript-hashes": transcripts,
    "tree-operations": tree_operations,
    "tree-validation": tree_validations,
    "treekem": treekems,
    "welcome": welcomes,
}


def main(folder: Path) -> None:
    """Write all kinds into a folder."""
    for kind, make in KINDS.items():
        path = folder / f"mls-f04d-{kind}.json"
        path.write_text(json.dumps(make(), indent=1) + "\n")
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
