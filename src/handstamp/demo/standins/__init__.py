"""Stand-ins for X and Google, so that the demo signs people in without an account anywhere.

They speak the same protocols at the same paths below ``/x`` and ``/google``, refuse what the real ones refuse, and
say on every page what they are. Nothing they do leaves the machine. They are for demos and tests only: whoever
reaches them can be anyone.

Several processes with one key are one provider: what one hands out, another honours.
"""

from handstamp.demo.standins.app import standins
from handstamp.demo.standins.clients import Client, Clients
from handstamp.demo.standins.google import new_signing_key
from handstamp.demo.standins.people import PEOPLE, Person

__all__ = ["PEOPLE", "Client", "Clients", "Person", "new_signing_key", "standins"]
