"""Everything that changes or reports facts: the only user of SQLAlchemy."""
