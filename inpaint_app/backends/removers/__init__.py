"""Networks that others trained to remove things, whose weights are fetched when somebody asks for them."""
