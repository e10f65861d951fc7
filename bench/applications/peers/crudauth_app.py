"""crudauth, as in its quick start: sessions in memory, users by SQLAlchemy."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from bench.applications.peers.serving import ANSWER, Setting, serve
from crudauth import CRUDAuth, Principal
from crudauth.models import AuthUserMixin
from crudauth.ratelimit import RateLimit
from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.types import ASGIApp


class Base(DeclarativeBase):
    """The tables."""


class User(Base, AuthUserMixin):
    """Somebody."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)


async def build(setting: Setting) -> ASGIApp:
    """The application."""
    engine = create_async_engine(setting.url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    new_session = async_sessionmaker(engine, expire_on_commit=False)

    async def session() -> AsyncGenerator[AsyncSession]:
        async with new_session() as opened:
            yield opened

    auth = CRUDAuth(
        session=session,
        user_model=User,
        SECRET_KEY=setting.secret,
        rate_limits={"register": RateLimit(times=0, seconds=60)},  # by default five people an hour may register
        warn_on_memory_backend=False,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await auth.initialize()
        yield
        await auth.shutdown()

    app = FastAPI(lifespan=lifespan)
    app.include_router(auth.router)

    @app.get("/protected")
    async def protected(me: Annotated[Principal, Depends(auth.current_user())]) -> dict[str, str]:
        del me
        return ANSWER

    return app


if __name__ == "__main__":
    serve(build)
