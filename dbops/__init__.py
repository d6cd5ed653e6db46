"""Operations on PostgreSQL databases whose schema is a baseline plus Alembic revisions."""
