"""kernia, as in its read-me: mounted on FastAPI, everything kept by its SQLAlchemy adapter."""

from typing import Annotated

from bench.applications.peers.serving import ANSWER, Setting, serve
from fastapi import Depends, FastAPI
from kernia.auth import init
from kernia.plugins import email_and_password
from kernia.types.context import Session
from kernia.types.init_options import KerniaOptions, RateLimitOptions
from kernia_fastapi import mount_kernia, require_session
from kernia_sqlalchemy import sqlalchemy_adapter
from starlette.types import ASGIApp


async def build(setting: Setting) -> ASGIApp:
    """The application."""
    auth = init(
        KerniaOptions(
            database=await sqlalchemy_adapter(url=setting.url),
            secret=setting.secret,
            base_url=setting.origin,
            base_path="/api/auth",
            plugins=[email_and_password()],
            rate_limit=RateLimitOptions(enabled=False),  # by default five people a minute may sign up
        )
    )
    app = FastAPI()
    mount_kernia(app, auth)

    @app.get("/protected")
    async def protected(session: Annotated[Session, Depends(require_session)]) -> dict[str, str]:
        del session
        return ANSWER

    return app


if __name__ == "__main__":
    serve(build)
