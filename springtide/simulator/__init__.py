"""A made-up exchange: input tables as an exchange would export them and, apart from them, what is true."""
