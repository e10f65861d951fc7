"""Every verb of a store, once."""

from dataclasses import replace

from handstamp.core.models import CredentialKind, EndReason
from handstamp.core.protocols import Store
from handstamp.testing import NOW, a_credential, a_mail, a_profile, a_session, a_user, an_event


async def use_every_way_in(store: Store) -> None:
    """Call each verb that is about addresses, identities and credentials of the user "ada"."""
    passkey, other = a_credential("ada", CredentialKind.PASSKEY, lookup="key"), a_profile()
    await store.add_user(a_user(id="grace", email="grace@example.org", email_verified=True, roles=frozenset("a")))
    await store.set_email("grace", "other@example.org")
    await store.claim_email("ada", "OTHER@example.org", now=NOW)
    await store.link_identity(other, user_id="ada", now=NOW)
    await store.link_identity(other, user_id="ada", now=NOW)
    await store.add_credential(passkey, most=10)
    await store.list_credentials("ada")
    await store.find_credential(CredentialKind.PASSKEY, "key")
    await store.swap_credential(passkey, replace(passkey, counter=1))
    await store.unlink_identity(other.issuer, other.subject, user_id="ada", keep_a_way_in=True)
    await store.remove_credential(passkey.id, user_id="ada", keep_a_way_in=True)
    for _ in range(2):
        code = a_credential("ada", CredentialKind.RECOVERY_CODE)
        await store.replace_credentials("ada", CredentialKind.RECOVERY_CODE, [code])


async def use_every_verb(store: Store) -> None:
    """Call each verb, so that each statement is run."""
    session, profile = a_session(user_id="ada"), a_profile()
    await store.start_session(session, replaces="other", now=NOW)
    await store.swap_generations(session.id, seen=session.generations, becomes=session.generations, now=NOW)
    await store.touch_sessions({session.id: NOW + 1})
    await store.list_sessions("ada", now=NOW)
    await store.end_session(session.id, reason=EndReason.ADMIN, now=NOW, user_id="ada")
    await store.end_sessions("ada", reason=EndReason.ADMIN, now=NOW, keep=session.id)
    await store.purge_sessions(now=NOW, limit=10)
    await store.upsert_identity(profile, user_id="ada", now=NOW)
    await store.upsert_identity(replace(profile, name="Countess"), user_id="ada", now=NOW)
    await store.find_users("ada@example.org")
    await store.list_users(after="a", limit=10)
    await store.list_users()
    await store.list_identities("ada")
    await store.change_roles("ada", add=frozenset("a"), remove=frozenset("b"))
    await store.disable_user("ada", now=NOW)
    await store.enable_user("ada")
    await use_every_way_in(store)
    await store.delete_user("ada")
    await store.consume_challenge("one", expires_at=NOW + 1, now=NOW)
    await store.purge_challenges(now=NOW, limit=10)
    for now in (NOW, NOW, NOW + 5):
        await store.count_attempt("key", burst=1, every=5.0, now=now)
    await store.forget_attempts("key")
    await store.purge_attempts(now=NOW, limit=10)
    await store.take_lease("work", holder="a", until=NOW + 1, now=NOW)
    await store.release_lease("work", holder="a")
    mail = a_mail()
    await store.queue_mail(mail)
    await store.take_mails(now=NOW, until=NOW + 1, limit=10)
    await store.put_off_mail(mail.id, due_at=NOW)
    await store.drop_mail(mail.id)
    await store.purge_mails(now=NOW, limit=10)
    await store.record_events(an_event())
    await store.list_events()
    await store.list_events(user_id="ada")
