"""python-oracledb in a redirected process: it connects to the target, whatever is requested.

There are two layers. The constructors and `connect_async` are wrapped, so that what the program
names is never resolved (TNS aliases, ldap://, tokens). A params hook, always the last one, sets the
target again for connections made in any other way.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from tracekit.errors import RedirectError
from tracekit.programs.redirect_guard import Guard
from tracekit.programs.redirect_import import patch_import
from tracekit.programs.redirect_log import RedirectLog
from tracekit.programs.redirect_named import NamedDatabase, named_database, params_addresses
from tracekit.programs.redirect_target import Target

_WHO = (
    "user proxy_user password newpassword access_token extra_auth_params externalauth mode handle "
)
_WHERE = (
    "host port protocol https_proxy https_proxy_port service_name instance_name sid "
    "server_type config_dir shardingkey supershardingkey use_tcp_fast_open "
    "thick_mode_dsn_passthrough "
)
_HOW = (
    "wallet_location wallet_password ssl_context ssl_version ssl_server_dn_match "
    "ssl_server_cert_dn use_sni use_eztls cclass purity pool_boundary pool_name debug_jdwp "
    "edition "
)
DROPPED = frozenset((_WHO + _WHERE + _HOW).split())
"""Parameters of a connection that say where it goes or how it is secured; they are dropped.

