"""Our own routes, a module for each thing that they are about."""
