"""The stand-ins for X and Google: whole flows, and everything they must refuse."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any, Final, Literal
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from oauthlib import oauth1
from starlette.testclient import TestClient

from handstamp.core.encoding import base64url_encode
from handstamp.demo.standins import PEOPLE, Client, Clients, new_signing_key, standins
from handstamp.demo.standins.grants import BadGrant, Grants, Kind, Once

BASE: Final = "http://localhost:8001"
OTHER_BASE: Final = "http://localhost:9001"
ISSUER: Final = "http://localhost:7777/google"
KEY: Final = bytes(range(32))
PEM: Final = new_signing_key()
CALLBACK: Final = "http://127.0.0.1:8000/auth/callback/x?a=1"
SECRET: Final = "s3cret:+/&%"
VERIFIER: Final = "v" * 64
CHALLENGE: Final = base64url_encode(sha256(VERIFIER.encode()).digest())
FORM: Final = "application/x-www-form-urlencoded"
GRACE: Final = PEOPLE["grace"]


class Now:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1_795_450_800.0

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.at


@pytest.fixture
def now() -> Now:
    """The time at the stand-ins."""
    return Now()


def browser(now: Now, base: str = BASE) -> TestClient:
    """A process with the shared keys, seen by something that follows no redirect."""
    clients = Clients(
        x_oauth1=Client(id="consumer", secret=SECRET, redirect_uris=(CALLBACK,)),
        x_oauth2=Client(id="x-client", secret=SECRET, redirect_uris=(CALLBACK,)),
        google=Client(id="google-client", secret=SECRET, redirect_uris=(CALLBACK,)),
    )
    application = standins(base=base, issuer=ISSUER, key=KEY, signing_key_pem=PEM, clients=clients, clock=now)
    return TestClient(application, base_url=base, follow_redirects=False)


@pytest.fixture
def site(now: Now) -> TestClient:
    """One process."""
    return browser(now)


@pytest.fixture
def other(now: Now) -> TestClient:
    """Another process on the same data folder, at another address."""
    return browser(now, OTHER_BASE)


def sent_to(response: httpx2.Response) -> dict[str, str]:
    """The parameters with which the browser is sent back; its own query stays."""
    assert response.status_code == 303
    location = response.headers["location"]
    assert location.startswith(CALLBACK + "&")
    parameters = dict(parse_qsl(urlsplit(location).query))
    assert parameters.pop("a") == "1"
    return parameters


# OAuth 1.0a


def signed(
    site: TestClient,
    now: Now,
    method: Literal["GET", "POST"],
    path: str,
    *,
    client: Mapping[str, Any] | None = None,
    **options: Any,
) -> httpx2.Response:
    """A request signed by oauthlib's client."""
    signer = oauth1.Client(
        **{"client_key": "consumer", "client_secret": SECRET, "timestamp": str(int(now())), **(client or {})}
    )
    url, headers, _ = signer.sign(f"{site.base_url}{path}", method, **options)
    return site.request(method, url, headers=headers)


def request_token(site: TestClient, now: Now, **client: Any) -> dict[str, str]:
    """A new request token with its secret."""
    response = signed(site, now, "POST", "/x/oauth/request_token", client={"callback_uri": CALLBACK, **client})
    assert response.status_code == 200
    token = dict(parse_qsl(response.text))
    assert token["oauth_callback_confirmed"] == "true"
    return token


