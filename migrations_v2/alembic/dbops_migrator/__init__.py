"""The parts of env.py; they import alembic, sqlalchemy and psycopg2, and nothing of a project."""
