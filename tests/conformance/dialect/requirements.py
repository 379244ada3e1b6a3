"""What of SQLAlchemy's dialect suite applies to Oracle 19c, whatever server answers.

Open is what Oracle has, closed what it has not; nothing is closed for the local Oracle's sake, so
that what it cannot do counts as failed.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

_ORACLE_HAS = (
    "aggregate_order_by",
    "cast_precision_numerics_many_significant_digits",
    "check_constraint_reflection",
    "comment_reflection",
    "comment_reflection_full_unicode",
    "create_or_replace_view",
    "create_table_as",
    "ctes",
    "datetime_historic",
    "date_historic",
    "datetime_interval",
    "default_schema_name_switch",
    "except_",
    "expression_server_defaults",
    "fetch_expression",
    "fetch_first",
    "fetch_no_order_by",
    "fetch_offset_with_options",
    "fetch_percent",
    "fetch_ties",
    "foreign_key_constraint_name_reflection",
    "foreign_key_constraint_option_reflection_ondelete",
    "get_isolation_level_values",
    "has_temp_table",
    "identity_columns",
    "identity_columns_standard",
    "implicit_default_schema",
    "indexes_check_column_order",
    "indexes_with_expressions",
    "inline_check_constraint_reflection",
    "intersect",
    "isolation_level",
    "nullsordering",
    "nvarchar_types",
    "order_by_label_with_expression",
    "precision_numerics_enotation_small",
    "precision_numerics_many_significant_digits",
    "reflect_indexes_with_ascdesc_as_expression",
    "reflect_indexes_with_expressions",
    "reflect_table_options",
    "reflects_pk_names",
    "regexp_match",
    "regexp_replace",
    "savepoints",
    "server_defaults",
    "supports_bitwise_and",
    "temp_table_names",
    "timestamp_microseconds",
    "unicode_ddl",
    "unique_constraints_reflect_as_index",
    "views",
    "window_functions",
    "window_range",
    "window_range_numeric",
)
_ORACLE_HAS_NOT = {
    "autoincrement_insert": "INSERT without a value needs IDENTITY or a sequence",
    "autoincrement_without_sequence": "an integer key needs IDENTITY or a sequence",
    "datetime_microseconds": "the generic DateTime is DATE, which has seconds",
    "empty_inserts": "INSERT without columns",
    "empty_inserts_executemany": "INSERT without columns",
    "empty_strings_text": "'' is NULL",
    "empty_strings_varchar": "'' is NULL",
    "expressions_against_unbounded_text": "CLOB in comparisons",
    "literal_float_coercion": "a literal with a fraction is a NUMBER",
    "on_update_cascade": "ON UPDATE",
    "symbol_names_w_double_quote": "names with a double quote in them",
    "time": "a type of time alone",
    "time_implicit_bound": "a type of time alone",
    "time_microseconds": "a type of time alone",
    "timestamp_microseconds_implicit_bound": "the driver binds a datetime as DATE",
}


def _open(_: SuiteRequirements) -> Any:
    return exclusions.open()


def _closed(reason: str) -> property:
    return property(lambda _: exclusions.skip_if(lambda: True, f"Oracle has no {reason}"))


class Requirements(SuiteRequirements):
    """Oracle's; taken from SQLAlchemy's documentation of its Oracle dialect and from Oracle's."""

    def get_isolation_levels(self, config: Any) -> dict[str, Any]:
        """The levels that the dialect knows."""
        return {
            "default": "READ COMMITTED",
            "supported": ["READ COMMITTED", "SERIALIZABLE", "AUTOCOMMIT"],
        }


for _name in _ORACLE_HAS:
    setattr(Requirements, _name, property(_open))
for _name, _reason in _ORACLE_HAS_NOT.items():
    setattr(Requirements, _name, _closed(_reason))
