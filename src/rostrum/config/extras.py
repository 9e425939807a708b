"""Which extra of the distribution a missing package belongs to: the base is light, and most of Rostrum is in extras."""

from __future__ import annotations

_PACKAGES = {
    "server": (
        *("alembic", "anyio", "argon2", "cryptography", "graphql", "httptools", "sqlalchemy", "starlette"),
        *("uvicorn", "uvloop", "watchfiles"),
    ),
    "code-server": ("google", "grpc", "grpc_health", "zstandard"),
}
_EXTRAS = {package: extra for extra, packages in _PACKAGES.items() for package in packages}


def missing_extra(error: BaseException | None) -> str | None:
    """What to install, where the error or one of its causes is the lack of a package of an extra; else None."""
    while error is not None:
        extra = _EXTRAS.get((error.name or "").partition(".")[0]) if isinstance(error, ModuleNotFoundError) else None
        if extra is not None:
            return f"this part of Rostrum is in an extra: pip install 'rostrum[{extra}]'"
        error = error.__cause__
    return None
