"""Sending a code: how often, and the mail."""

from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request

from handstamp.core.encoding import base64url_encode
from handstamp.core.errors import RateLimited
from handstamp.core.keys import Purpose
from handstamp.core.policy import MINUTE
from handstamp.core.text import lower_ascii
from handstamp.login.email_code.codes import LIFETIME, Made, link_token
from handstamp.web.host import Host, Services
from handstamp.web.languages import language_of
from handstamp.web.respond import caller_of
