"""fastapi-fullauth, as in its quick start with SQLModel, with the cookie transport and what it asks for beside it."""

from typing import Annotated

from bench.applications.peers.serving import ANSWER, Setting, serve
from fastapi import Depends, FastAPI
from fastapi_fullauth import FullAuth, FullAuthConfig, UserSchema
from fastapi_fullauth.adapters import SQLModelAdapter
from fastapi_fullauth.backends import CookieBackend
from fastapi_fullauth.dependencies import current_user
from fastapi_fullauth.middleware import CSRFMiddleware
from fastapi_fullauth.models.sqlmodel import RefreshTokenMixin, UserMixin
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import Relationship, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import ASGIApp


class RefreshToken(RefreshTokenMixin, table=True):
    """A session, as far as it can be renewed."""


class User(UserMixin, table=True):
    """Somebody."""

    refresh_tokens: list[RefreshToken] = Relationship()


async def build(setting: Setting) -> ASGIApp:
    """The application."""
    engine = create_async_engine(setting.url)
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    config = FullAuthConfig(
        SECRET_KEY=setting.secret,
        AUTH_RATE_LIMIT_ENABLED=False,  # by default three people a minute may register
    )
    fullauth = FullAuth(
        adapter=SQLModelAdapter(
            session_maker=async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False),
            user_model=User,
            refresh_token_model=RefreshToken,
        ),
        config=config,
        backends=[CookieBackend(config)],
    )
    app = FastAPI()
    app.add_middleware(CSRFMiddleware, secret=setting.secret)  # "whenever you use cookie transport"
    fullauth.init_app(app)

    @app.get("/protected")
    async def protected(user: Annotated[UserSchema, Depends(current_user)]) -> dict[str, str]:
        del user
        return ANSWER

    return app


if __name__ == "__main__":
    serve(build)