def authorise(site: TestClient, token: Mapping[str, str], data: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the callback is told when Grace (or ``data``) answers."""
    path = f"/x/oauth/authenticate?{urlencode({'oauth_token': token['oauth_token']})}"
    assert site.get(path).status_code == 200
    return sent_to(site.post(path, data=data or {"person": "grace"}))


def access_token(
    site: TestClient, now: Now, token: Mapping[str, str], verifier: str, **client: Any
) -> httpx2.Response:
    """Exchange a request token."""
    credentials = {
        "resource_owner_key": token["oauth_token"],
        "resource_owner_secret": token["oauth_token_secret"],
        "verifier": verifier,
    }
    return signed(site, now, "POST", "/x/oauth/access_token", client={**credentials, **client})


def account(site: TestClient, now: Now, token: Mapping[str, str], query: str = "", **client: Any) -> httpx2.Response:
    """Ask who it is."""
    credentials = {
        "resource_owner_key": token["oauth_token"],
        "resource_owner_secret": token["oauth_token_secret"],
    }
    path = f"/x/1.1/account/verify_credentials.json{query}"
    return signed(site, now, "GET", path, client={**credentials, **client})


def test_oauth1_signs_in(site: TestClient, now: Now) -> None:
    """Request token, consent, access token, account: oauthlib's client gets through."""
    token = request_token(site, now)
    callback = authorise(site, token)
    assert callback["oauth_token"] == token["oauth_token"]
    response = access_token(site, now, token, callback["oauth_verifier"])
    granted = dict(parse_qsl(response.text))
    assert (granted["user_id"], granted["screen_name"]) == (GRACE.x_id, "grace")
    assert account(site, now, granted, "?skip_status=true&include_email=true").json() == {
        "id": int(GRACE.x_id),
        "id_str": GRACE.x_id,
        "name": "Grace Hopper",
        "screen_name": "grace",
        "profile_image_url": f"{BASE}/people/grace.svg",
        "profile_image_url_https": f"{BASE}/people/grace.svg",
        "email": "grace@example.com",
    }
    assert "email" not in account(site, now, granted).json()


def test_oauth1_is_finished_by_another_process(site: TestClient, other: TestClient, now: Now) -> None:
    """Each step may be at another process with the same key."""
    token = request_token(site, now)
    callback = authorise(other, token)
    granted = dict(parse_qsl(access_token(site, now, token, callback["oauth_verifier"]).text))
    assert account(other, now, granted).json()["screen_name"] == "grace"


def test_oauth1_denial_names_the_token(site: TestClient, now: Now) -> None:
    """The callback gets ``denied``, and the request token is of no further use."""
    token = request_token(site, now)
    assert authorise(site, token, {"decision": "deny"}) == {"denied": token["oauth_token"]}
    assert site.get(f"/x/oauth/authenticate?oauth_token={token['oauth_token']}").status_code == 400


def test_oauth1_request_token_is_exchanged_once(site: TestClient, now: Now) -> None:
    """A second exchange is refused."""
    token = request_token(site, now)
    verifier = authorise(site, token)["oauth_verifier"]
    assert access_token(site, now, token, verifier).status_code == 200
    assert access_token(site, now, token, verifier).status_code == 401


def test_oauth1_needs_the_verifier_of_its_own_token(site: TestClient, now: Now) -> None:
    """None is 400, garbage and the verifier of another request token are 401 (OAU-12)."""
    token, others = request_token(site, now), request_token(site, now)
    for verifier in ("garbage", authorise(site, others)["oauth_verifier"], token["oauth_token"]):
        assert access_token(site, now, token, verifier).status_code == 401
    assert access_token(site, now, token, "").status_code == 400


@pytest.mark.parametrize(
    ("client", "status", "code"),
    [
        ({"client_key": "nobody"}, 401, 32),
        ({"client_secret": "wrong"}, 401, 32),
        ({"timestamp": "1795450100"}, 401, 32),
        ({"timestamp": "1795451500"}, 401, 32),
        ({"timestamp": "yesterday!"}, 400, 215),
        ({"signature_method": oauth1.SIGNATURE_PLAINTEXT}, 400, 215),
        ({"nonce": "n" * 129}, 400, 215),
        ({"callback_uri": None}, 400, 215),
        ({"callback_uri": "https://evil.example/"}, 403, 415),
        ({"callback_uri": CALLBACK + "&"}, 403, 415),
    ],
)
def test_oauth1_refuses_a_bad_request_for_a_token(
    site: TestClient, now: Now, client: dict[str, Any], status: int, code: int
) -> None:
    """Client, signature, time and callback are checked, and refused as X does."""
    client = {"callback_uri": CALLBACK, **client}
    response = signed(site, now, "POST", "/x/oauth/request_token", client=client)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (status, code)


def test_oauth1_refuses_a_request_token_of_its_own_making(site: TestClient, now: Now) -> None:
    """What we did not hand out is exchanged for nothing, whatever secret it is signed with."""
    token = request_token(site, now)
    verifier = authorise(site, token)["oauth_verifier"]
    assert access_token(site, now, {**token, "oauth_token": "made-up"}, verifier).status_code == 401


def test_oauth1_does_not_mind_a_realm(site: TestClient, now: Now) -> None:
    """Some clients send one in the header, where it is not signed (RFC 5849 §3.5.1)."""
    assert request_token(site, now, realm="somewhere")


def test_oauth1_refuses_an_unsigned_request(site: TestClient) -> None:
    """Nothing is nobody's."""
    assert site.post("/x/oauth/request_token").status_code == 400
    assert site.get("/x/1.1/account/verify_credentials.json").status_code == 401


def test_oauth1_refuses_a_nonce_twice(site: TestClient, now: Now) -> None:
    """The same signed request is good for one time."""
    request_token(site, now, nonce="abc")
    response = signed(site, now, "POST", "/x/oauth/request_token", client={"callback_uri": CALLBACK, "nonce": "abc"})
    assert response.status_code == 401


def test_oauth1_tokens_end(site: TestClient, now: Now) -> None:
    """A verifier lives a minute, a request token ten, an access token an hour."""
    token = request_token(site, now)
    verifier = authorise(site, token)["oauth_verifier"]
    now.at += 59
    granted = dict(parse_qsl(access_token(site, now, token, verifier).text))
    second = request_token(site, now)
    verifier = authorise(site, second)["oauth_verifier"]
    now.at += 60
    assert access_token(site, now, second, verifier).status_code == 401
    now.at += 540
    assert site.get(f"/x/oauth/authenticate?oauth_token={second['oauth_token']}").status_code == 400
    assert account(site, now, granted).status_code == 200
    now.at += 3000
    assert account(site, now, granted).status_code == 401


def test_oauth1_access_token_needs_its_secret(site: TestClient, now: Now) -> None:
    """The token alone opens nothing, and a request token is no access token."""
    token = request_token(site, now)
    granted = dict(parse_qsl(access_token(site, now, token, authorise(site, token)["oauth_verifier"]).text))
    assert account(site, now, {**granted, "oauth_token_secret": "wrong"}).status_code == 401
    assert account(site, now, token).status_code == 401


# OAuth 2.0 and OpenID Connect


class Flow:
    """The authorization code flow at one provider."""

    def __init__(self, provider: str) -> None:
        self.client = f"{provider}-client"
        self.google = provider == "google"
        self.authorize = "/google/authorize" if self.google else "/x/i/oauth2/authorize"
        self.token = "/google/token" if self.google else "/x/2/oauth2/token"
        self.about = "/google/userinfo" if self.google else "/x/2/users/me"
        self.scope = "openid email profile" if self.google else "users.read tweet.read users.email"

    def url(self, **changes: str | None) -> str:
        """The address of a request, with changes; None leaves a parameter out."""
        parameters = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": CALLBACK,
            "scope": self.scope,
            "state": "1&2=3",
            "nonce": "n0nce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return f"{self.authorize}?{urlencode({name: v for name, v in parameters.items() if v is not None})}"

    def issuer(self) -> dict[str, str]:
        """The issuer in an answer, where there is one."""
        return {"iss": ISSUER} if self.google else {}

    def code(self, site: TestClient, **changes: str | None) -> str:
        """A code for Grace."""
        url = self.url(**changes)
        assert site.get(url).status_code == 200
        answer = sent_to(site.post(url, data={"person": "grace"}))
        code = answer.pop("code")
        assert answer == {"state": "1&2=3", **self.issuer()}
        return code

    def redeem(
        self, site: TestClient, code: str, *, credentials: tuple[str, str] | None = None, **changes: str | None
    ) -> httpx2.Response:
        """Exchange a code, with changes; None leaves a field out."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **changes,
        }
        data = {name: value for name, value in fields.items() if value is not None}
        headers = {"authorization": basic(*(credentials or (self.client, SECRET)))}
        return site.post(self.token, data=data, headers=headers)


def basic(client_id: str, secret: str) -> str:
    """The header of RFC 6749 §2.3.1, whose two halves are form-encoded first."""
    pair = ":".join(urlencode({"": each})[1:] for each in (client_id, secret))
    return "Basic " + b64encode(pair.encode()).decode()


@pytest.fixture(params=["x", "google"])
def flow(request: pytest.FixtureRequest) -> Flow:
    """Both providers in turn."""
    return Flow(request.param)


def bearer(token: str) -> dict[str, str]:
    """The header of RFC 6750 §2.1."""
    return {"authorization": f"Bearer {token}"}


def test_x_signs_in_by_oauth2() -> None:
    """Code, token, users/me with the fields asked for."""
    site, flow = browser(Now()), Flow("x")
    tokens = flow.redeem(site, flow.code(site)).json()
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("bearer", 3600, flow.scope)
    headers = bearer(tokens["access_token"])
    fields = "?user.fields=profile_image_url,confirmed_email"
    me = {"id": GRACE.x_id, "name": "Grace Hopper", "username": "grace"}
    more = {"profile_image_url": f"{BASE}/people/grace.svg", "confirmed_email": "grace@example.com"}
    assert site.get(flow.about, headers=headers).json() == {"data": me}
    assert site.get(flow.about + fields, headers=headers).json() == {"data": me | more}


def test_x_gives_no_address_without_the_scope(site: TestClient) -> None:
    """``confirmed_email`` needs users.email, and users/me needs users.read and tweet.read."""
    flow = Flow("x")
    for scope, status in (("users.read tweet.read", 200), ("users.read", 403)):
        tokens = flow.redeem(site, flow.code(site, scope=scope)).json()
        response = site.get(f"{flow.about}?user.fields=confirmed_email", headers=bearer(tokens["access_token"]))
        assert response.status_code == status
        assert "confirmed_email" not in response.text


def id_token_claims(site: TestClient, tokens: Mapping[str, str]) -> dict[str, Any]:
    """The claims of an ID token, its signature verified against the published keys."""
    keys = KeySet.import_key_set(site.get("/google/jwks").json())
    token = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])
    assert token.header["kid"]
    return dict(token.claims)


def test_google_signs_in(site: TestClient, now: Now) -> None:
    """Code, tokens, a signed ID token with nonce and at_hash, userinfo with the same subject."""
    flow = Flow("google")
    tokens = flow.redeem(site, flow.code(site)).json()
    about = {
        "sub": GRACE.google_sub,
        "name": "Grace Hopper",
        "given_name": "Grace",
        "family_name": "Hopper",
        "picture": f"{BASE}/people/grace.svg",
        "email": "grace@example.com",
        "email_verified": True,
    }
    assert id_token_claims(site, tokens) == {
        "iss": ISSUER,
        "aud": "google-client",
        "azp": "google-client",
        "iat": int(now()),
        "exp": int(now()) + 3600,
        "nonce": "n0nce",
        "at_hash": base64url_encode(sha256(tokens["access_token"].encode()).digest()[:16]),
        **about,
    }
    assert site.get(flow.about, headers=bearer(tokens["access_token"])).json() == about


def test_google_tells_no_more_than_the_scopes(site: TestClient) -> None:
    """Without profile and email there is a subject alone; without openid no ID token; no nonce, no nonce claim."""
    flow = Flow("google")
    tokens = flow.redeem(site, flow.code(site, scope="openid", nonce=None)).json()
    assert set(id_token_claims(site, tokens)) == {"iss", "aud", "azp", "iat", "exp", "at_hash", "sub"}
    assert "id_token" not in flow.redeem(site, flow.code(site, scope="email")).json()


def test_google_metadata_has_the_shared_issuer_and_own_endpoints(site: TestClient, other: TestClient) -> None:
    """Two processes are one issuer at two addresses, with one key."""
    for each, base in ((site, BASE), (other, OTHER_BASE)):
        metadata = each.get("/google/.well-known/openid-configuration").json()
        assert metadata["issuer"] == ISSUER
        assert metadata["authorization_response_iss_parameter_supported"] is True
        for endpoint in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
            assert metadata[endpoint].startswith(f"{base}/google/")
    assert site.get("/google/jwks").json() == other.get("/google/jwks").json()


def test_google_publishes_no_private_key(site: TestClient) -> None:
    """The key set has one public key."""
    (key,) = site.get("/google/jwks").json()["keys"]
    assert set(key) == {"kty", "n", "e", "use", "alg", "kid"}


def test_google_takes_the_secret_in_the_body_and_x_does_not(site: TestClient, flow: Flow) -> None:
    """Metadata of Google says client_secret_post, X wants Basic."""
    data = {
        "grant_type": "authorization_code",
        "code": flow.code(site),
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "client_id": flow.client,
        "client_secret": SECRET,
    }
    assert site.post(flow.token, data=data).status_code == (200 if flow.google else 401)


def test_google_does_without_pkce_and_x_does_not(site: TestClient, flow: Flow) -> None:
    """Without a challenge, Google gives a code that needs no verifier; a verifier out of nowhere is refused."""
    without = {"code_challenge": None, "code_challenge_method": None}
    if flow.google:
        assert flow.redeem(site, flow.code(site, **without), code_verifier=None).status_code == 200
        assert flow.redeem(site, flow.code(site, **without)).status_code == 400
    else:
        answer = sent_to(site.get(flow.url(**without)))
        assert answer == {"error": "invalid_request", "state": "1&2=3"}


def test_a_code_is_redeemed_by_another_process(site: TestClient, other: TestClient, flow: Flow) -> None:
    """A flow begun at one process is finished at another, and its token is honoured by both."""
    tokens = flow.redeem(other, flow.code(site)).json()
    assert site.get(flow.about, headers=bearer(tokens["access_token"])).status_code == 200


def test_a_denial_goes_back_to_the_application(site: TestClient, flow: Flow) -> None:
    """``access_denied`` with the state, and the issuer from Google."""
    answer = sent_to(site.post(flow.url(), data={"decision": "deny"}))
    assert answer == {"error": "access_denied", "state": "1&2=3", **flow.issuer()}


def test_an_answer_without_state_has_none(site: TestClient, flow: Flow) -> None:
    """State is echoed, not invented."""
    answer = sent_to(site.post(flow.url(state=None), data={"decision": "deny"}))
    assert "state" not in answer


@pytest.mark.parametrize("verifier", [None, "", "w" * 64, "v" * 42, VERIFIER + "\n", CHALLENGE, "é" * 64], ids=repr)
def test_another_verifier_is_refused(site: TestClient, flow: Flow, verifier: str | None) -> None:
    """PKCE: only the verifier of the challenge redeems the code, and a failure does not use it up."""
    code = flow.code(site)
    response = flow.redeem(site, code, code_verifier=verifier)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")
    assert flow.redeem(site, code).status_code == 200


def test_a_code_is_redeemed_once(site: TestClient, flow: Flow) -> None:
    """The second time is refused."""
    code = flow.code(site)
    assert flow.redeem(site, code).status_code == 200
    assert flow.redeem(site, code).json()["error"] == "invalid_grant"


def test_a_code_lives_a_minute(site: TestClient, now: Now, flow: Flow) -> None:
    """At 60 seconds it is over."""
    code = flow.code(site)
    now.at += 60
    assert flow.redeem(site, code).json()["error"] == "invalid_grant"


def test_an_access_token_lives_an_hour(site: TestClient, now: Now, flow: Flow) -> None:
    """At 3600 seconds it is over."""
    headers = bearer(flow.redeem(site, flow.code(site)).json()["access_token"])
    now.at += 3599
    assert site.get(flow.about, headers=headers).status_code == 200
    now.at += 1
    assert site.get(flow.about, headers=headers).status_code == 401


def test_codes_and_tokens_do_not_stand_for_each_other(site: TestClient, flow: Flow) -> None:
    """A code is no access token, and the other provider's code is none here."""
    other_flow = Flow("x" if flow.google else "google")
    code = other_flow.code(site)
    assert site.get(flow.about, headers=bearer(flow.code(site))).status_code == 401
    assert flow.redeem(site, code).status_code == 400


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer garbage", "Bearer é", "Basic eDp5"])
def test_a_bad_access_token_is_401(site: TestClient, flow: Flow, header: str) -> None:
    """Whatever is no token of ours is refused."""
    assert site.get(flow.about, headers={b"authorization": header.encode()}).status_code == 401


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Basic /w==", "Bearer x", "Basic eDp5"])
def test_bad_client_credentials_are_401(site: TestClient, flow: Flow, header: str) -> None:
    """A header that does not hold the secret is refused, with a challenge."""
    response = site.post(flow.token, data={"code": flow.code(site)}, headers={"authorization": header})
    assert (response.status_code, response.json()) == (401, {"error": "invalid_client"})
    assert response.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code": "garbage"}, "invalid_grant"),
        ({"code": "é"}, "invalid_grant"),
        ({"code": None}, "invalid_grant"),
    ],
)
def test_a_bad_exchange_is_400(site: TestClient, flow: Flow, changes: dict[str, str | None], error: str) -> None:
    """Errors are named as RFC 6749 §5.2 does."""
    fields: dict[str, Any] = {"code": flow.code(site), **changes}
    response = flow.redeem(site, **fields)
    assert (response.status_code, response.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": CALLBACK + "&b=2"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": None},
    ],
)
def test_an_unregistered_request_is_sent_nowhere(
    site: TestClient, flow: Flow, changes: dict[str, str | None]
) -> None:
    """A wrong client or redirect address gets a page, asked and answered alike (RFC 9700 §4.1)."""
    for response in (
        site.get(flow.url(**changes)),
        site.post(flow.url(**changes), data={"person": "ada"}),
    ):
        assert response.status_code == 400
        assert "location" not in response.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": " "}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_a_wrong_request_is_told_to_the_application(
    site: TestClient, flow: Flow, changes: dict[str, str | None], error: str
) -> None:
    """What is not about client or address goes back to it, with state and issuer."""
    assert sent_to(site.get(flow.url(**changes))) == {"error": error, "state": "1&2=3", **flow.issuer()}


