"""The project's own networks: those that fill in one go, and the latent search."""
