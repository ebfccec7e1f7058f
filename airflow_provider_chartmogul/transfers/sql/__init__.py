"""Loading streams into the tables of a database. It imports SQLAlchemy: import it where it is used."""
