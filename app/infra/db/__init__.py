"""The application's database: models, SQL objects, and the program that builds them."""
