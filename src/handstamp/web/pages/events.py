"""What happened to an account, in words for its owner."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from handstamp.core.text import N_

HAPPENED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "signed_up": N_("The account was made"),
        "signed_in": N_("Signed in"),
        "sign_in_failed": N_("Signing in did not work"),
        "sign_in_refused": N_("Signing in was refused"),
        "session_started": N_("A session began"),
        "session_ended": N_("A session ended"),
        "session_replayed": N_("An old copy of a session was used"),
        "session_store_went_back": N_("A session was ended, for our records were older than it"),
        "reauthenticated": N_("Confirmed who is there"),
        "reauthentication_failed": N_("Confirming who is there did not work"),
        "identity_linked": N_("A login at a provider was linked"),
        "identity_unlinked": N_("A login at a provider was removed"),
        "provider_tokens_refused": N_("A provider no longer lets us act for you"),
        "email_verified": N_("The e-mail address was proved"),
        "password_changed": N_("The password was changed"),
        "roles_changed": N_("Roles were changed"),
        "user_disabled": N_("The account was disabled"),
        "user_enabled": N_("The account was enabled again"),
        "user_deleted": N_("The account was deleted"),
        "second_factor_added": N_("An authenticator app was set up"),
        "second_factor_removed": N_("The authenticator app was removed"),
        "second_factor_failed": N_("The second step of signing in did not work"),
        "recovery_codes_renewed": N_("New recovery codes were made"),
        "recovery_code_used": N_("A recovery code was used"),
    }
)
"""By the name of the event. One that is not here is shown by its name."""
