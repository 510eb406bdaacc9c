"""Sign-up, login, change of password."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.sdk.conftest import PASSWORD, People, settle, texts

from visavis.core.device_list import (
    MAX_DEVICES,
    MAX_VERSION,
    DeviceList,
    ListedDevice,
    sign_first,
    sign_successor,
)
from visavis.core.errors import (
    AuthorizationError,
    Code,
    PeerError,
    UnavailableError,
    UsageError,
    VisavisError,
)
from visavis.core.ids import AccountId, DeviceId, SignatureKey
from visavis.core.mls import SUITE_ID, signature_public_key
from visavis.core.recovery import RecoveryCode
from visavis.sdk.account import Accounts, signup_token
from visavis.sdk.client import Client
from visavis.sdk.keystore import SIZE, Keystore, UnlockedAccount
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf

NEW = "eleven quiet lamps drift"


async def test_registration_is_closed(people: People) -> None:
    """R-40: without a link nobody gets in, and a link is good once."""
    used = people.server.signup_link()
    origin = people.server.origin

    async def sign_up(link: str, name: str) -> Client:
        kdf = insecure_for_tests_cheap_kdf()
        return await Client.signup(people.profile(name), origin, link, name, PASSWORD, kdf=kdf)

    await (await sign_up(used, "anna")).close()
    for link in (used, used[:-4] + "AAAA", f"{origin}/signup#", "http://127.0.0.9:1/signup#abc"):
        with pytest.raises(VisavisError) as refused:
            await sign_up(link, "bob")
        assert refused.value.code in {Code.SIGNUP_LINK, Code.MALFORMED}
        assert not (people.profile("bob") / "store.db").exists()
    await (await sign_up(people.server.signup_link(), "bob")).close()


@pytest.mark.parametrize("weak", ["short", "passwordpassword", "anna anna anna anna"])
async def test_weak_passwords_are_refused_before_anything_is_sent(
    people: People, weak: str
) -> None:
    with pytest.raises(VisavisError) as refused:
        await people.sign_up("anna", password=weak)
    assert refused.value.code is Code.WEAK_PASSWORD
    assert not people.profile("anna").exists()


async def test_a_profile_is_not_overwritten(people: People) -> None:
    anna = await people.sign_up("anna")
    await people.close(anna)
    with pytest.raises(AuthorizationError) as used:
        await people.sign_up("anna")
    assert used.value.code is Code.STORE_LOCKED
    with pytest.raises(AuthorizationError):
        await people.login("anna", anna.handle, on_pairing=lambda link: None)


async def test_opening_with_the_wrong_password_and_twice(people: People) -> None:
    anna = await people.sign_up("anna")
    with pytest.raises(UnavailableError) as busy:
        await people.open("anna")
    assert busy.value.code is Code.STORE_BUSY
    assert "--profile" in busy.value.describe()
    await people.close(anna)
    with pytest.raises(AuthorizationError) as locked:
        await people.open("anna", "not the password")
    assert locked.value.code is Code.STORE_LOCKED
    await people.open("anna")


async def test_wrong_handle_password_and_code_look_alike(people: People) -> None:
    anna = await people.sign_up("anna")
    other = await people.sign_up("bob")
    assert other.recovery_code is not None

    def ignore(link: str) -> None:
        pass

    tries = [
        people.login("x", anna.handle, password="wrong wrong wrong wrong", on_pairing=ignore),
        people.login("x", "nobody.12345", on_pairing=ignore),
        people.login("x", anna.handle, recovery_code=other.recovery_code),
        people.login("x", "nobody.12345", recovery_code=other.recovery_code),
        people.login("x", anna.handle),
    ]
    for attempt in tries:
        with pytest.raises(AuthorizationError) as failed:
            await attempt
        assert failed.value.code is Code.LOGIN_FAILED
    with pytest.raises(PeerError) as mistyped:
        await people.login("x", anna.handle, recovery_code="AAAA-BBBB")
    assert mistyped.value.code is Code.MISTYPED
    assert not people.profile("x").exists()


async def test_changing_the_password(people: People) -> None:
    anna, bob = await people.pair()
    with pytest.raises(AuthorizationError) as wrong:
        await anna.change_password("wrong wrong wrong wrong", NEW)
    assert wrong.value.code is Code.LOGIN_FAILED
    with pytest.raises(VisavisError) as weak:
        await anna.change_password(PASSWORD, "short")
    assert weak.value.code is Code.WEAK_PASSWORD
    await anna.change_password(PASSWORD, NEW)
    handle, code = anna.handle, anna.recovery_code
    await people.close(anna)
    with pytest.raises(AuthorizationError):
        await people.open("anna", PASSWORD)
    anna = await people.open("anna", NEW)
    await bob.send_message(await bob.find_contact("anna"), "still you?")
    await settle(anna)
    assert texts(await anna.history(await anna.find_contact("bob"))) == ["still you?"]
    accounts = Accounts(people.server.origin)
    with pytest.raises(AuthorizationError):
        async with accounts.login(handle, PASSWORD):
            pass
    async with accounts.login(handle, NEW) as by_password:
        root = bytes(by_password.keys.root)
    assert code is not None
    async with accounts.recover(handle, RecoveryCode.from_text(code)) as recovered:
        assert bytes(recovered.keys.root) == root
    # Wiped when the login is over.
    assert bytes(by_password.keys.root) == bytes(32)
    assert bytes(by_password.keys.identity_private) == bytes(32)


async def test_the_server_cannot_be_reached(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as away:
        await Client.signup(
            tmp_path / "p", "http://127.0.0.1:9", "http://127.0.0.1:9/signup#abcd", "anna", PASSWORD
        )
    assert away.value.code is Code.UNAVAILABLE
    assert not (tmp_path / "p").exists()


async def test_plain_http_to_another_machine_is_refused(tmp_path: Path) -> None:
    """CK-553."""
    for origin in ("http://198.51.100.7:8420", "http://example.org"):
        with pytest.raises(AuthorizationError) as refused:
            await Client.signup(tmp_path / "p", origin, f"{origin}/signup#abcd", "anna", PASSWORD)
        assert refused.value.code is Code.NOT_ENCRYPTED
        with pytest.raises(AuthorizationError):
            await Client.login(tmp_path / "p", origin, "anna.1", PASSWORD, recovery_code="x")


def test_sign_up_links() -> None:
    assert signup_token("https://a.example/signup#tok", "https://a.example") == "tok"
    assert signup_token(" tok ", "https://a.example") == "tok"
    for bad in (
        "https://b.example/signup#tok",
        "https://a.example/signup#",
        "https://a.example/i#t",
    ):
        with pytest.raises(AuthorizationError) as refused:
            signup_token(bad, "https://a.example")
        assert refused.value.code is Code.SIGNUP_LINK


def first_list(keys: UnlockedAccount, count: int = 1) -> DeviceList:
    listed = [ListedDevice(DeviceId(bytes([i]) * 16), key_of(i)) for i in range(count)]
    return sign_first(keys.account_id, bytes(keys.identity_private), listed)


def key_of(number: int) -> SignatureKey:
    return SignatureKey(signature_public_key(SUITE_ID, bytes([number]) * 32))


def test_the_keystore_opens_with_its_secrets_only() -> None:
    """CK-561: another account's, a swapped or an altered keystore opens nothing."""
    keys = UnlockedAccount.generate(AccountId(b"a" * 16))
    code = RecoveryCode(b"r" * 16)
    stored = Keystore.make(keys, first_list(keys), b"e" * 64, code)
    data = stored.to_bytes()
    assert len(data) == SIZE
    read = Keystore.from_bytes(data)
    for opened in (read.open_with_password(b"e" * 64), read.open_with_recovery(code)):
        assert opened.identity_private == keys.identity_private
        assert opened.vault_keys == keys.vault_keys
        assert opened.head == first_list(keys)
        assert opened.revision == 1
    rotated = read.successor(opened, vault_key=b"v" * 32).open_with_password(b"e" * 64)
    assert rotated.vault_keys == (b"v" * 32, keys.vault_keys[0])
    assert (rotated.head, rotated.revision) == (opened.head, 2)
    stranger = UnlockedAccount.generate(AccountId(b"b" * 16))
    other = Keystore.make(stranger, first_list(stranger), b"e" * 64, code)
    mixed = replace(other, account_id=stored.account_id, state=stored.state)
    swapped = replace(stored, state=other.state)
    for bad in (
        lambda: read.open_with_password(b"x" * 64),
        lambda: read.open_with_recovery(RecoveryCode(b"s" * 16)),
        lambda: mixed.open_with_password(b"e" * 64),
        lambda: swapped.open_with_password(b"e" * 64),
    ):
        with pytest.raises(AuthorizationError) as refused:
            bad()
        assert refused.value.code is Code.LOGIN_FAILED
    with pytest.raises(PeerError):
        Keystore.from_bytes(b"\xa0" + bytes(SIZE - 1))
    assert keys.root.hex() not in repr(keys)
    with pytest.raises(UsageError):
        _ = keys.head
    keys.wipe()
    assert bytes(keys.root) == bytes(32)


