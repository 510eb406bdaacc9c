"""Run by Alembic, never imported by the product: hands it the connection `migrate` opened."""

from __future__ import annotations

from alembic import context

from visavis.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