# Pages


class Consent(HTMLParser):
    """Buttons, pictures and forms of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.buttons: list[tuple[str | None, str | None]] = []
        self.forms: list[dict[str, str | None]] = []
        self.attributes: set[str] = set()
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what matters."""
        attributes = dict(attrs)
        self.tags.add(tag)
        self.attributes |= set(attributes)
        if tag == "button":
            assert attributes["type"] == "submit"
            self.buttons.append((attributes["name"], attributes["value"]))
        if tag == "form":
            self.forms.append(attributes)


def test_the_consent_page_has_a_button_for_each_person_and_one_for_no(site: TestClient, flow: Flow) -> None:
    """A plain form that posts to the page's own address."""
    page = Consent(site.get(flow.url()).text)
    assert page.forms == [{"method": "post"}]
    assert page.buttons == [("person", "ada"), ("person", "grace"), ("person", "linus"), ("decision", "deny")]
    assert not page.tags & {"script", "style"}
    assert "style" not in page.attributes


def test_the_pages_say_what_they_are(site: TestClient, flow: Flow) -> None:
    """Nobody takes a stand-in for the real one, not even when it refuses."""
    name = "Google" if flow.google else "X"
    for url in (flow.url(), flow.url(client_id="nobody")):
        text = site.get(url).text
        assert f"A stand-in for {name}." in text
        assert "nothing leaves this machine" in text
    assert "A stand-in for X and Google." in site.get("/").text


