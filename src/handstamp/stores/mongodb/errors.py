"""Which errors mean that the server cannot be asked. Any other one is a defect, and is raised as it is."""

from typing import Final

from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from handstamp.core.errors import StoreUnavailable

_OUTAGES: Final = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        13,  # Unauthorized: rights were taken away; open() says so while it is still a matter of set-up
        18,  # AuthenticationFailed: the same
        43,  # CursorNotFound: the server was started anew between two batches
        50,  # MaxTimeMSExpired
        64,  # WriteConcernFailed: not acknowledged by a majority in time
        79,  # UnknownReplWriteConcern
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        100,  # UnsatisfiableWriteConcern
        112,  # WriteConflict: others kept the document busy for the whole time limit
        134,  # ReadConcernMajorityNotAvailableYet
        189,  # PrimarySteppedDown
        202,  # NetworkInterfaceExceededTimeLimit
        251,  # NoSuchTransaction: it was aborted by the server
        262,  # ExceededTimeLimit
        290,  # TransactionExceededLifetimeLimitSeconds
        9001,  # SocketException
        10107,  # NotWritablePrimary
        11600,  # InterruptedAtShutdown
        11602,  # InterruptedDueToReplStateChange
        13388,  # StaleConfig
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
        14031,  # OutOfDiskSpace
        8000,  # AtlasError: how a hosted MongoDB says 18
    }
)
_TEMPORARY: Final = ("RetryableWriteError", "TransientTransactionError", "UnknownTransactionCommitResult")
REFUSED: Final = frozenset({13, 18, 8000})
"""Those of them that say that a user has not the rights, or is another."""


def is_outage(error: BaseException) -> bool:
    """Whether an error says that the server cannot be asked now."""
    if isinstance(error, (TimeoutError, ConnectionFailure)):
        return True
    if not isinstance(error, PyMongoError):
        return False
    if error.timeout or any(error.has_error_label(label) for label in _TEMPORARY):
        return True
    return isinstance(error, OperationFailure) and not _OUTAGES.isdisjoint(_codes(error))


def _codes(error: OperationFailure) -> set[int | None]:
    """The code of an error; of a batch, the codes of all that went wrong in it."""
    details = error.details or {}
    faults = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
    return {error.code, *(fault.get("code") for fault in faults)}


def unavailable(error: BaseException) -> StoreUnavailable:
    """What is raised instead. The driver's own words are its cause; they name hosts, and no password."""
    return StoreUnavailable(f"MongoDB cannot be asked: {type(error).__name__}")