def test_the_list_in_a_keystore_is_its_accounts_own() -> None:
    """CK-561."""
    keys = UnlockedAccount.generate(AccountId(b"a" * 16))
    others = UnlockedAccount.generate(AccountId(b"a" * 16))
    for wrong in (
        Keystore.make(keys, first_list(others), b"e" * 64, RecoveryCode(b"r" * 16)),
        Keystore.make(
            replace(keys, account_id=AccountId(b"c" * 16)),
            first_list(keys),
            b"e" * 64,
            RecoveryCode(b"r" * 16),
        ),
    ):
        with pytest.raises(AuthorizationError) as refused:
            wrong.open_with_password(b"e" * 64)
        assert "CK-561" in refused.value.detail


def test_neither_devices_nor_rotations_show_in_a_keystores_lengths() -> None:
    """CK-685: the server has the bytes of each part; one device and sixteen must look alike."""
    keys = UnlockedAccount.generate(AccountId(b"a" * 16))
    code = RecoveryCode(b"r" * 16)
    first = Keystore.make(keys, first_list(keys), b"e" * 64, code)
    opened = first.open_with_password(b"e" * 64)
    identity = bytes(keys.identity_private)
    last = replace(first_list(keys), version=MAX_VERSION - 1)
    full = sign_successor(last, identity, first_list(keys, MAX_DEVICES).devices)
    opened.revision = 2**63
    later = first.successor(opened, own_list=full, vault_key=b"v" * 32, export_key=b"f" * 64)
    lengths = {
        (len(k.by_password), len(k.by_recovery), len(k.state), len(k.to_bytes().rstrip(b"\0")))
        for k in (first, later)
    }
    assert len(lengths) == 1
    assert later.open_with_password(b"f" * 64).head == full