def test_the_consent_page_names_what_the_application_learns(site: TestClient, flow: Flow) -> None:
    """The e-mail address is named where it is asked for, and the host that people go back to."""
    assert "your e-mail address" in site.get(flow.url()).text
    assert "127.0.0.1:8000" in site.get(flow.url()).text
    scope = "openid" if flow.google else "users.read tweet.read"
    assert "your e-mail address" not in site.get(flow.url(scope=scope)).text


def test_the_consent_page_lets_its_form_lead_to_the_application(site: TestClient, flow: Flow) -> None:
    """The policy forbids scripts and frames, and has no form-action, which would block the redirect (CSR-09)."""
    headers = site.get(flow.url()).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action" not in policy
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"person=nobody", FORM, 400),
        (b"", FORM, 400),
        (b"person=ada&person=grace", FORM, 400),
        (b"person=%ff", FORM, 400),
        (b"person=\xff", FORM, 400),
        (b'{"person": "ada"}', "application/json", 400),
        (b"person=" + b"a" * 20_000, FORM, 413),
    ],
)
def test_a_decision_that_is_none_is_refused(
    site: TestClient, flow: Flow, body: bytes, content_type: str, status: int
) -> None:
    """Neither a person nor a refusal: nobody is signed in and nobody sent back."""
    response = site.post(flow.url(), content=body, headers={"content-type": content_type})
    assert response.status_code == status
    assert "location" not in response.headers


