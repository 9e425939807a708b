"""State in a SQL database. The only owner of SQLAlchemy Core and Alembic."""