All others are kept: names that a newer driver adds, or that belong to a pool, must reach it.
"""

_THICK = (
    "Thick mode reads Oracle through Oracle Client libraries, which cannot be redirected. "
    "Do not call init_oracle_client() in this run: thin mode is python-oracledb's default"
)


class DriverRedirect:
    """The redirect of one process's python-oracledb, now or when it is imported."""

    def __init__(self, target: Target, log: RedirectLog, guard: Guard) -> None:
        self._target = target
        self._log = log
        self._guard = guard
        self._pools: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
        self._params_hook: Callable[[Any], None] = self._set_target
        self._hooks: list[Callable[[Any], None]] = []

    def start(self) -> None:
        """Patch the driver, or wait for its import: loading it here would cost memory."""
        patch_import("oracledb", self.patch)

    def patch(self, driver: Any) -> None:
        """Redirect what `driver` (the module oracledb) connects."""
        # The package deletes its modules' names, so they are not its attributes.
        connection: Any = import_module("oracledb.connection")
        if hasattr(connection.Connection.__init__, "__wrapped__"):
            return  # a reload runs the package again, not its modules
        pool: Any = import_module("oracledb.pool")
        thick: Any = import_module("oracledb.thick_impl")
        self._wrap_connection(driver, connection.Connection)
        self._wrap_pool(driver, pool.BaseConnectionPool)
        connection.connect_async = driver.connect_async = self._connect_async(
            driver, connection.connect_async
        )
        thick.init_oracle_client = driver.init_oracle_client = self._refuse_thick
        driver.register_params_hook(self._params_hook)
        self._hooks = import_module("oracledb.base_impl").REGISTERED_PARAMS_HOOKS

    def _wrap_connection(self, driver: Any, connection_class: Any) -> None:
        original = connection_class.__init__

        @functools.wraps(original)
        def __init__(  # noqa: N807 (it takes that place)
            connection: Any, dsn: Any = None, *, pool: Any = None, params: Any = None, **kwargs: Any
        ) -> None:
            self._check_mode(driver)
            if pool is not None:
                kwargs = self._of_pool(pool, kwargs)
            else:
                params, kwargs = self._redirected(driver, dsn, params, kwargs)
                dsn = self._target.dsn
            with self._errors_tell_target(driver):
                original(connection, dsn, pool=pool, params=params, **kwargs)

        connection_class.__init__ = __init__

    def _wrap_pool(self, driver: Any, pool_class: Any) -> None:
        original = pool_class.__init__

        @functools.wraps(original)
        def __init__(  # noqa: N807 (it takes that place)
            pool: Any, dsn: Any = None, *, params: Any = None, cache_name: Any = None, **kwargs: Any
        ) -> None:
            self._check_mode(driver)
            named = self._name(driver, dsn, params, kwargs)
            params, kwargs = self._to_target(driver, params, kwargs)
            original(pool, self._target.dsn, params=params, cache_name=cache_name, **kwargs)
            self._pools[pool] = named.label

        pool_class.__init__ = __init__

    def _connect_async(self, driver: Any, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def connect_async(
            dsn: Any = None,
            *,
            pool: Any = None,
            pool_alias: Any = None,
            params: Any = None,
            **kwargs: Any,
        ) -> Any:
            if pool is not None or pool_alias is not None:
                known = pool if pool is not None else driver.get_pool(pool_alias)
                if known is not None:  # the driver raises for an unknown alias
                    kwargs = self._of_pool(known, kwargs)
            else:
                params, kwargs = self._redirected(driver, dsn, params, kwargs)
                dsn = self._target.dsn
            found = original(dsn, pool=pool, pool_alias=pool_alias, params=params, **kwargs)
            awaited = getattr(found, "_connect_coroutine", None)
            if awaited is not None:
                found._connect_coroutine = self._connected(driver, awaited)
            return found

        return connect_async

    async def _connected(self, driver: Any, awaited: Awaitable[Any]) -> Any:
        with self._errors_tell_target(driver):
            return await awaited

    @contextmanager
    def _errors_tell_target(self, driver: Any) -> Iterator[None]:
        """Add the target to an error, because the program names another database."""
        try:
            yield
        except driver.Error as exc:
            exc.add_note(f"tracekit redirected this connection to {self._target.dsn}")
            raise

    def _redirected(
        self, driver: Any, dsn: Any, params: Any, kwargs: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        self._log.connected(self._name(driver, dsn, params, kwargs).label)
        return self._to_target(driver, params, kwargs)

    def _name(self, driver: Any, dsn: Any, params: Any, kwargs: dict[str, Any]) -> NamedDatabase:
        named = named_database(driver, dsn, params, kwargs)
        self._guard.refuse(named.addresses)
        self._keep_hook_last()
        return named

    def _to_target(
        self, driver: Any, params: Any, kwargs: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        kept = {name: value for name, value in kwargs.items() if name not in DROPPED}
        kept["user"], kept["password"] = self._target.user, self._target.password
        return _kept_params(driver, params), kept

    def _of_pool(self, pool: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a connection from a pool, which must be a redirected one."""
        label = self._pools.get(pool)
        if label is None:
            raise self._refused(
                "a connection pool was opened before the redirect was active, so its connections "
                "go to its original database. Open it in the redirected program"
            )
        self._log.connected(label)
        if kwargs.get("user") is None:
            return kwargs
        return {**kwargs, "user": self._target.user, "password": self._target.password}

    def _set_target(self, params: Any) -> None:
        params.parse_connect_string(self._target.dsn)
        params.set(user=self._target.user, password=self._target.password, externalauth=False)
        found = params_addresses(params)
        if not found or not found <= set(self._target.addresses):
            raise self._refused(f"a connection still goes to {sorted(found)}")

    def _keep_hook_last(self) -> None:
        # A hook the program registered after ours could name another database again.
        ours = self._params_hook
        if self._hooks[-1] is not ours:
            self._hooks[:] = [*(hook for hook in self._hooks if hook is not ours), ours]

    def _check_mode(self, driver: Any) -> None:
        if not driver.is_thin_mode():
            self._refuse_thick()

    def _refuse_thick(self, *_: Any, **__: Any) -> None:
        raise self._refused(_THICK)

    def _refused(self, what: str) -> RedirectError:
        self._log.refused(what)
        return RedirectError(what)


def _kept_params(driver: Any, params: Any) -> Any:
    """A copy of `params` without what is dropped, because a set parameter cannot be unset."""
    if params is None or not isinstance(params, driver.ConnectParams):
        return params  # the driver raises its own error if it is not a ConnectParams
    kind = driver.PoolParams if isinstance(params, driver.PoolParams) else driver.ConnectParams
    names = [name for name in inspect.signature(kind.__init__).parameters if name != "self"]
    values = {name: getattr(params, name, None) for name in names if name not in DROPPED}
    # Several descriptions have a list for each of their parameters, which went with the DSN.
    kept = {
        name: value
        for name, value in values.items()
        if value is not None and not (isinstance(value, list) and name != "appcontext")
    }
    return kind(**kept)