def test_a_parameter_twice_is_refused(site: TestClient, flow: Flow) -> None:
    """RFC 6749 §3.1."""
    assert site.get(flow.url() + "&state=2").status_code == 400


def test_a_bad_request_token_gets_a_page(site: TestClient) -> None:
    """As X says: the request token for this page is invalid."""
    for query in ("", "?oauth_token=garbage", "?oauth_token=%C3%A9"):
        response = site.get(f"/x/oauth/authenticate{query}")
        assert response.status_code == 400
        assert "request token" in response.text


def test_pictures_and_stylesheet_are_served(site: TestClient) -> None:
    """Pictures are SVG that may run nothing; there is none of a stranger."""
    response = site.get("/people/ada.svg")
    assert response.headers["content-type"] == "image/svg+xml"
    assert response.headers["content-security-policy"] == "default-src 'none'"
    assert ">AL<" in response.text
    assert site.get("/people/nobody.svg").status_code == 404
    assert site.get("/standins.css").headers["content-type"].startswith("text/css")


def test_the_callback_keeps_a_repeated_parameter_of_its_own(site: TestClient, flow: Flow) -> None:
    """The query of a registered address stays as it is."""
    location = site.post(flow.url(), data={"decision": "deny"}).headers["location"]
    assert parse_qs(urlsplit(location).query)["a"] == ["1"]


# Grants


def test_a_short_key_is_refused(now: Now) -> None:
    """A key of the data folder has 32 bytes."""
    with pytest.raises(ValueError, match="32 bytes"):
        Grants(b"short", now)


def test_a_grant_of_another_key_does_not_open(now: Now) -> None:
    """Only who shares the key can read it."""
    grant = Grants(KEY, now).issue(Kind.X_CODE, {}, lifetime=60)
    with pytest.raises(BadGrant):
        Grants(bytes(32), now).open(Kind.X_CODE, grant)


def test_once_forgets_what_could_not_be_used_anyway(now: Now) -> None:
    """Memory does not grow with time."""
    once = Once(now)
    assert once.use("a", lifetime=60)
    assert not once.use("a", lifetime=60)
    now.at += 60
    assert not once.is_used("a")
    assert once.use("b", lifetime=60)
    assert list(once._used) == ["b"]


def test_a_client_does_not_show_its_secret() -> None:
    """Not in a repr, and so not in a log."""
    assert SECRET not in repr(Client(id="a", secret=SECRET, redirect_uris=()))
