"""The article's application, with stand-ins for X and Google: nothing to register, nothing leaves the machine."""
