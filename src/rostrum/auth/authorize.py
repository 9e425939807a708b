"""The one place that decides what a principal may do. Deny by default: what no role grants is refused."""

from __future__ import annotations

from rostrum.model.errors import Denied
from rostrum.model.principals import Permission, Principal

_VIEWER = frozenset({Permission.VIEW})
_LAUNCHER = _VIEWER | {Permission.LAUNCH, Permission.CANCEL}
_EDITOR = _LAUNCHER | {Permission.EDIT_AUTOMATION, Permission.RELOAD_LOCATION, Permission.EDIT_LIMITS}
_ADMIN = _EDITOR | {Permission.ADMIN}

ROLES: dict[str, frozenset[Permission]] = {"viewer": _VIEWER, "launcher": _LAUNCHER, "editor": _EDITOR, "admin": _ADMIN}
"""What each role grants. No role grants RUN_WORKER or STEP_WORKER: only a run's tokens carry them, for their own
run."""
_WORKERS: dict[str, frozenset[Permission]] = {
    "run": frozenset({Permission.RUN_WORKER, Permission.STEP_WORKER}),
    "step": frozenset({Permission.STEP_WORKER}),
}


class Unauthenticated(Denied):
    """Log in first: no valid session or token came with the request."""

    code = "unauthenticated"


def permissions(principal: Principal) -> frozenset[Permission]:
    """All that the principal may do."""
    if principal.kind in _WORKERS:
        return _WORKERS[principal.kind]
    granted: frozenset[Permission] = frozenset()
    for role in principal.roles:
        granted |= ROLES.get(role, frozenset())
    return granted


def authorize(principal: Principal | None, permission: Permission, *, run_id: str | None = None) -> Principal:
    """Return the principal if it may, raise otherwise.

    `run_id` names the object where the permission is about one run: a run token is good for its own run only.
    Raises Unauthenticated without a principal, Denied when it lacks the permission.
    """
    if principal is None:
        raise Unauthenticated
    if permission not in permissions(principal):
        raise Denied(f"{principal.kind} {principal.name!r} may not {permission.value.replace('_', ' ')}")
    if principal.kind in _WORKERS and (run_id is None or run_id != principal.run_id):
        raise Denied(f"the token of run {principal.run_id} is not good for anything else")
    return principal
