"""Sign-in for Python web applications."""
