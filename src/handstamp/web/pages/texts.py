"""Why people were signed out, in words that they understand."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from handstamp.core.models import EndReason


@dataclass(frozen=True, slots=True)
class ReasonText:
    """What the page about the end of a session says."""

    title: str
    text: str


SIGNED_OUT: Final[Mapping[EndReason, ReasonText]] = MappingProxyType(
    {
        EndReason.SIGNED_OUT: ReasonText(
            "You are signed out",
            "Nobody can go on in this browser without signing in again.",
        ),
        EndReason.ENDED_ELSEWHERE: ReasonText(
            "You were signed out from another device",
            "This session was ended from your list of sessions. If that was not you, sign in and look through "
            "the list.",
        ),
        EndReason.REPLACED: ReasonText(
            "This session was replaced",
            "Somebody signed in anew in this browser, and the session before it ended with that.",
        ),
        EndReason.EXPIRED: ReasonText(
            "Your session has ended",
            "A session lasts only so long, however much it is used. Sign in to begin a new one.",
        ),
        EndReason.IDLE: ReasonText(
            "You were away for a while",
            "The session was not used for so long that we ended it, in case the device was left unattended.",
        ),
        EndReason.REPLAYED: ReasonText(
            "We ended this session to protect you",
            "An old copy of your session was used. Somebody may have taken it from this browser, or the browser "
            "was restored from a backup. Sign in again, and look through your other sessions.",
        ),
        EndReason.STORE_WENT_BACK: ReasonText(
            "Please sign in again",
            "Our records of this session are older than the session itself, as after a backup is restored. "
            "You did nothing wrong.",
        ),
        EndReason.PASSWORD_CHANGED: ReasonText(
            "Your password was changed",
            "Changing the password ends the sessions that began before. Sign in with the new one. If it was not "
            "you who changed it, reset the password now.",
        ),
        EndReason.FACTOR_CHANGED: ReasonText(
            "Your way of signing in was changed",
            "A second step, a passkey or a login was added or removed, and that ends the sessions that began before.",
        ),
        EndReason.KEYS_RESET: ReasonText(
            "Everybody was asked to sign in again",
            "The keys that keep sessions safe were replaced. You did nothing wrong.",
        ),
        EndReason.USER_DISABLED: ReasonText(
            "This account is disabled",
            "Those who run this site can tell you why, and can enable it again.",
        ),
        EndReason.USER_DELETED: ReasonText(
            "This account is gone",
            "The account was deleted, and its sessions ended with it.",
        ),
        EndReason.ADMIN: ReasonText(
            "You were signed out by an administrator",
            "Those who run this site ended the session. You can sign in again.",
        ),
        EndReason.DEVICE_LOST: ReasonText(
            "This device was reported lost",
            "Its sessions were ended. If you have it back, sign in again.",
        ),
        EndReason.UNKNOWN: ReasonText(
            "Your session has ended",
            "We no longer have a record of it, so we cannot say why. Sign in to begin a new one.",
        ),
    }
)
"""A text for every reason."""
