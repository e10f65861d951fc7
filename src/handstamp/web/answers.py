"""What is said of each error: by which status to programs, in which words to people."""

from dataclasses import dataclass
from typing import Final

from handstamp.core.errors import (
    AddressTaken,
    Busy,
    ConfigurationError,
    CrossOrigin,
    Forbidden,
    FreshSessionRequired,
    HandstampError,
    IdentityTaken,
    InvalidInput,
    InvalidRequest,
    InvalidToken,
    LastWayIn,
    LoginFailed,
    MustSignInAgain,
    NotFound,
    ProviderUnavailable,
    RateLimited,
    SecondFactorRequired,
    SessionEnded,
    StoreUnavailable,
    TooLarge,
    Unauthenticated,
    UnsupportedMediaType,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """How an error is told over HTTP: to programs by status and title, to people by all of it."""

    status: int
    title: str
    what_happened: str
    what_to_do: str


_NOT_SIGNED_IN: Final = Answer(
    401, "Not signed in", "What you asked for is for people who are signed in.", "Sign in, then try again."
)

TABLE: Final[dict[type[HandstampError], Answer]] = {
    Unauthenticated: _NOT_SIGNED_IN,
    InvalidToken: _NOT_SIGNED_IN,
    SessionEnded: Answer(401, "Not signed in any more", "Your session is over.", "Sign in again."),
    FreshSessionRequired: Answer(
        401, "Please sign in once more", "You signed in too long ago for this.", "Sign in again, then try once more."
    ),
    SecondFactorRequired: Answer(
        401,
        "One more step",
        "This needs a second proof that it is you.",
        "Confirm with your authenticator app or a passkey, then try once more.",
    ),
    RateLimited: Answer(
        429, "Too many attempts", "Somebody tried this too often just now.", "Wait a little, then try again."
    ),
    InvalidInput: Answer(422, "Please look at this again", "Some of it cannot be taken as it is.", "Correct it."),
    TooLarge: Answer(413, "Too long", "What was sent is longer than anything expected here.", "Send less."),
    UnsupportedMediaType: Answer(
        415, "Cannot be read", "What was sent is neither a form nor JSON.", "Send it as one of them."
    ),
    Forbidden: Answer(
        403,
        "Not allowed",
        "Your account lacks what this needs.",
        "Ask whoever runs this application, if you should have it.",
    ),
    CrossOrigin: Answer(
        403,
        "Sent from another site",
        "The request came from a page that is not part of this site, so nothing was done.",
        "Go back to this site's own page and do it from there.",
    ),
    NotFound: Answer(404, "Not found", "There is nothing at this address.", "Check the address."),
    InvalidRequest: Answer(400, "Bad request", "The request could not be understood.", "Go back and try again."),
    LastWayIn: Answer(
        409,
        "This is your only way in",
        "Without it nobody could sign in to your account any more, so it was kept.",
        "Add another way to sign in first.",
    ),
    AddressTaken: Answer(
        409,
        "You already have an account",
        "The address belongs to an account that is here already.",
        "Sign in the way you did before, then link the new one.",
    ),
    IdentityTaken: Answer(
        409,
        "Linked to another account",
        "This login belongs to another account here, and stays there.",
        "Sign in with it, or choose another one.",
    ),
    MustSignInAgain: Answer(
        409,
        "Sign in with the provider again",
        "The provider does not let us act for you any more.",
        "Sign in there once more.",
    ),
    LoginFailed: Answer(
        400, "Signing in did not work", "Nothing was changed.", "Try again, or choose another way in."
    ),
    StoreUnavailable: Answer(
        503,
        "Out of order for a moment",
        "We cannot look up your session just now; you stay signed in.",
        "Try again in a few seconds.",
    ),
    Busy: Answer(
        503, "Busy just now", "Too many people are doing the same at this moment.", "Try again in a few seconds."
    ),
    ProviderUnavailable: Answer(
        503, "The provider does not answer", "It is out of order or very slow.", "Try again in a moment."
    ),
    ConfigurationError: Answer(
        500,
        "Not set up",
        "This application is not set up correctly.",
        "Whoever runs it finds the reason in its log.",
    ),
    HandstampError: Answer(500, "Something went wrong", "It is not your fault.", "Try again later."),
}
"""Looked up along the class's bases, so that a new error has an answer from the start."""

LOGIN_ANSWERS: Final = {
    "access_denied": Answer(
        403, "You were not signed in", "The provider says that signing in was refused.", "You can try again."
    ),
    "sign_in_to_link": Answer(
        409,
        "You already have an account",
        "The address that the provider knows you by belongs to an account that is here already.",
        "Sign in the way you did before. Then you can link this one, and use either from then on.",
    ),
    "another_user": Answer(
        403,
        "That was somebody else",
        "You confirmed with another account than the one that is signed in here.",
        "Try again with the account that you are signed in with.",
    ),
    "flow_unknown": Answer(
        400,
        "This sign-in cannot be finished",
        "It was begun in another browser, took more than ten minutes, or was finished already.",
        "Begin again.",
    ),
    "code_spent": Answer(
        400,
        "This code was tried too often",
        "Five wrong tries are all that a code has.",
        "Let us send you another one.",
    ),
    "proof_required": Answer(
        403,
        "Please show in another way that it is you",
        "Too many have tried to guess what only you know.",
        "Sign in with a link or code by e-mail, with another way in, or choose a new password by e-mail.",
    ),
    "wrong_password": Answer(
        401, "That did not work", "Nobody has this name and this password.", "Try again, or choose a new password."
    ),
    "link_unknown": Answer(
        400,
        "This link does not work any more",
        "It was used, is too old, or is not whole.",
        "Ask for a new one where you sign in.",
    ),
    "link_of_another": Answer(
        409,
        "This link is for another account",
        "You are signed in to another account than the one that it was sent for.",
        "Sign out, sign in to that account, then open the link again.",
    ),
    "address_taken": Answer(
        409,
        "This address belongs to another account",
        "Somebody has proved before that it is theirs.",
        "Sign in to that account, or use another address.",
    ),
    "user_disabled": Answer(
        403, "This account is disabled", "You cannot sign in with it.", "Ask whoever runs this application."
    ),
    "provider_unavailable": Answer(
        503, "The provider does not answer", "It is out of order or very slow.", "Try again in a moment."
    ),
    "provider_error": Answer(
        502,
        "The provider could not sign you in",
        "It answered with an error.",
        "Try again, or choose another way in.",
    ),
    "invalid_response": Answer(
        502,
        "The provider's answer was not valid",
        "It was refused, to be on the safe side.",
        "Try again, or choose another way in.",
    ),
}
"""Why signing in did not work, by reason. The error's own message is for the audit trail."""
