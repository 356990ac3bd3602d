"""All tables."""

{{ migration.imports }}

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
{%- for statement in migration.statements %}
    {{ statement }}
{%- endfor %}
{%- if account %}
    op.create_table(
        "auth_credentials",
        sa.Column("account_id", Guid(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", Json, nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("locked_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["{{ account.table }}.id"], name="foreign_auth_credentials_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "auth_sessions",
        sa.Column("id", Guid(), nullable=False),
        sa.Column("account_id", Guid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["{{ account.table }}.id"], name="foreign_auth_sessions_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("index_auth_sessions_account_id", "auth_sessions", ["account_id"])
    op.create_index("index_auth_sessions_expires_at", "auth_sessions", ["expires_at"])
{%- endif %}
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", Json, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", "caller"),
    )
    op.create_index("index_idempotency_keys_expires_at", "idempotency_keys", ["expires_at"])
    op.create_table(
        "audit_entries",
        sa.Column("id", Guid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("changes", Json, nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("index_audit_entries_entity_row_id", "audit_entries", ["entity", "row_id"])
{%- if migration.postgres %}
    for statement in _SEARCH[op.get_context().dialect.name]:
        op.execute(statement)
{%- endif %}


def downgrade() -> None:
    for table in (
        "audit_entries",
        "idempotency_keys",
{%- if account %}
        "auth_sessions",
        "auth_credentials",
{%- endif %}
{%- for table in migration.tables %}
        "{{ table }}",
{%- endfor %}
    ):
        op.drop_table(table)
{%- if migration.postgres %}


# The words of searchable columns: a column of PostgreSQL, a table of SQLite that triggers keep up to date.
_SEARCH = {
    "postgresql": (
{%- for statement in migration.postgres %}
        {{ statement }},
{%- endfor %}
    ),
    "sqlite": (
{%- for statement in migration.sqlite %}
        {{ statement }},
{%- endfor %}
    ),
}
{%- endif %}
