"""fastapi-users, as in its full example for SQLAlchemy, with the cookie transport.

The option: "jwt" or "database".
"""

from collections.abc import AsyncGenerator
from typing import Annotated, Any
from uuid import UUID

from bench.applications.peers.serving import ANSWER, Setting, serve
from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, CookieTransport, JWTStrategy, Strategy
from fastapi_users.authentication.strategy.db import AccessTokenDatabase, DatabaseStrategy
from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users_db_sqlalchemy.access_token import SQLAlchemyAccessTokenDatabase, SQLAlchemyBaseAccessTokenTableUUID
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from starlette.types import ASGIApp

LIFETIME = 3600
"""Seconds, as in the documentation's examples."""


class Base(DeclarativeBase):
    """The tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """Somebody."""


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    """A session, for the database strategy."""


async def build(setting: Setting) -> ASGIApp:
    """The application."""
    engine = create_async_engine(setting.url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    new_session = async_sessionmaker(engine, expire_on_commit=False)

    async def session() -> AsyncGenerator[AsyncSession]:
        async with new_session() as opened:
            yield opened

    async def users(opened: Annotated[AsyncSession, Depends(session)]) -> AsyncGenerator[Any]:
        yield SQLAlchemyUserDatabase(opened, User)

    async def tokens(opened: Annotated[AsyncSession, Depends(session)]) -> AsyncGenerator[Any]:
        yield SQLAlchemyAccessTokenDatabase(opened, AccessToken)

    class Manager(UUIDIDMixin, BaseUserManager[User, UUID]):
        reset_password_token_secret = setting.secret
        verification_token_secret = setting.secret

    async def manager(found: Annotated[Any, Depends(users)]) -> AsyncGenerator[Manager]:
        yield Manager(found)

    def by_token() -> Strategy[User, UUID]:
        return JWTStrategy(secret=setting.secret, lifetime_seconds=LIFETIME)

    def by_row(kept: Annotated[AccessTokenDatabase[AccessToken], Depends(tokens)]) -> Strategy[User, UUID]:
        return DatabaseStrategy(kept, lifetime_seconds=LIFETIME)

    strategy = {"jwt": by_token, "database": by_row}[setting.options[0]]
    backend = AuthenticationBackend("cookie", CookieTransport(cookie_max_age=LIFETIME), strategy)
    everything = FastAPIUsers[User, UUID](manager, [backend])
    app = FastAPI()
    app.include_router(everything.get_auth_router(backend), prefix="/auth/cookie")
    app.include_router(everything.get_register_router(schemas.BaseUser[UUID], schemas.BaseUserCreate), prefix="/auth")
    current_user = everything.current_user(active=True)

    @app.get("/protected")
    async def protected(user: Annotated[User, Depends(current_user)]) -> dict[str, str]:
        del user
        return ANSWER

    return app


if __name__ == "__main__":
    serve(build)
