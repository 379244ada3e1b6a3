"""ADBC in a redirected process: its drivers connect outside Python, so Oracle's are refused."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tracekit.errors import DriverRefused
from tracekit.programs.redirect_import import patch_import
from tracekit.programs.redirect_log import RedirectLog


def refuse_oracle_by_adbc(log: RedirectLog) -> None:
    """Let ADBC open every database except Oracle, whichever library loads it."""

    def patch(manager: Any) -> None:
        library: Any = import_module("adbc_driver_manager._lib")
        original = library.AdbcDatabase

        def open_database(**options: Any) -> Any:
            if any("oracle" in str(value).lower() for value in options.values()):
                what = (
                    "ADBC's Oracle driver cannot be redirected: its connections are made outside "
                    "Python. Use python-oracledb"
                )
                log.refused(what)
                raise DriverRefused(what)
            return original(**options)

        library.AdbcDatabase = manager.AdbcDatabase = open_database

    patch_import("adbc_driver_manager", patch)
