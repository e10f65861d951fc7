"""One-time codes of an authenticator app as a second factor, and recovery codes for when the app is lost."""
